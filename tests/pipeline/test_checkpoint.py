"""Law 9: what a restart needs survives being written down, within bounds."""

import inspect
import random
import tomllib
import uuid
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import Any, ForwardRef, get_args, get_type_hints

import pytest
from msgspec import Struct
from msgspec.structs import astuple

from event_tracer.core.chain import KubeObject, OwnerReference
from event_tracer.core.changes import Change
from event_tracer.core.frame import END
from event_tracer.core.history import History
from event_tracer.core.span import Span
from event_tracer.core.state import State
from event_tracer.core.story import Stories
from event_tracer.export.otlp.encoding import encode
from event_tracer.pipeline.checkpoint import (
    MAX_BYTES,
    Checkpoint,
    CheckpointEncoder,
    decode,
)
from tests.deploy.manifests import ROOT
from tests.doubles.apiserver.server import CLUSTER
from tests.scenarios.folding import JSONL, frames_of, is_event

ODD = Span(
    trace_id=bytes(range(16)),
    span_id=b"\xff\xfe\xfb\xf0\0\0\0\1",
    parent_id=b"",
    kind="object",
    name="é ☃ \0 \x1b\u2028",
    resource=(("service.name", "kubernetes"), ("empty", "")),
    start=1,
    end=2**63 - 1,
    attributes=(("yes", True), ("one", 1), ("text", "1"), ("many", ("a", "")), ("none", ())),
    error="",
)


def folded(name: str, *, share: float) -> tuple[Stories, list[Span]]:
    """The fold after a part of a recording, and the object spans that have left it."""
    stories, spans = Stories(cluster_uid=CLUSTER), []
    frames = frames_of(name)
    for frame in frames[: int(len(frames) * share)]:
        spans += [span for span in stories.feed(frame) if not is_event(span)]
    return stories, spans


def rest(name: str, state: State, *, share: float) -> bytes:
    """All that a restart with that state makes of the other part, as it is sent."""
    stories, frames = Stories(state=state), frames_of(name)
    spans: list[Span] = []
    for frame in frames[int(len(frames) * share) :]:
        spans += stories.feed(frame)
    spans += stories.feed(END)
    return encode(sorted(spans, key=astuple))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1])
@pytest.mark.parametrize("name", JSONL)
def test_nothing_is_lost_in_a_checkpoint(name: str, share: float) -> None:
    """What is read is what was written; the spans are the same bytes, those to come too."""
    stories, spans = folded(name, share=share)
    state = stories.state()
    made = Checkpoint(
        cluster_uid=CLUSTER, events={"": "7", "shop": "9"}, objects={"/pods": "8"},
        read={"/pods": 1_795_473_171_600_000_000},
        spans=(*spans, ODD), state=state,
    )  # fmt: skip
    data, left_out = CheckpointEncoder().encode(made)
    found = decode(data)

    assert (found, left_out) == (made, 0)
    assert encode(found.spans) == encode(made.spans)
    assert found.state is not None
    assert rest(name, found.state, share=share) == rest(name, state, share=share)


def test_the_same_is_written_as_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock in the file: what has not changed is the same bytes, hours later."""
    stories, spans = folded("changes", share=0.5)
    made = Checkpoint(spans=tuple(spans), state=stories.state())

    before = CheckpointEncoder().encode(made)
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert CheckpointEncoder().encode(made) == before


@pytest.mark.parametrize("name", JSONL)
def test_what_was_written_before_shows_in_nothing(name: str) -> None:
    """Parts that stay are taken from the last time: the bytes are those of a first time."""
    stories, encoder = Stories(cluster_uid=CLUSTER), CheckpointEncoder()
    spans: list[Span] = []
    frames = frames_of(name)
    for number, frame in enumerate(frames):
        spans += [span for span in stories.feed(frame) if not is_event(span)]
        if number % (len(frames) // 16 + 1) == 0:
            made = Checkpoint(spans=tuple(spans[-9:]), state=stories.state())
            assert encoder.encode(made) == CheckpointEncoder().encode(made)


@pytest.mark.parametrize("name", JSONL)
def test_a_state_does_not_tell_of_those_before_it(name: str) -> None:
    """What did not change is as it was put together the last time; it is the same as anew."""
    often, frames = Stories(cluster_uid=CLUSTER), frames_of(name)
    for number, frame in enumerate(frames, start=1):
        often.feed(frame)
        found = often.state()
        if number % (len(frames) // 8 + 1) == 0:
            once = Stories(cluster_uid=CLUSTER)
            for each in frames[:number]:
                once.feed(each)
            assert in_order(found) == in_order(once.state())


def in_order(state: State) -> State:
    """With the open spans by their ids: what grew since the last time stands last."""
    return replace(state, unsettled=tuple(sorted(state.unsettled, key=attrgetter("span_id"))))


# -- bounds


@cache
def crowded(*, ids: int, tombstones: int) -> State:
    """A state at its bounds; nothing in it can be compressed."""
    chance = random.Random(0)
    return replace(
        folded("changes", share=0.5)[0].state(),
        sent=tuple(chance.randbytes(8) for _ in range(ids)),
        tombstones=tuple(_gone(chance) for _ in range(tombstones)),
    )


def _gone(chance: random.Random) -> KubeObject:
    uid, owner = (str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2))
    name = f"web-{chance.getrandbits(64):x}"
    by = OwnerReference(kind="ReplicaSet", name=name, uid=owner, api_version="apps/v1")
    return KubeObject(
        identity=uid, uid=uid, kind="Pod", api_version="v1", namespace="shop", name=name,
        known=True, owner=by,
    )  # fmt: skip


def test_a_checkpoint_fits_a_config_map() -> None:
    """At most 700 KiB: the oldest ids go first, counted, with the objects deleted longest ago."""
    state = crowded(ids=50_000, tombstones=5_000)
    data, left_out = CheckpointEncoder().encode(Checkpoint(state=state, spans=(ODD,)))
    found = decode(data)

    assert len(data) <= MAX_BYTES
    assert found.state is not None
    assert 0 < left_out == 50_000 - len(found.state.sent)
    assert len(data) > MAX_BYTES / 2  # no more than needed
    assert found.state.sent == state.sent[left_out:]
    assert found.state.tombstones == state.tombstones[-len(found.state.tombstones) :]
    assert replace(found.state, sent=state.sent, tombstones=state.tombstones) == state
    assert found.spans == (ODD,)


def test_what_fits_is_left_whole() -> None:
    """Nothing goes that has room."""
    made = Checkpoint(state=crowded(ids=30_000, tombstones=1_000))
    data, left_out = CheckpointEncoder().encode(made)

    assert (decode(data), left_out) == (made, 0)


@pytest.mark.parametrize("most", [0, 2_000, 20_000, 100_000])
def test_a_bound_too_narrow_takes_ids_and_then_spans(most: int) -> None:
    """Spans that wait go when all ids have gone, then what is not settled, then roots; counted."""
    spans = tuple(
        ODD.but(span_id=span_id) for span_id in crowded(ids=50_000, tombstones=5_000).sent[:3_000]
    )
    made = Checkpoint(events={"": "7"}, state=crowded(ids=1_000, tombstones=1_000), spans=spans)
    data, left_out = CheckpointEncoder(max_bytes=most).encode(made)
    found = decode(data)

    assert found.state is not None
    assert made.state is not None
    whole = 4_000 + len(made.state.unsettled) + len(made.state.histories)
    kept = len(found.state.sent) + len(found.spans) + len(found.state.unsettled)
    assert whole - left_out == kept + len(found.state.histories)
    assert found.spans == spans[len(spans) - len(found.spans) :]
    assert found.spans == spans or not found.state.sent
    assert found.state.unsettled == made.state.unsettled or not found.spans
    assert found.state.histories == made.state.histories or not found.state.unsettled
    assert len(data) <= most or not found.state.histories
    assert found.events == made.events


def test_roots_by_the_ten_thousand_fit_too() -> None:
    """Each Job of a batch cluster is a root: those that changed longest ago have no room."""
    histories = tuple((str(uuid.uuid4()), changed(second)) for second in range(40_000))
    state = replace(crowded(ids=0, tombstones=0), histories=histories)
    data, left_out = CheckpointEncoder().encode(Checkpoint(state=state))
    found = decode(data).state

    assert len(data) <= MAX_BYTES
    assert found is not None
    assert found.histories == histories[len(histories) - len(found.histories) :]
    assert left_out == len(histories) - len(found.histories) + len(state.unsettled)


def changed(second: int) -> History:
    """The history of a root that was created."""
    change = Change(second=second, verb="Create", manager="kubectl")
    return History(changes=(change,), seen=True, status_second=second)


# -- how it is read


def test_what_is_read_of_a_checkpoint_keeps_its_hints() -> None:
    """mypyc erases those that are more than a class, but for names in quotes."""
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text())
    compiled = hook["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]["include"]
    read = {each for each in held_by(Checkpoint) if issubclass(each, (tuple, Struct))}
    hints = {
        f"{each.__qualname__}.{name}": hint
        for each in read
        if f"/{each.__module__.replace('.', '/')}.py" in compiled
        for name, hint in inspect.get_annotations(each).items()
    }

    assert {KubeObject, OwnerReference, Span} <= read
    assert {"KubeObject.owner", "Span.error", "Standing.surely"} <= hints.keys()
    assert not {
        name for name, hint in hints.items() if not isinstance(hint, type) and "|" in quoted(hint)
    }


def quoted(hint: Any) -> str:
    """The text of a hint in quotes, which a NamedTuple wraps up; of others what is none."""
    text = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint
    return text if isinstance(text, str) else "|"


def held_by(hint: Any, known: frozenset[type] = frozenset()) -> set[type]:
    """The classes of the product that a value of this type may hold, its own included."""
    if hint in known:
        return set()
    if not (isinstance(hint, type) and hint.__module__.startswith("event_tracer")):
        return set[type]().union(*(held_by(each, known) for each in get_args(hint)))
    fields = get_type_hints(hint).values()
    return {hint}.union(*(held_by(each, known | {hint}) for each in fields))
