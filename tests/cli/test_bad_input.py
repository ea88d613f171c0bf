"""Bad input: one sentence that names the file or variable, the promised exit code, no traceback.

`check` finds each before `run` does.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from event_tracer.cli.main import FAILED, USAGE, main
from tests.scenarios.fields import Raw
from tests.scenarios.folding import RECORDINGS
from tests.scenarios.kubeconfigs import BROKEN, config

P = "OTEL_EXPORTER_OTLP_"
ROOT = Path(__file__).parents[2]
RECORDING = str(RECORDINGS / "redis-create.jsonl")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a kubeconfig, and an environment without any of these variables."""
    for name in [*os.environ]:
        is_ours = name.startswith(("OTEL_", "EVENT_TRACER_", "KUBE", "POD_"))
        if is_ours or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(f"{P}ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv(f"{P}TIMEOUT", "1")
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    return tmp_path


def ended(*arguments: str) -> int:
    """The exit code, of argparse as well."""
    try:
        return main([*arguments])
    except SystemExit as error:
        return int(str(error.code))


@pytest.mark.usefixtures("_logging_as_it_was")
@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_kubeconfig_of_no_use(
    content: Raw | str | bytes, words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` has a line of it; `show`, `run` and `record` end with that line, exit code 1."""
    path = home / "config"
    text = content if isinstance(content, str | bytes) else yaml.safe_dump(content)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert ended("check", "--kubeconfig", str(path)) == FAILED
    line = next(one for one in capsys.readouterr().out.splitlines() if "credentials" in one)
    assert line.startswith(f"MISSING credentials: cannot use {path}: ")
    assert words in line

    for command in (("show",), ("run",), ("record", "out"), ("link", "pod/x")):
        assert ended(*command, "--kubeconfig", str(path)) == FAILED
        out, err = capsys.readouterr()
        (told,) = err.splitlines()
        assert told.startswith(f"event-tracer: cannot use {path}: ")
        assert words in told
        assert out == ""


ENDPOINTS = {
    "no such protocol": ({"PROTOCOL": "http/json"}, f"{P}PROTOCOL is http/json"),
    "no such compression": ({"COMPRESSION": "br"}, f"{P}COMPRESSION is br"),
    "no timeout": ({"TIMEOUT": "soon"}, f"{P}TIMEOUT is soon"),
    "no URL": ({"ENDPOINT": "http://[::1"}, f"{P}ENDPOINT is no URL"),
    # opentelemetry-operator 3022, grafana/beyla 1621
    "what Kubernetes left": (
        {"ENDPOINT": "http://$(HOST_IP):4317"}, f"{P}ENDPOINT is no URL: $(HOST_IP) in it was not",
    ),
    "what a shell would": ({"ENDPOINT": "${X}:1"}, f"{P}ENDPOINT is no URL: ${{X}} in it was"),
    "no host": ({"ENDPOINT": "https://"}, f"{P}ENDPOINT names no host"),
    "no port": ({"ENDPOINT": "http://c:x"}, f"{P}ENDPOINT is no URL"),
    "a login for gRPC": ({"ENDPOINT": "http://u:secret@c:1"}, f"{P}ENDPOINT has a login"),
    "no scheme over HTTP": (
        {"ENDPOINT": "c:4318", "PROTOCOL": "http/protobuf"}, f"{P}ENDPOINT is c:4318",
    ),
    "a header without a value": ({"HEADERS": "secret"}, f"{P}HEADERS: entry 1 is not like"),
    "a header of no letters": ({"HEADERS": "a=%00secret"}, f"{P}HEADERS: entry 1 has a character"),
    "a header of the body": ({"HEADERS": "content-length=1"}, f"{P}HEADERS: content-length cannot"),
    "a SOCKS proxy": (
        {"ENDPOINT": "http://c:1", "HTTPS_PROXY": "socks5://u:secret@p"}, "SOCKS proxies are not",
    ),
    "no proxy": ({"ENDPOINT": "http://c:1", "HTTPS_PROXY": "http://"}, "HTTPS_PROXY names"),
}  # fmt: skip


@pytest.mark.parametrize(("variables", "words"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_an_endpoint_that_cannot_be_meant(
    variables: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """`check` has a line of it; `replay` and `run` are a usage error, exit code 2, at once."""
    for name, value in variables.items():
        monkeypatch.setenv(name if name.endswith("_PROXY") else P + name, value)
    assert ended("check") == FAILED
    assert f"MISSING the OTLP endpoint: {words}" in capsys.readouterr().out

    recording = str(RECORDINGS / "redis-create.jsonl")
    for command in (("replay", "--to", "otlp", recording), ("run",)):
        assert ended(*command) == USAGE
        err = capsys.readouterr().err
        assert f"error: {words}" in err.splitlines()[-1]
        assert "secret" not in err


METRICS = {
    "no such exporter": ("OTEL_METRICS_EXPORTER", "statsd", "OTEL_METRICS_EXPORTER names statsd"),
    "no such filter": ("OTEL_METRICS_EXEMPLAR_FILTER", "x", "Unknown exemplar filter 'x'"),
}


@pytest.mark.parametrize(("name", "value", "words"), METRICS.values(), ids=METRICS)
def test_metrics_that_cannot_be_meant(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """As the endpoint of spans."""
    monkeypatch.setenv(name, value)
    assert ended("check") == FAILED
    assert words in capsys.readouterr().out
    assert ended("run") == USAGE
    assert words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("name", ["CERTIFICATE", "CLIENT_CERTIFICATE"])
@pytest.mark.parametrize("content", [None, b"nonsense", b"\xff"])
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_certificates_of_no_use(
    protocol: str, content: bytes | None, name: str, home: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Gone, or no certificates: named at once, exit code 1."""
    path = home / "it.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(f"{P}PROTOCOL", protocol)
    monkeypatch.setenv(f"{P}ENDPOINT", "https://127.0.0.1:9")
    monkeypatch.setenv(P + name, str(path))
    if name == "CLIENT_CERTIFICATE":
        monkeypatch.setenv(f"{P}CLIENT_KEY", str(path))
    assert ended("check") == FAILED
    assert f"MISSING the OTLP endpoint: cannot use {path}: " in capsys.readouterr().out
    assert ended("replay", "--to", "otlp", str(RECORDINGS / "redis-create.jsonl")) == FAILED
    assert f"event-tracer: cannot use {path}: " in capsys.readouterr().err


# -- servers that are not what they should be


@contextmanager
def saying(text: bytes) -> Iterator[int]:
    """A port where whoever comes is told this, and no more; none where it says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(text)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("scheme", "text", "words"),
    [
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks no TLS"),
        ("http", b"", "perhaps a client's certificate is refused, or missing, or the server"),
        ("http", b"SSH-2.0-OpenSSH\r\n", "what answers there is no HTTP"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "a web page came"),
        (
            "http",
            b"HTTP/1.1 302 Found\r\nLocation: /version\r\nConnection: close\r\n\r\n",
            "it redirects without an end",
        ),
        # kubernetes_asyncio 156, 235, 352
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "closed in the middle of the"),
        (
            "http",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnone",
            "the answer is compressed in a way that cannot be read",
        ),
        (
            "http",
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            "no login is sent to a server without TLS (http://)",
        ),
    ],
)
def test_an_api_server_that_is_none(
    scheme: str, text: bytes, words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` says what came instead, `show` ends with it, exit code 1."""
    with saying(text) as port:
        body = config("prod")
        body["clusters"][0]["cluster"]["server"] = f"{scheme}://127.0.0.1:{port}"
        (home / "config").write_text(yaml.safe_dump(body))
        assert ended("check", "--kubeconfig", str(home / "config")) == FAILED
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("MISSING the API server: ")
        assert words in lines[0]
        assert ended("show", "--kubeconfig", str(home / "config")) == FAILED
        (told,) = capsys.readouterr().err.splitlines()
        assert words in told


def test_a_portals_page_is_told_by_its_place(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the redirect led to, without its query (bitly/oauth2_proxy 504)."""
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"
    with saying(page) as portal:
        to = f"http://127.0.0.1:{portal}/login"
        redirect = f"HTTP/1.1 302 Found\r\nLocation: {to}?state=secret\r\nContent-Length: 0\r\n\r\n"
        with saying(redirect.encode()) as port:
            body = config("prod")
            body["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{port}"
            (home / "config").write_text(yaml.safe_dump(body))
            assert ended("check", "--kubeconfig", str(home / "config")) == FAILED

    line = capsys.readouterr().out.splitlines()[0]
    assert f"a web page came, from a proxy perhaps, after a redirect to {to}; " in line


def test_a_proxy_that_is_away_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the API server, which nobody asked."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    (home / "config").write_text(yaml.safe_dump(config("prod")))
    assert ended("check", "--kubeconfig", str(home / "config")) == FAILED

    assert "the proxy 127.0.0.1:9 is not to be reached" in capsys.readouterr().out


def test_none_but_us_writes_of_a_handshake(home: Path) -> None:
    """gRPC's library would, in a form of its own, amid logs that may be JSON."""
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        variables = {"ENDPOINT": f"https://127.0.0.1:{port}", "TIMEOUT": "1"}
        told = subprocess.run(
            [sys.executable, "-m", "event_tracer", "replay", "--to", "otlp", RECORDING],
            env={**os.environ, **{P + name: value for name, value in variables.items()}},
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert told.returncode == FAILED
    assert "no TLS there" in told.stderr
    assert all(line.startswith("event-tracer: ") for line in told.stderr.splitlines())


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://p.invalid:3128", "no such host: p.invalid, through the proxy p.invalid:3128"),
        (
            "",
            "a client's certificate is refused, or missing, or the server wants TLS (https://), t",
        ),
    ],
)
def test_a_proxy_on_the_way_is_named(
    proxy: str, words: str, home: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """One that closes says nothing of why, nor which of two it is (kubernetes 58065)."""
    with saying(b"") as port:
        at = proxy or f"http://127.0.0.1:{port}"
        monkeypatch.setenv("HTTPS_PROXY", at)
        monkeypatch.setenv(f"{P}ENDPOINT", "https://collector.invalid")
        monkeypatch.setenv(f"{P}PROTOCOL", "http/protobuf")
        body = config("prod")
        body["clusters"][0]["cluster"]["server"] = "https://api.invalid"
        (home / "config").write_text(yaml.safe_dump(body))
        assert ended("check", "--kubeconfig", str(home / "config")) == FAILED

    of_server, *_, of_collector = capsys.readouterr().out.splitlines()
    assert f"MISSING the API server: {'' if proxy else 'Server disconnected'}" in of_server
    assert words in of_server
    for line in (of_server, of_collector):
        assert f", through the proxy {at.removeprefix('http://')}; " in line
