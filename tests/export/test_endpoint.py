"""The OTEL_EXPORTER_OTLP_* variables mean what they mean to the SDK's own exporters."""

from typing import Any

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter

from event_tracer.export.otlp.endpoint import EndpointError, resolve

P = "OTEL_EXPORTER_OTLP_"
HTTP = {f"{P}PROTOCOL": "http/protobuf"}
GRPC_CASES: list[dict[str, str]] = [
    {},
    {f"{P}ENDPOINT": "http://collector:4317"},
    {f"{P}ENDPOINT": "https://collector:4317"},
    {f"{P}ENDPOINT": "https://collector:4317", f"{P}INSECURE": "true"},
    {f"{P}ENDPOINT": "http://collector:4317", f"{P}INSECURE": "false"},
    {f"{P}ENDPOINT": "collector:4317"},
    {f"{P}ENDPOINT": "collector:4317", f"{P}INSECURE": "true"},
    {f"{P}ENDPOINT": "http://general:1", f"{P}TRACES_ENDPOINT": "https://traces:2"},
    {f"{P}INSECURE": "true", f"{P}TRACES_INSECURE": "false", f"{P}ENDPOINT": "http://c:1"},
    {f"{P}HEADERS": "a=1,B=two%20words, c = x=y "},
    {f"{P}HEADERS": "a=1", f"{P}TRACES_HEADERS": "authorization=Bearer abc"},
    {f"{P}TIMEOUT": "7"},
    {f"{P}TIMEOUT": "7", f"{P}TRACES_TIMEOUT": "2.5"},
    {f"{P}COMPRESSION": "gzip"},
    {f"{P}TRACES_COMPRESSION": "GZIP"},
]
HTTP_CASES: list[dict[str, str]] = [
    {},
    {f"{P}ENDPOINT": "http://collector:4318"},
    {f"{P}ENDPOINT": "http://collector:4318/"},
    {f"{P}ENDPOINT": "https://collector/base/path"},
    {f"{P}TRACES_ENDPOINT": "http://collector:4318"},
    {f"{P}TRACES_ENDPOINT": "http://collector/own/path", f"{P}ENDPOINT": "http://other:1"},
    {f"{P}ENDPOINT": "", f"{P}TRACES_ENDPOINT": ""},
    {f"{P}HEADERS": "a=1,B=two%20words", f"{P}TIMEOUT": "3"},
    {f"{P}TRACES_HEADERS": "x=y", f"{P}HEADERS": "a=1", f"{P}TRACES_TIMEOUT": "0.5"},
    {f"{P}COMPRESSION": "deflate"},
    {f"{P}COMPRESSION": "none", f"{P}TRACES_COMPRESSION": "gzip"},
    {f"{P}CERTIFICATE": "/ca", f"{P}CLIENT_CERTIFICATE": "/cert", f"{P}CLIENT_KEY": "/key"},
    {f"{P}CERTIFICATE": "/ca", f"{P}TRACES_CERTIFICATE": "/traces-ca"},
]
_GRPC_COMPRESSION = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}


@pytest.fixture(autouse=True)
def only_these_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine's."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def set_all(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """For the SDK's exporters, which read the environment themselves."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("variables", GRPC_CASES)
def test_grpc_resolves_as_the_sdk(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endpoint, TLS or not, headers, timeout and compression, for every way to set them."""
    set_all(variables, monkeypatch)
    theirs: Any = GrpcExporter()
    ours = resolve(variables)
    theirs.shutdown()

    assert (ours.target, ours.insecure) == (theirs._endpoint, theirs._insecure)
    assert dict(ours.headers) == dict(theirs._headers)
    assert ours.timeout == theirs._timeout
    assert _GRPC_COMPRESSION[ours.compression] == theirs._compression


@pytest.mark.parametrize("variables", HTTP_CASES)
def test_http_resolves_as_the_sdk(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is added to the general variable alone; certificates come variable by variable."""
    set_all(variables, monkeypatch)
    theirs: Any = HttpExporter()
    ours = resolve(HTTP | variables)
    session = theirs._client._transport._session

    assert ours.target == theirs._endpoint
    assert dict(ours.headers).items() <= theirs._client._headers.items()
    assert ours.timeout == theirs._client._timeout
    assert ours.compression == theirs._compression.value
    assert (ours.certificate or True) == session.verify
    pair = (ours.client_certificate, ours.client_key)
    assert (pair if all(pair) else None) == session.cert
    theirs.shutdown()


def test_none_is_a_compression() -> None:
    """The specification's `none`, for which the SDK's gRPC exporter raises."""
    assert resolve({f"{P}COMPRESSION": "none"}).compression == "none"


def test_empty_is_unset() -> None:
    """OpenTelemetry specification: an empty variable is as good as none."""
    names = ("ENDPOINT", "HEADERS", "TIMEOUT", "COMPRESSION", "PROTOCOL", "INSECURE", "CERTIFICATE")

    assert resolve({f"{P}{name}": "" for name in names}) == resolve({})


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({f"{P}PROTOCOL": "http/json"}, "grpc or http/protobuf"),
        ({f"{P}COMPRESSION": "zstd"}, "none or gzip"),
        ({f"{P}COMPRESSION": "deflate"}, "with grpc it may be none or gzip"),
        ({f"{P}TIMEOUT": "soon"}, "a number of seconds"),
        ({f"{P}TIMEOUT": "-1"}, "a number of seconds"),
        (HTTP | {f"{P}ENDPOINT": "collector:4318"}, "begins with http://"),
        ({f"{P}HEADERS": "a=1,s3cret"}, "entry 2"),
    ],
)
def test_what_cannot_be_meant_is_refused(variables: dict[str, str], sentence: str) -> None:
    """One sentence that names the variable."""
    with pytest.raises(EndpointError, match=sentence):
        resolve(variables)


def test_a_header_is_never_shown(capsys: pytest.CaptureFixture[str], caplog: Any) -> None:
    """It may hold a token: neither an error, nor a log, nor a repr has it."""
    with pytest.raises(EndpointError) as refused:
        resolve({f"{P}HEADERS": "authorization: Bearer s3cret"})
    shown = repr(resolve({f"{P}HEADERS": "authorization=Bearer s3cret"}))

    told = capsys.readouterr()
    assert "s3cret" not in f"{refused.value}{shown}{caplog.text}{told.out}{told.err}"
