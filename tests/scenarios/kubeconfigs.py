"""Kubeconfigs of tests: whole ones, and what people make of them."""

from tests.scenarios.fields import Raw


def config(name: str, *, current: str | None = None, **more: object) -> Raw:
    """A cluster, a user and a context of one name, the namespace being that name."""
    context = {"cluster": name, "user": name, "namespace": name}
    return {
        "apiVersion": "v1", "kind": "Config",
        "current-context": name if current is None else current,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}"}}],
        "users": [{"name": name, "user": {"token": name}}],
        "contexts": [{"name": name, "context": context}], **more,
    }  # fmt: skip


def _changed(part: str, **values: object) -> Raw:
    body = config("prod")
    body[f"{part}s"][0][part] |= values
    return body


USER = {"command": "x", "apiVersion": "client.authentication.k8s.io/v1"}
BROKEN: dict[str, tuple[Raw | str | bytes, str]] = {
    "a list": ("- a", "it is no kubeconfig"),
    "a word": ("word", "it is no kubeconfig"),
    "no YAML": ("a: [", "it is no YAML, line 1"),
    "a tab": ("a:\n\t- b", "it is no YAML, line 2"),
    "a number that is none": ("a: !!int x", "it is no YAML"),
    "binary": (b"\x00\xff\xfe", "it is no YAML"),
    "Latin-1": ("a: é".encode("latin-1"), "it is no YAML"),
    "too deep": ("[" * 5000, "it is no YAML"),
    "a Pod": ("kind: Pod", "it is a Pod, no kubeconfig"),
    "no context": ("a: b", "there is no current-context; name one by --context"),
    "a context that is not there": (config("prod", current="x"), "no context x; there are: prod"),
    "clusters of no list": (config("prod", clusters="x"), "(clusters)"),
    "a cluster of no name": (config("prod", clusters=[{}]), "field required (clusters.0.name)"),
    "a cluster twice": (config("prod", clusters=[{"name": "x"}] * 2), "x is in it twice"),
    "no cluster": (config("prod", clusters=[]), "names a cluster that is not there"),
    "no user": (config("prod", users=[]), "names a user that is not there"),
    "no server": (_changed("cluster", server=""), "the cluster prod has no server"),
    "a server of a variable": (_changed("cluster", server="https://${X}"), "${X} in it was not"),
    "a server of no host": (_changed("cluster", server="https://"), "is no URL"),
    "a server of ftp": (_changed("cluster", server="ftp://x"), "is no URL"),
    "a port of no number": (_changed("cluster", server="https://x:y"), "is no URL"),
    "a token of a number": (_changed("user", token=123), "input should be a valid string (users.0"),
    "a token of two lines": (_changed("user", token="a\nb"), "the token has a character"),
    "a token file that is gone": (_changed("user", token=None, tokenFile="x"), "x: no such file"),
    "a token file of bytes": (_changed("user", token=None, tokenFile="bytes"), "bytes: it is no t"),
    "a server of two dots": (_changed("cluster", server="https://a..b"), "is no URL"),
    "a server of a long name": (_changed("cluster", server=f"https://{'x' * 70}"), "is no URL"),
    "a path for a namespace": (_changed("context", namespace=".."), "is no namespace's name"),
    "groups of nobody": (_changed("user", **{"as-groups": ["g"]}), "need `as`, too"),
    "a proxy of two dots": (_changed("cluster", **{"proxy-url": "http://a..b"}), "is no URL"),
    "a proxy with a slash in its password": (
        _changed("cluster", **{"proxy-url": "http://u:secret/x@p"}), "proxy-url of the cluster",
    ),
    "an authority that is not asked": (
        _changed("cluster", server="https://x", **{
            "insecure-skip-tls-verify": True, "certificate-authority-data": "eA==",
        }),
        "exclude each other",
    ),
    "a certificate for a file": (
        _changed("cluster", server="https://x", **{
            "certificate-authority": "-----BEGIN CERTIFICATE-----\nsecret",
        }),
        "certificate-authority is no file's name",
    ),
    "a key for a file": (
        _changed("user", **{"client-certificate": "bytes", "client-key": "LS0tLS1CRUdJTisecret"})
        | {"clusters": [{"name": "prod", "cluster": {"server": "https://x"}}]},
        "client-key is no file's name",
    ),
    "too deep a map": ("{" * 50_000, "it is no YAML"),
    "SOCKS": (_changed("cluster", **{"proxy-url": "socks5://u:secret@p:1080"}), "SOCKS proxies"),
    "a proxy of no host": (_changed("cluster", **{"proxy-url": "http://"}), "proxy-url"),
    "no base64": (
        _changed("cluster", server="https://x", **{"certificate-authority-data": "!"}),
        "certificate-authority-data is no base64",
    ),
    "no certificate": (
        _changed("cluster", server="https://x", **{"certificate-authority-data": "eA=="}),
        "certificate-authority-data holds no certificate",
    ),
    "half a pair": (
        _changed("user", **{"client-key": "bytes"})
        | {"clusters": [{"name": "prod", "cluster": {"server": "https://x"}}]},
        "client-certificate and client-key need each other",
    ),
    "azure": (_changed("user", token=None, **{"auth-provider": {"name": "azure"}}), "azure is not"),
    "no command": (_changed("user", token=None, exec={}), "the exec plugin : it has no command"),
    "a plugin that is not there": (
        _changed("user", token=None, exec={**USER, "command": "no-such", "installHint": "get it"}),
        "the exec plugin no-such: it cannot be run: no such file or directory; get it",
    ),
    "a plugin that asks": (
        _changed("user", token=None, exec={**USER, "interactiveMode": "Always"}),
        "wants to ask at a terminal",
    ),
    "a number to say": (_changed("user", token=None, exec={**USER, "args": [1]}), "exec.args.0"),
}  # fmt: skip
