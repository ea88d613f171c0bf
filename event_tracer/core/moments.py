"""All workloads that were first seen as they are: what one look tells of their earlier changes.

What a watch brings later is dated as it comes, and changes nothing here.
"""

from dataclasses import dataclass, field

from event_tracer.core.changes import HOUR
from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.moment import Found, read_moment
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.sight import (
    Scaling,
    Sight,
    Template,
    scalings_of,
    sight_of,
    template_of,
)
from event_tracer.core.times import SECOND

_KEPT = 2 * HOUR * SECOND


@dataclass(slots=True)
class _Moment:
    sight: Sight | None = None
    templates: dict[str, Template] = field(default_factory=dict)
    scalings: set[Scaling] = field(default_factory=set)
    found: Found | None = None

    def is_over(self, second: int) -> bool:
        """Whether it was seen before Unix `second`."""
        return self.sight is not None and second > self.sight.until


class Moments:
    """What is known of each, by its identity. All `now` are ns of the watermark."""

    def __init__(self) -> None:
        self._known: GenerationalCache[str, _Moment] = GenerationalCache(keep=_KEPT)

    def see(self, identity: str, meta: ObjectMetadata, *, now: int) -> None:
        """Take in a workload's first frame."""
        moment = self._get(identity)
        moment.sight, moment.found = sight_of(meta, now=now), None

    def observe_template(self, identity: str, meta: ObjectMetadata, *, is_dated: bool) -> None:
        """Take in the frame of what keeps a workload's template: the first one counts.

        `is_dated`: the workload is known, so that a watch or a checkpoint dates its changes.
        """
        moment = self._known.peek(identity)
        if moment is None and is_dated:
            return
        if moment and (moment.is_over(meta.created or 0) or meta.name in moment.templates):
            return
        if template := template_of(meta):
            moment = moment or self._get(identity)
            moment.templates[template.name], moment.found = template, None

    def observe_event(self, identity: str, event: Event, *, is_dated: bool) -> None:
        """Take in an Event about a Deployment; `is_dated` as above."""
        if is_dated and self._known.peek(identity) is None:
            return
        for each in scalings_of(event):
            moment = self._get(identity)
            if not moment.is_over(each.second):
                moment.scalings.add(each)
                moment.found = None

    def take(self, identity: str) -> Found | None:
        """What was found; None where nothing is new since the last time."""
        moment = self._known.peek(identity)
        if moment is None or moment.sight is None or moment.found is not None:
            return None
        moment.found = read_moment(moment.sight, moment.templates.values(), moment.scalings)
        return moment.found

    @property
    def undated(self) -> dict[str, tuple[str, ...]]:
        """In words, what was changed and has no date, by workload."""
        found = ((identity, moment.found) for identity, moment in self._known)
        return {identity: each.undated for identity, each in found if each and each.undated}

    def expire(self, *, now: int) -> None:
        """Forget what was seen two hours ago."""
        self._known.expire(now=now)

    def _get(self, identity: str) -> _Moment:
        moment = self._known.peek(identity)
        if moment is None:
            moment = _Moment()
            self._known.put(identity, moment)
        return moment
