"""What Jaeger has of each story, against what a replay of the recorded frames makes."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.e2e.bridge import run
from tests.e2e.conftest import TABLE, Told
from tests.e2e.stories import STORIES

# Every story must have come to rest before the first test.
pytestmark = pytest.mark.timeout(900)

_UNDER_WAY = 20_000_000  # µs


@pytest.fixture(scope="session")
def expected(told: Told) -> dict[str, dict[str, dict[str, Any]]]:
    """What the fold makes of the frames that were recorded meanwhile: namespace → id → span."""
    output = told.here.folder / "expected.json"
    for name in STORIES:
        told.traces(name)
    done = run("replay", str(told.recording()), "--to", "otlp-json", "--output-file", str(output))
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for resource in json.loads(output.read_text())["resourceSpans"]:
        service = _attribute(resource["resource"]["attributes"], "service.name")
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                namespace = _attribute(span["attributes"], "k8s.namespace.name")
                found.setdefault(namespace, {})[span["spanId"]] = {**span, "service": service}
    return found


def _attribute(attributes: list[dict[str, Any]], key: str) -> str:
    return next(
        (str(each["value"]["stringValue"]) for each in attributes if each["key"] == key), ""
    )


@pytest.mark.parametrize("name", STORIES)
def test_jaeger_has_what_the_fold_makes(
    told: Told, expected: dict[str, dict[str, dict[str, Any]]], name: str
) -> None:
    """Laws 1 and 2: every span, once, with one content, and no warning of Jaeger on any.

    A crash loop goes on while the two are compared, and a death is told after what it is older
    than, so the newest that Jaeger has is left out.
    """
    spans = [span for trace in told.traces(name) for span in trace.spans]
    newest = max(span.end for span in spans) - (_UNDER_WAY if name == "crash-loop" else 0)
    spans = [span for span in spans if span.start <= newest]
    wanted = {
        key: span
        for key, span in expected[name].items()
        if int(span["startTimeUnixNano"]) // 1000 <= newest
    }
    warnings = [warning for span in spans for warning in span.warnings]
    TABLE.append((name, len(wanted), len({span.id for span in spans}), len(warnings)))

    assert warnings == []
    assert [key for key, count in Counter(span.id for span in spans).items() if count > 1] == []
    assert wanted.keys() == {span.id for span in spans}
    for span in spans:
        if "event_tracer.outcome" not in span.tags:
            assert _content(wanted[span.id]) == (
                span.service, span.operation, span.parent, span.start, span.duration,
            )  # fmt: skip


def _content(span: dict[str, Any]) -> tuple[str, str, str, int, int]:
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    duration = (end - start) // 1000
    return span["service"], span["name"], span.get("parentSpanId", ""), start // 1000, duration
