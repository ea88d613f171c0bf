"""How one object stands at a moment, by the newest change of its root: what a waiter asks.

The verdict is that of `outcome`, of the story under way or, where nothing has happened since the
change, of the facts alone. Times are ns.
"""

from typing import NamedTuple

from event_tracer.core.chain import Chain, KubeObject, changes_by_itself, run_of
from event_tracer.core.changes import NOBODY, Change
from event_tracer.core.cluster import Cluster
from event_tracer.core.event import ObjectReference
from event_tracer.core.facts import STAGED, Facts, PodFacts, RunFacts
from event_tracer.core.histories import Story
from event_tracer.core.knowledge import Knowledge
from event_tracer.core.object_outcome import End, end_of, left_at, readiness_at
from event_tracer.core.object_spans import OpenObjectSpans
from event_tracer.core.open_story import OpenStory
from event_tracer.core.rollout_outcome import Rollout, latest_state
from event_tracer.core.times import second_of
from event_tracer.core.verdict import Verdict

_UNKNOWN = Change(second=0, verb="", manager=NOBODY)


class Stand(NamedTuple):
    """How `item` stands.

    `is_live`: it is there, as far as it may be read; `is_leaving`: it was asked to go. `change` is
    the newest of its root, of which `trace_id` is empty where nothing has happened since. A failure
    that `is_sure` is beyond doubt; `complete_since` is None where status does not say it.
    """

    item: KubeObject
    is_live: bool
    is_leaving: bool
    change: Change | None
    trace_id: bytes
    verdict: Verdict
    is_sure: bool
    complete_since: int | None


def stand_of(
    about: ObjectReference, *, cluster: Cluster, spans: OpenObjectSpans, knowledge: Knowledge,
    at: int,
) -> Stand:  # fmt: skip
    """How an object stands at `at`, by all that was read up to then."""
    item = cluster.find(about)
    chain = cluster.lineage.chain(item, second=second_of(at))
    change = cluster.histories.newest_change(chain)
    story = _story(item, chain, change, spans)
    case, facts = story.case(knowledge), knowledge.facts_of(item.identity)
    last = spans.last(story.trace_id, item.identity)
    verdict = case.verdict(item.identity, end=End(at))
    is_failed = verdict.outcome == "failed"
    return Stand(
        item=item,
        is_live=cluster.lineage.is_live(item.identity),
        is_leaving=facts is not None and left_at(facts) is not None,
        change=change,
        trace_id=story.trace_id,
        verdict=verdict,
        is_sure=is_failed and case.is_doubtless(item.identity, last=last, at=at),
        complete_since=_complete_since(item, chain, facts, story.story.change, at),
    )


def _story(
    item: KubeObject, chain: Chain, change: Change | None, spans: OpenObjectSpans
) -> OpenStory:
    """The story under way of the newest change; one in which nothing has happened, else."""
    found = spans.story_of(item.identity)
    if found and (
        change is None or found.story.run or not changes_by_itself(item)
        or found.story.change.second >= change.second
    ):  # fmt: skip
        return found
    run, root = run_of(chain), chain[-1].identity
    story = Story(
        key="", change=change or _UNKNOWN, root="" if run else root,
        run=run.identity if run else "",
    )  # fmt: skip
    made = OpenStory(trace_id=b"", story=story, root=root, progress=0)
    made.join(chain, 0)
    return made


def _complete_since(
    item: KubeObject, chain: Chain, facts: Facts | None, change: Change, at: int
) -> int | None:
    """The time since which an object's own status says that it is complete, if it does."""
    second: int | None = None
    if isinstance(facts, PodFacts):
        ready = readiness_at(facts, at)
        second = ready.second if ready and ready.is_ready else facts.over
    elif isinstance(facts, RunFacts):
        second = facts.end
    elif isinstance(facts, STAGED):
        is_changed = item.identity == (change.workload or chain[-1].identity)
        rollout = Rollout(change, None)
        state = rollout.state_at(facts, at) if is_changed else latest_state(facts, at)
        second = state.second if state and state.is_complete else None
    return None if second is None else end_of(second)
