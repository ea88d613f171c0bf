"""How far what is under way has come, in words and numbers, by dated facts alone (law 6)."""

from collections.abc import Iterable

from event_tracer.core.changes import Change
from event_tracer.core.facts import Facts, PodFacts, ReadyCount, RolloutFacts, RunFacts
from event_tracer.core.object_outcome import end_of, left_at, readiness_at, start_of
from event_tracer.core.times import SECOND, human


def ready_at(facts: Facts | None, at: int, *, before: int = 2**63) -> str:
    """The pods of a workload that were ready by `at` (ns), of those wanted, like `2/3`.

    Of a generation below `before`: nothing dates a write through `/scale`.
    """
    count = _count_at(facts, at, before=before)
    return f"{count.ready}/{count.wanted}" if count else ""


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
