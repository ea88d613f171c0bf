"""Kubeconfig files mean what they mean to kubectl (client-go tools/clientcmd)."""

import json
import os
import threading
from pathlib import Path

import pytest
import yaml

from event_tracer.kube.credentials import chosen_namespace, is_in_cluster
from tests.doubles.kubeconfigs import complaint, host
from tests.scenarios.fields import Raw
from tests.scenarios.kubeconfigs import BROKEN, config

pytestmark = pytest.mark.usefixtures("home")


def merged(home: Path, monkeypatch: pytest.MonkeyPatch, *files: Raw | str | None) -> None:
    """Write files, and name them by KUBECONFIG."""
    paths = [home / f"{number}.yaml" for number, _ in enumerate(files)]
    for path, content in zip(paths, files, strict=True):
        if content is not None:
            path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, paths)))


EMPTY = config("", current="", clusters=None, users=None, contexts=None)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ((config("prod"), config("stage")), "prod"),
        ((config("stage"), config("prod")), "stage"),
        (("", config("prod")), "prod"),
        ((config("prod"), ""), "prod"),
        ((EMPTY, config("prod")), "prod"),
        ((config("prod"), EMPTY), "prod"),
        ((config("prod", current=""), config("stage")), "stage"),
        ((None, config("prod")), "prod"),
        (("# nothing\n---\n", config("prod")), "prod"),
        (({"current-context": "stage"}, config("prod"), config("stage")), "stage"),
        (("a: b", config("prod")), "prod"),
    ],
)
def test_the_first_that_says_something_counts(
    files: tuple[Raw | str | None, ...], wanted: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the current context and of each name; empty files, nulls and "" say nothing."""
    merged(home, monkeypatch, *files)

    assert host() == f"https://{wanted}"
    assert chosen_namespace(kubeconfig="", context="") == wanted


def test_of_a_name_the_first_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a whole: nothing of the second one's is mixed into it."""
    other = config("prod")
    other["clusters"][0]["cluster"] = {"server": "http://other", "proxy-url": "http://proxy"}
    other["contexts"][0]["context"]["namespace"] = "other"
    merged(home, monkeypatch, config("prod"), other)

    assert host() == "https://prod"
    assert chosen_namespace(kubeconfig="", context="") == "prod"


def test_names_are_relative_to_their_own_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several, wherever one stands."""
    (home / "sub").mkdir()
    (home / "sub" / "token").write_text("x")
    user = {"name": "prod", "user": {"tokenFile": "token"}}
    (home / "sub" / "users").write_text(json.dumps({"users": [user]}))
    (home / "rest").write_text(json.dumps(config("prod", users=[])))
    monkeypatch.chdir(home)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["sub/users", "rest"]))

    assert host() == "https://prod"


def test_the_flag_names_one_file(home: Path) -> None:
    """kubectl's --kubeconfig is no list: a colon belongs to the name."""
    (home / "a:b").write_text(json.dumps(config("prod")))

    assert host(str(home / "a:b")) == "https://prod"


def test_what_a_user_names_counts_before_what_a_process_is_in(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--context` inside a Pod is a context of ~/.kube/config, or an error that names it."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "pod")
    assert "--context prod" in complaint(context="prod")
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(json.dumps(config("prod", current="")))

    assert host(context="prod") == "https://prod"
    assert chosen_namespace(kubeconfig="", context="prod") == "prod"
    assert not is_in_cluster(os.environ, kubeconfig="", context="prod")


PLAIN = yaml.safe_dump(config("prod"), sort_keys=False)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace("server: ", "server:\t").encode(),
        PLAIN.replace("kind: Config", "kind: Config\t").encode(),
        json.dumps(config("prod"), indent="\t").encode(),
        PLAIN.encode() + b"---\nother: [",
        PLAIN.encode() + b"x: =\n",
        PLAIN.encode() + b"x: 2020-99-99\n",
    ],
)
def test_a_file_is_read_as_go_reads_it(text: bytes, home: Path) -> None:
    """Line ends and marks of other systems, tabs, more than one document (sigs.k8s.io/yaml)."""
    (home / "config").write_bytes(text)

    assert host(str(home / "config")) == "https://prod"


@pytest.mark.parametrize("name", ["2024-01-02", "12:30", "1:30.5", "2020-01-01T00:00:00Z"])
def test_a_time_is_a_name_as_well(name: str, home: Path) -> None:
    """Go knows no such type, nor numbers to the base 60."""
    text = PLAIN.replace(": prod", f": {name}").replace(f"namespace: {name}", "namespace: a")
    (home / "config").write_text(text)

    assert host(str(home / "config"), context=name) == "https://prod"


@pytest.mark.parametrize("user", ["", None, "missing entry"])
def test_a_context_may_have_no_user(user: str | None, home: Path) -> None:
    """Then a request is anonymous, over https as well."""
    body = config("prod", clusters=[{"name": "prod", "cluster": {"server": "https://prod"}}])
    body["contexts"][0]["context"]["user"] = user
    if user == "missing entry":
        del body["contexts"][0]["context"]["user"]
    (home / "config").write_text(json.dumps(body))

    assert host(str(home / "config")) == "https://prod"


@pytest.mark.parametrize(
    ("server", "more", "wanted"),
    [
        ("10.0.0.1:8080", {}, "http://10.0.0.1:8080"),
        ("10.0.0.1:6443", {"insecure-skip-tls-verify": True}, "https://10.0.0.1:6443"),
        ("https://rancher/k8s/clusters/c-x/", {}, "https://rancher/k8s/clusters/c-x"),
        (" https://prod\n", {}, "https://prod"),
    ],
)
def test_a_server_is_written_as_kubectl_takes_it(
    server: str, more: Raw, wanted: str, home: Path
) -> None:
    """With a path, without a scheme (client-go rest/url_utils.go)."""
    clusters = [{"name": "prod", "cluster": {"server": server, **more}}]
    (home / "config").write_text(json.dumps(config("prod", clusters=clusters)))

    assert host(str(home / "config")) == wanted


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_is_a_sentence(
    content: Raw | str | bytes, words: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the file, shows nothing of it, and is no traceback."""
    monkeypatch.setattr("sys.stdin", None)
    (home / "bytes").write_bytes(b"\xff\xfe")
    text = content if isinstance(content, str | bytes) else yaml.safe_dump(content)
    (home / "config").write_bytes(text.encode() if isinstance(text, str) else text)
    told = complaint(str(home / "config"))

    assert told.startswith(f"cannot use {home / 'config'}: ")
    assert words in told
    assert "secret" not in told


@pytest.mark.parametrize("kind", ["folder", "link", "below a file", "long"])
def test_a_file_that_cannot_be_read_is_named(
    kind: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, a link to itself: it is there, so no other file takes its place."""
    path = home / "config"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_text("")
        path /= "config"
    else:
        path = home / ("x" * 300)
    assert f"cannot use {path}: " in complaint(str(path))
    (home / "other").write_text(json.dumps(config("prod")))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(path), str(home / "other")]))

    assert f"cannot use {path}: " in complaint()


@pytest.mark.parametrize("value", [":", "::"])
def test_a_variable_of_separators_names_no_file(
    value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which variable."""
    monkeypatch.setenv("KUBECONFIG", value)

    assert "KUBECONFIG names no file" in complaint()


def test_a_pipe_is_read_once(home: Path) -> None:
    """A shell's `<(...)`: what came out of it counts for every client and for the namespace."""
    path = home / "pipe"
    os.mkfifo(path)
    text = json.dumps(config("prod")).encode()
    writer = threading.Thread(target=path.write_bytes, args=(text,))
    writer.start()
    assert host(str(path)) == "https://prod"
    writer.join()

    assert chosen_namespace(kubeconfig=str(path), context="") == "prod"
    assert host(str(path)) == "https://prod"


def test_a_token_counts_where_its_file_is_gone(home: Path) -> None:
    """As in client-go, which prefers the file (transport/round_trippers.go)."""
    body = config("prod")
    body["users"][0]["user"] = {"token": "t", "tokenFile": "gone"}
    (home / "config").write_text(json.dumps(body))

    assert host(str(home / "config")) == "https://prod"
