"""Kubeconfigs and environments as people and tools break them, at random and by a seed."""

from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.scenarios.fields import Raw

_ODDS = 0.3
_V1 = "client.authentication.k8s.io/v1"
JUNK: tuple[Any, ...] = (
    None, "", " ", "\n", 0, -1, 1.5, True, False, [], {}, [None], {"a": None}, "x" * 5000, "a\nb",
    "ä\u2028", "\x7f", "%zz", "!", "eA==", "-----BEGIN CERTIFICATE-----", "http://", "https://[::1",
    "socks5://p:1", "//x", "ftp://x", "https://127.0.0.1:x", "https://127.0.0.1:9", "127.0.0.1:9",
    "http://a..b", "https://[fe80::1%25lo]:9", "unix:/x", "..", "12:30", "2024-01-02", "\ufeff",
    "=", "LS0tLS1CRUdJTi", "/nowhere", ".", "/dev/null", "../..", "~", "oidc", "gcp",
    "azure", "Always", "\u0000", 10**30,
)  # fmt: skip
SECRETIVE = (
    "http://u:secret@127.0.0.1:9", "http://u:secret/x@h:1", "u:secret@h:1", "http://u:secret@a..b",
    "http://u:secret@h\u2100:1", "socks5://u:secret@h", "http://127.0.0.1:9/?key=secret",
)  # fmt: skip
"""URLs that no sentence may show as they are."""
VARIABLES = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUEST_METHOD", "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT", "KUBECONFIG", "HOME", "NETRC", "POD_NAMESPACE",
    *(f"OTEL_EXPORTER_OTLP_{signal}{name}" for signal in ("", "TRACES_") for name in (
        "ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "INSECURE", "CERTIFICATE",
        "CLIENT_KEY", "CLIENT_CERTIFICATE",
    )),
    "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
)  # fmt: skip


def _whole() -> Raw:
    """A kubeconfig with one user of each kind."""
    info = {"name": "client.authentication.k8s.io/exec", "extension": {"a": [1]}}
    users: dict[str, Raw] = {
        "token": {"token": "t", "as": "a", "as-groups": ["g"], "as-user-extra": {"k": ["v"]}},
        "file": {"tokenFile": "/dev/null"},
        "basic": {"username": "u", "password": "p"},
        "pair": {"client-certificate-data": "eA==", "client-key-data": "eA=="},
        "exec": {"exec": {
            "apiVersion": _V1, "command": "true", "args": ["a"],
            "env": [{"name": "A", "value": "b"}],
            "interactiveMode": "Never", "provideClusterInfo": True, "installHint": "get it",
        }},
        "oidc": {"auth-provider": {"name": "oidc", "config": {
            "idp-issuer-url": "http://127.0.0.1:9", "client-id": "c", "refresh-token": "r",
            "id-token": "a.b.c", "idp-certificate-authority-data": "eA==",
        }}},
        "gcp": {"auth-provider": {"name": "gcp", "config": {"cmd-path": "true", "cmd-args": "a"}}},
    }  # fmt: skip
    cluster = {
        "server": "https://127.0.0.1:9", "certificate-authority-data": "eA==",
        "tls-server-name": "x", "proxy-url": "http://127.0.0.1:9", "extensions": [info],
    }  # fmt: skip
    plain = {"server": "http://127.0.0.1:9"}
    contexts = [(f"{user}-{name}", name, user) for user in users for name in ("tls", "plain")]
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "token-plain", "preferences": {},
        "clusters": [{"name": "tls", "cluster": cluster}, {"name": "plain", "cluster": plain}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [
            {"name": name, "context": {"cluster": cluster, "user": user, "namespace": "n"}}
            for name, cluster, user in contexts
        ],
    }  # fmt: skip


def mutated(choice: Random) -> bytes:
    """A kubeconfig with some of its values, or of its bytes, replaced, moved or gone."""
    body = _whole()
    body["current-context"] = choice.choice(body["contexts"])["name"]
    for _ in range(choice.choice((0, 1, 1, 2, 4))):
        _change(body, choice)
    text = yaml.safe_dump(body, allow_unicode=True).encode()
    for _ in range(choice.choice((0, 0, 0, 1, 3))):
        at = choice.randrange(len(text))
        piece = choice.choice(
            (b"", b"\t", b"[", b"{", b": ", b"\xff", b"\0", b"- ", b"&a *a", b"'")
        )
        text = text[:at] + piece + text[at + choice.randrange(4) :]
    return text


def _change(body: Any, choice: Random) -> None:
    place = choice.choice(list(_places(body)))
    holder, key = place
    match choice.randrange(5):
        case 0:
            del holder[key]
        case 1:
            holder[key] = [holder[key], deepcopy(holder[key])]
        case 2:
            holder[key] = deepcopy(choice.choice(list(_places(body)))[0])
        case _:
            holder[key] = deepcopy(choice.choice(JUNK))


def _places(body: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) in it."""
    keys = body.keys() if isinstance(body, dict) else range(len(body))
    found = [(body, key) for key in keys]
    for _, key in list(found):
        if isinstance(body[key], dict | list):
            found += _places(body[key])
    return found


def environment(choice: Random, folder: Path) -> dict[str, str]:
    """Variables of which some are junk."""
    made = {"HOME": str(folder), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    made["OTEL_EXPORTER_OTLP_PROTOCOL"] = choice.choice(("grpc", "http/protobuf"))
    for name in choice.sample(VARIABLES, choice.choice((0, 1, 2, 4))):
        value = choice.choice((*JUNK, "a=b,c", "x-bin=1", "10.0.0.0/8,*", str(folder / "config")))
        if name.endswith(("ENDPOINT", "_PROXY")) and choice.random() < _ODDS:
            value = choice.choice(SECRETIVE)
        text = value if isinstance(value, str) else repr(value)
        made[name] = text.replace("\0", "")  # no environment can hold one
    return made
