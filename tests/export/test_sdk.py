"""`--to sdk`: any exporter that is installed for the OpenTelemetry SDK."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from event_tracer.cli.main import FAILED, main
from event_tracer.export import sdk
from event_tracer.export.otlp.encoding import encode
from tests.scenarios.folding import JSONL, frames_of, tell


@pytest.mark.parametrize("name", JSONL)
def test_readable_spans_say_what_otlp_says(name: str) -> None:
    """The SDK's own encoder makes of our ReadableSpans what our encoder makes of the spans."""
    spans = tell(frames_of(name))
    theirs = encode_spans([sdk.readable(span) for span in spans])

    assert theirs.SerializeToString() == encode(spans)


def test_the_console_exporter_gets_every_span() -> None:
    """OTEL_TRACES_EXPORTER names it; it is always installed."""
    command = [sys.executable, "-m", "event_tracer", "replay", "--to", "sdk"]
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "console"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)

    assert done.stdout.count(b'"span_id"') == 40


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("", "names no exporter; there are: console, otlp"), ("zipkin", "names zipkin, which is not")],
)
def test_an_exporter_that_is_not_there_is_told(
    value: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, as of anything that cannot be meant, and a list of what is installed."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", value)

    with pytest.raises(SystemExit, match="2"):
        main(["replay", "--to", "sdk"])
    assert sentence in capsys.readouterr().err


class Failing(SpanExporter):
    closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.closed = True


def test_a_failing_exporter_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SpanExportResult.FAILURE means that the exporter has given up; it is closed all the same."""
    exporter = Failing()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "failing")
    monkeypatch.setattr(sdk, "load", lambda environ: (exporter,))

    assert main(["replay", "--to", "sdk"]) == FAILED
    assert "failing took nothing: Failing could not deliver" in capsys.readouterr().err
    assert exporter.closed


def test_a_span_as_json_keeps_its_ids() -> None:
    """ReadableSpan.to_json is what most exporters build on."""
    (span, *_) = tell(frames_of("redis-create"))
    shown = json.loads(sdk.readable(span).to_json())

    assert shown["context"]["trace_id"] == f"0x{span.trace_id.hex()}"
    assert shown["resource"]["attributes"]["service.name"] == dict(span.resource)["service.name"]
