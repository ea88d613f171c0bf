"""Occurrences seen before, so that none is sent twice; and the span of a gap in what was seen."""

from collections.abc import Iterable
from hashlib import blake2b

from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.span import Attributes, Span, gap_ids
from event_tracer.core.times import MICROSECOND, UNUSED

SERVICE = "event-tracer"
_HIDDEN = "event_tracer.gap.occurrences"
_MOST_EVENTS = 200_000
_MOST_COUNTS = 64
_MOST_SAVED = 5_000

Counts = tuple[tuple[str, int], ...]


class Seen:
    """Occurrences seen, by their key; `saved` are counts that an earlier run saw."""

    def __init__(self, saved: Iterable[tuple[str, int]] = ()) -> None:
        # An Event is remembered for an hour, and most happen once: their bytes count here.
        self._observed: GenerationalCache[int, int | tuple[int, ...]] = GenerationalCache(
            keep=UNUSED, most=_MOST_EVENTS
        )
        self._risen: GenerationalCache[str, int] = GenerationalCache(
            keep=UNUSED, most=_MOST_SAVED
        )  # counts above one
        for key, count in saved:
            self._risen.put(key, count)

    def observe(self, occurrence: Occurrence) -> bool:
        """Note an occurrence; True if its (count, time) is new."""
        key, count = occurrence.key, occurrence.count
        short, new = _short(key), count << 64 | occurrence.time
        seen = self._observed.peek(short)
        if seen is None:
            self._observed.put(short, new)
        else:
            all_seen = seen if isinstance(seen, tuple) else (seen,)
            if new in all_seen:
                return False
            self._observed.put(short, (*all_seen[1 - _MOST_COUNTS :], new))
        if count > 1:
            self._risen.put(key, max(count, self._risen.peek(key) or 0))
        return True

    def forget(self, key: str) -> None:
        """Forget an Event that is gone."""
        self._observed.drop(_short(key))
        self._risen.drop(key)

    def hidden(self, occurrence: Occurrence, *, since: int) -> int:
        """The number of occurrences that by its count nobody watched, from `since` (ns) on."""
        seen = self._observed.peek(_short(occurrence.key))
        before = self._risen.peek(occurrence.key) or (None if seen is None else 1)
        if before is None:
            first = occurrence.first_time
            before = 1 if (occurrence.time if first is None else first) < since else 0
        return max(0, occurrence.count - before - 1)

    def counts(self) -> Counts:
        """The counts above one: what `hidden` needs after a restart."""
        return tuple(self._risen)[-_MOST_SAVED:]

    def expire(self, *, now: int) -> None:
        """Forget what was not met for longer than an Event lives."""
        self._observed.expire(now=now)
        self._risen.expire(now=now)


def _short(key: str) -> int:
    # 8 bytes, as many as an event span's id has of it
    return int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=8).digest())


def gap_span(
    latest: Iterable[Occurrence], *, seen: Seen, cause: str, since: int, until: int,
    cluster_uid: str, resource: Attributes,
) -> Span | None:  # fmt: skip
    """A trace of its own for what the counts of the `latest` occurrences say of `since` to `until`.

    Times are ns. None where no count has risen by more than one.
    """
    hidden = [count for each in latest if (count := seen.hidden(each, since=since))]
    if not hidden:
        return None
    trace_id, span_id = gap_ids(cluster_uid=cluster_uid, cause=cause, since=since, until=until)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=b"",
        kind="gap",
        name="gap",
        resource=resource,
        start=min(since, until - MICROSECOND),
        end=until,
        attributes=(
            ("event_tracer.gap.cause", cause),
            (_HIDDEN, sum(hidden)),
            ("event_tracer.gap.events", len(hidden)),
        ),
    )


def hidden_by(span: Span) -> int:
    """The number of occurrences that a gap span says are hidden; 0 for any other span."""
    return next((v for k, v in span.attributes if k == _HIDDEN and isinstance(v, int)), 0)
