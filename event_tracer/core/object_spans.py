"""Object spans: the occurrences that each covers, and when it is sealed (law 6)."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.histories import Story
from event_tracer.core.knowledge import Knowledge
from event_tracer.core.members import Members
from event_tracer.core.object_outcome import NEVER, End
from event_tracer.core.occurrence import Description, Occurrence
from event_tracer.core.open_span import OpenObjectSpan, first_span, reopened
from event_tracer.core.open_story import OpenStory
from event_tracer.core.outcome import SESSION_GAP, Case
from event_tracer.core.placer import Placement
from event_tracer.core.saved_span import SavedSpan
from event_tracer.core.saved_story import SavedStory
from event_tracer.core.span import Span, object_span_id
from event_tracer.core.times import SECOND
from event_tracer.core.verdict import SealedObject

_MOST_SENT = 50_000
MOST_OPEN = 3_000
"""Object spans that are open at once; beyond, pods' are sealed as they stand (law 9)."""


class OpenObjectSpans:
    """The object spans that are not sealed yet, and the ids of those that were sealed last.

    A restart begins with the `unsettled` ones, their `stories`, and the ids that were `sent`.
    """

    def __init__(
        self, knowledge: Knowledge, unsettled: Iterable[SavedSpan] = (),
        sent: Iterable[bytes] = (), stories: Iterable[SavedStory] = (),
    ) -> None:  # fmt: skip
        self.sealed_early = 0
        """Spans that were sealed as they stood, for want of room."""
        self._knowledge = knowledge
        self._open: dict[bytes, OpenObjectSpan] = {}  # what grew last stands last
        self._saved: dict[bytes, SavedSpan] = {}  # of a checkpoint, in its order
        self._grown: dict[bytes, OpenObjectSpan] = {}  # since then
        self._stories: dict[bytes, OpenStory] = {}
        self._newest: dict[str, bytes] = {}  # the trace of a root's newest story
        self._due: list[tuple[int, bytes]] = []
        self._sent: GenerationalCache[bytes, bool] = GenerationalCache(most=_MOST_SENT)
        for item in unsettled:
            self._begin(reopened(item))
        for saved in stories:
            if story := self._stories.get(saved.trace_id):
                story.restore(saved)
        for span_id in sent:
            self._sent.put(span_id, True)

    def __iter__(self) -> Iterator[OpenObjectSpan]:
        """The open spans; each may grow with the next occurrence."""
        return iter(self._open.values())

    @property
    def sent(self) -> tuple[bytes, ...]:
        """The ids of the object spans sealed last, the oldest first."""
        return tuple(self._sent.keys())[-_MOST_SENT:]

    def unsettled(self) -> tuple[SavedSpan, ...]:
        """The open spans as of now, those that did not grow since the last time as they were then.

        What grew stands last, story by story: a checkpoint's parts of what is silent stay whole,
        and each names the objects above its spans once.
        """
        of_stories: dict[bytes, list[OpenObjectSpan]] = {}
        for item in self._grown.values():
            of_stories.setdefault(item.trace_id, []).append(item)
        for item in chain.from_iterable(of_stories.values()):
            self._saved.pop(item.span_id, None)
            self._saved[item.span_id] = item.saved()
        self._grown.clear()
        return tuple(self._saved.values())

    @property
    def stories(self) -> tuple[SavedStory, ...]:
        """The stories of the open spans, as far as those do not tell them."""
        return tuple([story.saved() for story in self._stories.values()])

    @property
    def members(self) -> Mapping[bytes, Members]:
        """The objects of all stories under way, by trace."""
        return {trace_id: story.members for trace_id, story in self._stories.items()}

    def story_of(self, identity: str) -> OpenStory | None:
        """The story under way of the newest change that an object has a part in."""
        found = [story for story in self._stories.values() if identity in story.members]
        return max(found, key=lambda it: (it.story.change.second, it.story.hours), default=None)

    def last(self, trace_id: bytes, identity: str) -> int:
        """Time (ns) of the last occurrence that an open span covers; 0 of any other."""
        item = self._open.get(object_span_id(trace=trace_id, identity=identity))
        return item.last[0] if item else 0

    def extend(
        self, span: Span, placement: Placement, occurrence: Occurrence, said: Description, *,
        is_exported: bool,
    ) -> None:  # fmt: skip
        """Cover an event span by its object's span and all above it, but what is sealed."""
        following = self._knowledge.next_change(placement.story)
        is_after = following is not None and span.end >= following.second * SECOND
        for depth, span_id in enumerate(placement.span_ids):
            item = self._open.pop(span_id, None)
            if item is not None:
                self._open[span_id] = self._grown[span_id] = item
            elif self._sent.get(span_id):
                continue
            else:
                is_root = depth + 1 == len(placement.span_ids)
                previous = self._knowledge.previous(placement.story) if is_root else None
                item = first_span(span, placement, depth, previous=previous)
                self._begin(item)
            item.is_exported = item.is_exported or is_exported
            is_too_late = span.end < item.first - SESSION_GAP  # heard of after what followed
            if not is_too_late and not self._has_ended(item, before=span.end, is_after=is_after):
                item.cover(span)
        self._note(span, placement, occurrence, said)

    def _note(
        self, span: Span, placement: Placement, occurrence: Occurrence, said: Description
    ) -> None:
        story = self._stories.get(placement.trace_id)
        if story is None:
            return
        error = story.note(
            occurrence, said, placement, is_error=span.error is not None,
            facts_of=self._knowledge.facts_of,
        )  # fmt: skip
        if error is None:
            return
        patience = self._knowledge.patience
        check = span.end + SESSION_GAP if error.surely is None else error.surely + patience
        for span_id in placement.span_ids:
            if (item := self._open.get(span_id)) and check < item.check:
                self._check_at(item, check)

    def _has_ended(self, item: OpenObjectSpan, *, before: int, is_after: bool) -> bool:
        """Whether a span ended before an occurrence, which then is not of it.

        `is_after`: the root had changed once more by then.
        """
        if item.sealed:
            return True
        if not is_after and before <= item.last[0] + SESSION_GAP and before <= item.check:
            return False
        case = self._case(item)
        end = item.end_in(case)
        if end.time >= before:
            self._check_at(item, item.recheck(case, end, by=before))
            return False
        self._check_at(item, end.time)
        # As of now: what follows may undo an error that stands at its end.
        item.sealed = item.seal(case, end)
        return True

    def _case(self, item: OpenObjectSpan) -> Case:
        return self._stories[item.trace_id].case(self._knowledge)

    def preview(self, item: OpenObjectSpan, *, at: int, known: int = NEVER) -> SealedObject:
        """A span as it would be sealed at `at` (ns), if it has not ended before.

        What happened was read up to `known` (ns).
        """
        if item.sealed:
            return item.sealed
        case = self._case(item)
        end = item.end_in(case)
        return item.seal(
            case, end if end.time <= at else End(max(at, item.last[0]), is_open=True), known=known
        )

    def pop_sealed(self, *, before: int, now: int) -> Iterator[SealedObject]:
        """Take out what has ended before `before`, and what there is no room for.

        `now` is the newest time of which anything is known; all are ns.
        """
        cases: dict[bytes, Case] = {}  # nothing is learnt meanwhile: one for all of a story
        while self._due and self._due[0][0] < before:
            check, span_id = heapq.heappop(self._due)
            item = self._open.get(span_id)
            if item is None or item.check != check:
                continue
            case = cases.get(item.trace_id)
            if case is None:
                case = cases[item.trace_id] = self._case(item)
            end = item.end_in(case)
            if not item.sealed and end.time >= before:
                self._check_at(item, item.recheck(case, end, by=before))
                continue
            made = item.sealed
            if made is None and item.is_exported:
                made = item.seal(case, end, known=now + SECOND)
            if (sealed := self._close(item, made)) is not None:
                yield sealed
        yield from self._make_room(at=now)

    def _make_room(self, *, at: int) -> Iterator[SealedObject]:
        excess = len(self._open) - MOST_OPEN
        if excess <= 0:
            return
        pods = (item for item in self._open.values() if item.chain[0].kind == "Pod")
        for item in list(islice(pods, excess)):
            self.sealed_early += 1
            made = self.preview(item, at=at) if item.is_exported else None
            if (sealed := self._close(item, made)) is not None:
                yield sealed

    def _begin(self, item: OpenObjectSpan) -> None:
        self._open[item.span_id] = self._grown[item.span_id] = item
        story = self._stories.get(item.trace_id)
        if story is None:
            story = self._stories[item.trace_id] = _story(item)
            self._recheck(story)
        story.open_spans.add(item.span_id)
        story.join(item.chain, item.first)
        heapq.heappush(self._due, (item.check, item.span_id))

    def _recheck(self, story: OpenStory) -> None:
        """A root has changed, which ends the story before."""
        before = self._stories.get(self._newest.get(story.root, b""))
        self._newest[story.root] = story.trace_id
        for span_id in before.open_spans if before else ():
            self._check_at(self._open[span_id], 0)

    def _close(self, item: OpenObjectSpan, made: SealedObject | None) -> SealedObject | None:
        """A span's content, once it is no longer open; None where nothing under it has left."""
        sealed = made if item.is_exported else None
        del self._open[item.span_id]
        self._saved.pop(item.span_id, None)
        self._grown.pop(item.span_id, None)
        story = self._stories[item.trace_id]
        story.open_spans.remove(item.span_id)
        if not story.open_spans:
            del self._stories[item.trace_id]
            if self._newest.get(story.root) == item.trace_id:
                del self._newest[story.root]
        if sealed:
            self._sent.put(item.span_id, True)
        return sealed

    def _check_at(self, item: OpenObjectSpan, time: int) -> None:
        if time != item.check:
            item.check = time
            heapq.heappush(self._due, (time, item.span_id))


def _story(item: OpenObjectSpan) -> OpenStory:
    root = item.chain[-1].identity
    story = Story(
        key="", change=item.change, hours=item.hours, root="" if item.run else root, run=item.run
    )
    began = max(item.first, item.change.second * SECOND)
    return OpenStory(trace_id=item.trace_id, story=story, root=root, progress=began)
