"""How far what is under way has come, in words and numbers, by dated facts alone (law 6)."""

from collections.abc import Callable, Iterable, Mapping

from event_tracer.core.changes import Change
from event_tracer.core.facts import Facts, PodFacts, ReadyCount, RolloutFacts, RunFacts
from event_tracer.core.object_outcome import end_of, left_at, readiness_at, start_of
from event_tracer.core.saved_story import Doing, Member
from event_tracer.core.times import SECOND, human
from event_tracer.core.verdict import Cause

_DEADLINES = frozenset({"ProgressDeadlineExceeded", "DeadlineExceeded"})
FactsOf = Callable[[str], Facts | None]


def ready_at(facts: Facts | None, at: int, *, before: int = 2**63) -> str:
    """The pods of a workload that were ready by `at` (ns), of those wanted, like `2/3`.

    Of a generation below `before`: nothing dates a write through `/scale`.
    """
    count = _count_at(facts, at, before=before)
    return f"{count.ready}/{count.wanted}" if count and (count.ready or count.wanted) else ""


def progress_of(facts: Facts | None, *, change: Change, pods: Iterable[PodFacts], at: int) -> str:
    """What a root waits for at `at` (ns), and since when; `pods` are those of its story."""
    since = start_of(change.second)
    if isinstance(facts, RunFacts):
        return f"running for {_for(at - since)}"
    if isinstance(facts, PodFacts):
        last = [end_of(each.second) for each in facts.readiness if end_of(each.second) <= at]
        return f"not ready for {_for(at - max(last, default=since))}"
    count = _count_at(facts, at)
    if not isinstance(facts, RolloutFacts) or count is None:
        return ""
    # What was there before the change is ready and tells nothing, but where it goes on to count.
    is_scale = change.verb == "Scale"
    new = [each for each in pods if not is_scale and (each.created or 0) >= change.second]
    there = [each for each in new if (left := left_at(each)) is None or left > at]
    turned = [end_of(turn.second) for each in there for turn in each.readiness]
    if is_scale:
        turned = [start_of(each.second) for each in facts.counts]
    ready = [each for each in there if (it := readiness_at(each, at)) and it.is_ready]
    number = count.ready if is_scale else len(ready)
    since = max([since, *(time for time in turned if time <= at)])
    return f"{number}/{count.wanted} ready for {_for(at - since)}" + _deadline(facts, change, at)


def doing_of(
    pods: Mapping[str, Member], doing: Mapping[str, Doing], *, facts_of: FactsOf, at: int
) -> Cause | None:
    """What one of some pods that were never ready by `at` (ns) has been doing for longest."""
    found: list[tuple[int, str]] = []
    for identity in pods:
        facts = facts_of(identity)
        is_new = isinstance(facts, PodFacts) and not facts.readiness and left_at(facts) is None
        if is_new and doing[identity].since < at:
            found.append((doing[identity].since, identity))
    if not found:
        return None
    since, identity = min(found)
    words = f"{doing[identity].words} for {_for(at - since)}"
    return Cause("", words, f"{pods[identity].kind} {pods[identity].name}", len(found) - 1)


def told_more(cause: Cause | None, doing: Cause | None) -> Cause | None:
    """A cause, with what was waited for where it is no more than that a time was up."""
    if cause is None or doing is None or cause.reason not in _DEADLINES:
        return cause
    return cause._replace(message=f"{cause.message.rstrip('.')}: {doing.text(of='')}")


def _deadline(facts: RolloutFacts, change: Change, at: int) -> str:
    if not facts.deadline:
        return ""
    began = max(facts.progress or 0, change.second)
    left = start_of(began + facts.deadline) - at
    return f", deadline in {_for(left)}" if left > 0 else ", its deadline has passed"


def _count_at(facts: Facts | None, at: int, *, before: int = 2**63) -> ReadyCount | None:
    if not isinstance(facts, RolloutFacts):
        return None
    known = (it for it in reversed(facts.counts) if start_of(it.second) < at)
    return next((it for it in known if it.generation < before), None)


def _for(duration: int) -> str:
    return human(max(duration // SECOND, 1) * SECOND)
