"""The place of an occurrence: its lineage, its story, its trace and all ids."""

from event_tracer.core.chain import Chain, KubeObject, makes_runs, run_of
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.histories import Histories, Story
from event_tracer.core.lineage import Lineage, lineage_names
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.record import Record
from event_tracer.core.span import Attributes, object_span_id, trace_id
from event_tracer.core.times import second_of

_MOST_LAST = 2_048


class Placement(Record, frozen=True):
    """Place of an occurrence: its story's trace, its object and all above it, root last.

    `above` has the identities of the chain, `span_ids` are those of its object spans, `names` the
    attributes that name them.
    """

    story: Story
    trace_id: bytes
    chain: Chain
    above: tuple[str, ...]
    span_ids: tuple[bytes, ...]
    names: Attributes


class Placer:
    """Places occurrences: the chain of the object, the story, the trace and the ids."""

    def __init__(self, lineage: Lineage, histories: Histories, *, cluster_uid: str) -> None:
        self._lineage = lineage
        self._histories = histories
        self._cluster_uid = cluster_uid
        self._placed: dict[tuple[str, int, str, int | None], Placement] = {}
        self._last: GenerationalCache[str, Placement] = GenerationalCache(most=_MOST_LAST)

    def forget(self) -> None:
        """Start anew: something was learnt since the last occurrence was placed."""
        self._placed.clear()

    def expire(self, *, now: int) -> None:
        """Forget the last placements of objects that were silent of late."""
        self._last.expire(now=now)

    def place(self, occurrence: Occurrence, item: KubeObject, *, final_before: int) -> Placement:
        """The placement of an occurrence about `item`.

        Dates of changes that were read before `final_before` (ns of the watermark) are final.
        """
        # An object that came to be later was not there for an earlier change (law 5).
        second = max(second_of(occurrence.time), item.created or 0)
        run = self._named_run(occurrence)
        # One object has Events by the dozen, and those of one second share their placement.
        key = (item.identity, second, run.identity if run else "", occurrence.generation)
        placement = self._placed.get(key)
        if placement is None:
            chain = self._lineage.chain(item, second=second)
            run = run or run_of(chain)
            if run:
                story = self._histories.run(run, is_root=run is chain[-1], second=second)
            else:
                first = occurrence.first_time
                story = self._histories.story(
                    chain,
                    second=second,
                    first_second=second if first is None else second_of(first),
                    final_before=final_before,
                    generation=occurrence.generation,
                )
            placement = self._placed[key] = self._placement(chain, story)
        return placement

    def previous_trace(self, story: Story) -> bytes | None:
        """The trace of the story before `story`, where that is known."""
        key = self._histories.previous(story)
        return trace_id(cluster_uid=self._cluster_uid, story_key=key) if key else None

    def _named_run(self, occurrence: Occurrence) -> KubeObject | None:
        child = occurrence.child
        is_run = child and child.owned and makes_runs(occurrence.about.kind, child.kind)
        return self._lineage.find_child(child) if child and is_run else None

    def _placement(self, chain: Chain, story: Story) -> Placement:
        """A placement; the last one of the object, where that is the same."""
        identity = chain[0].identity
        last = self._last.get(identity)
        if last is not None and last.chain == chain and last.story.equals(story):
            return last
        made = self._made(chain, story)
        self._last.put(identity, made)
        return made

    def _made(self, chain: Chain, story: Story) -> Placement:
        trace = trace_id(cluster_uid=self._cluster_uid, story_key=story.key)
        above = tuple([item.identity for item in chain])
        return Placement(
            story=story,
            trace_id=trace,
            chain=chain,
            above=above,
            span_ids=tuple([object_span_id(trace=trace, identity=each) for each in above]),
            names=lineage_names(chain),
        )
