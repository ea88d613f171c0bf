"""Law 11: the conditions of custom kinds that are read whole are transitions."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from event_tracer.core.frame import Listing, parse_frame, parse_line
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.projection import project
from event_tracer.core.span import Span
from event_tracer.core.tables import CONDITION, CONDITIONS, NO_CONDITION, RANK
from tests.scenarios.customs import CERTIFICATE, ISSUED, NEW, STALLED, T, condition, custom, said
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.folding import attributes, by_id, events, is_event, roots, service, tell


def names(spans: Iterable[Span]) -> list[str]:
    """Of the event spans, in order."""
    return [span.name for span in events(spans)]


def root(spans: Iterable[Span]) -> Any:
    """The attributes of the last root."""
    return attributes(roots(spans)[-1])


def test_a_certificate_becomes_ready() -> None:
    """Its conditions are occurrences by its API group; the root is open until it is ready."""
    spans = tell(CERTIFICATE)
    transitions = [span for span in events(spans) if span.is_status]

    assert names(transitions) == ["Condition", "NotReady", "NotCondition", "Ready"]
    assert {service(span) for span in transitions} == {"cert-manager.io"}
    assert all(span.error is None for span in transitions)
    assert [attributes(span)["event_tracer.condition.type"] for span in transitions] == [
        "Issuing", "Ready", "Issuing", "Ready",
    ]  # fmt: skip
    assert attributes(transitions[-1])["k8s.object.api_version"] == "cert-manager.io/v1"
    assert len({span.trace_id for span in spans}) == 1
    assert root(spans)["event_tracer.outcome"] == "complete"
    assert root(spans)["event_tracer.completed_after"] == 90
    assert roots(spans)[0].end == transitions[-1].end


def test_what_ends_something_stands_at_the_end_of_its_second() -> None:
    """Law 3: what begins something, or is so no longer, at its start."""
    ends = {span.name: span.end - T for span in events(tell(CERTIFICATE)) if span.is_status}

    assert ends["NotReady"] < SECOND + SECOND // 1000
    assert ends["Ready"] > 91 * SECOND - SECOND // 1000


def test_of_metadata_alone_the_same_ids() -> None:
    """Law 11: fewer spans and nothing else."""
    bare = [
        raw if raw["resource"] == "events" else {**raw, "object": {
            **raw["object"], "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "status": None,
        }}
        for raw in CERTIFICATE
    ]  # fmt: skip
    whole, found = by_id(tell(CERTIFICATE)), by_id(tell(bare))

    assert set(found) < set(whole)
    for key, span in found.items():
        assert whole[key] == span if is_event(span) else whole[key].name == span.name
    assert root(found.values())["event_tracer.outcome"] == "started"


def test_what_a_controller_adds_to_a_condition_is_none() -> None:
    """Its message changes under one time, in any frame that shows it: told once, without it."""
    again = custom(40, condition("Ready", "False", 1, message="still", reason="Waiting"))
    spans = tell([*CERTIFICATE[:4], again, *CERTIFICATE[4:]])

    assert by_id(events(spans)) == by_id(events(tell(CERTIFICATE)))


def test_a_custom_kind_may_have_the_name_of_another() -> None:
    """Knative's Service has conditions; Kubernetes' own is no custom kind."""
    frame = custom(5, condition("Ready", "True", 5), kind="Service")
    own = {**frame, "resource": "services", "object": {**frame["object"], "apiVersion": "v1"}}
    (ready,) = events(tell([custom(0, kind="Service"), frame]))

    assert service(ready) == "serving.knative.dev"
    assert attributes(ready)["k8s.object.api_version"] == "serving.knative.dev/v1"
    assert tell([own]) == []


@pytest.mark.parametrize(
    "status",
    [
        5, "odd", [], {"conditions": "odd"}, {"conditions": ["odd"]}, {"conditions": {}},
        {"conditions": [{"type": {}}]}, {"conditions": [{"status": True}]},
        {"observedGeneration": {}}, {"conditions": [{"lastTransitionTime": 7}]}, {}, None,
        {"conditions": [{}]}, {"conditions": None}, {"observedGeneration": "5d4c8b"},
    ],
)  # fmt: skip
def test_a_malformed_status_never_loses_the_metadata(status: Any) -> None:
    """Law 1: the object and its Events are what they are without it."""
    frame = {**ISSUED, "object": {**ISSUED["object"], "status": status}}
    bare = custom(90)
    del bare["object"]["status"]
    found, meta = parse_frame(frame).body, parse_frame(bare).body
    assert isinstance(found, ObjectMetadata)

    assert found.but(status=None) == meta
    assert by_id(tell([NEW, said(5), frame])) == by_id(tell([NEW, said(5), bare]))


@pytest.mark.parametrize("raw", [*CERTIFICATE, custom(90, STALLED, observed="1")])
def test_a_line_is_read_as_a_frame_is(raw: Raw) -> None:
    """And of what a recording keeps the same is read."""
    line = json.dumps({"type": raw["type"], "object": raw["object"]}).encode()
    found = parse_line(line, resource=raw["resource"], kind=raw.get("kind", "Event"))

    assert found is not None
    assert found.frame == parse_frame(raw)
    if raw["resource"] != "events":
        assert parse_frame({**raw, "object": project(raw["object"])}) == parse_frame(raw)


@pytest.mark.parametrize("told_since", [None, T + 50 * SECOND])
def test_a_list_tells_what_is_dated_late_enough(told_since: int | None) -> None:
    """Law 11: as at a first start; else it teaches, and shows how the object stands."""
    spans = tell([said(60), Listing(frames=(parse_frame(ISSUED),), tell_since=told_since)])

    assert names(spans) == (["Told"] if told_since is None else ["Told", "NotCondition", "Ready"])
    assert root(spans)["event_tracer.outcome"] == "complete"


def test_many_conditions_are_each_told_once() -> None:
    """However many a frame shows, however often."""
    many = [condition(f"Part{number}", "True", 1) for number in range(60)]
    spans = tell([NEW, custom(1, *many), custom(2, *many[::-1]), custom(3, *many)])

    assert names(spans) == ["Condition"] * 60


def test_a_condition_stays_within_its_second() -> None:
    """Law 3: in an order of its own, what begins before all else, what ends behind it."""
    rules = [*CONDITIONS.values(), CONDITION, NO_CONDITION]
    begins = [rule.rank for rule in rules if not rule.ends]
    ends = [rule.rank for rule in rules if rule.ends]
    others = [rank for name, rank in RANK.items() if name not in ("DisruptionTarget", "NotReady")]

    assert len({*begins, *ends}) == len(begins) + len(ends)
    assert RANK["NotReady"] < min(begins) <= max(begins) < min(others)
    assert max(RANK.values()) < min(ends) <= max(ends) < 1000
