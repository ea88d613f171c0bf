"""Variables of OpenTelemetry and of Python: they count, or they are a sentence and exit code 2."""

import json
from pathlib import Path

import pytest

from event_tracer.cli.main import GOOD, main
from tests.scenarios.folding import RECORDINGS

RECORDING = str(RECORDINGS / "redis-create.jsonl")


def test_resource_attributes_are_on_every_span(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for those of a process: it is not the one that sends of which a span tells."""
    said = "deployment.environment.name=prod, team=a%20b,service.name=x,k8s.pod.name=y,host.name=z,"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", said)
    out = tmp_path / "out.json"
    to = ["--to", "otlp-json", "--output-file", str(out)]
    assert main(["replay", *to, RECORDING]) == GOOD

    for group in json.loads(out.read_text())["resourceSpans"]:
        found = {one["key"]: one["value"]["stringValue"] for one in group["resource"]["attributes"]}
        assert (found["deployment.environment.name"], found["team"]) == ("prod", "a b")
        assert found["service.name"] != "x"
        assert not {"k8s.pod.name", "host.name"} & found.keys()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OTEL_RESOURCE_ATTRIBUTES", "nonsense", "'nonsense' is not like name=value"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b,=c", "'=c' is not like name=value"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "abc", "is abc; it is a number"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-1", "is -1; it is a number"),
        (
            "OTEL_PYTHON_CONTEXT",
            "x",
            "names x, which is not installed; there are: context",
        ),
        ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "otel, x", "names x, which is not installed"),
        ("SSLKEYLOGFILE", "/nowhere/keys", "is /nowhere/keys, to which nobody can write: no such"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "names zipkin, which is not installed"),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_sentence(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Not a ValueError while the SDK is imported."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="2"):
        main(["replay", "--to", "sdk", RECORDING])
    told = capsys.readouterr().err

    assert f"error: {name}" in told
    assert words in told


@pytest.mark.parametrize("command", [("check",), ("replay", "--output-file", "kept.json")])
def test_an_attribute_that_is_none_is_told_before_anything_is_done(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """`check` says it before `run` does, and no file is begun (specification 4847)."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team")
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept.json"
    kept.write_text("old")
    files = [] if command == ("check",) else ["--to", "otlp-json", RECORDING]
    with pytest.raises(SystemExit, match="2"):
        main([*command, *files])
    assert "OTEL_RESOURCE_ATTRIBUTES: 'team' is not like name=value" in capsys.readouterr().err
    assert kept.read_text() == "old"
