"""What one look at a Deployment tells of its earlier changes (law 5).

managedFields have the last write of each manager, and no time of a scale or a resume. But each new
template has a ReplicaSet, which says when it was made, each step of a rollout or a scale is an
Event, and Progressing was not True while a Deployment was paused. Seconds are Unix seconds.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from event_tracer.core.changes import HOUR, NOBODY, Change
from event_tracer.core.objects import Write
from event_tracer.core.sight import Scaling, Sight, Template
from event_tracer.core.times import SECOND

LATENCY = 10
"""Seconds within which a controller answers a change, at the most."""
_SOON = SECOND // 2  # ns in which nearly every change is answered


class Found(NamedTuple):
    """The changes that nothing else dates, and in words those that were and have no date."""

    changes: tuple[Change, ...] = ()
    undated: tuple[str, ...] = ()


def read_moment(sight: Sight, templates: Iterable[Template], scalings: Iterable[Scaling]) -> Found:
    """The changes of a Deployment that its own managedFields do not date."""
    reading = _Reading(sight, templates)
    reading.read_steps(scalings)
    reading.read_templates()
    reading.read_resume()
    return reading.found


class _Reading:
    """One reading of all that there is, oldest first."""

    def __init__(self, sight: Sight, templates: Iterable[Template]) -> None:
        self._sight = sight
        known = (each for each in templates if each.created <= sight.until)
        self._templates = {each.name: each for each in sorted(known, key=_by_creation)}
        self._changes: dict[int, str] = {}  # verb by second
        self._rolled_back: set[str] = set()
        self._is_late = False  # a step alone dates one of these
        self._is_rough = False  # a template may be of the second before
        self._first_steps: dict[str, int] = {}  # ns, by ReplicaSet
        self._begun: dict[str, int] = {}  # since when a template that waited for pods to go is due
        self._target = ""  # the ReplicaSet that is rolled out
        self._stopped: Scaling | None = None  # the last one, with no other that has pods

    # -- steps

    def read_steps(self, scalings: Iterable[Scaling]) -> None:
        """Take in all steps: which are scales, and which go back to an earlier template."""
        steps = sorted(each for each in scalings if each.second <= self._sight.until)
        self._first_steps = {each.name: each.time for each in reversed(steps)}
        pods = {name: each.pods for name, each in self._templates.items()}
        pods |= {each.name: each.before for each in reversed(steps)}
        if any(number is None for number in pods.values()):
            return
        marks: list[tuple[int, Scaling | None, str]] = [
            *((each.created * SECOND, None, name) for name, each in self._templates.items()),
            *((each.time, each, each.name) for each in steps),
        ]
        for _, step, name in sorted(marks, key=_by_time):
            if step is None:
                self._target = name
                continue
            if step.hides:
                pods |= {other: each.pods for other, each in self._templates.items()}
            others = {other: number for other, number in pods.items() if other != name and number}
            self._read_step(step, others)
            pods[name] = step.after
        if self._stopped:
            self._scale(self._stopped)

    def _read_step(self, step: Scaling, others: Iterable[str]) -> None:
        if step.hides:  # nobody knows of which rollout it is, but that it is of none
            if not others and self._was_complete_before(step.second):
                self._scale(step)
        elif others:
            self._read_rollout(step, others)
        elif step.after > step.before:
            self._read_start(step)
        elif step.after:
            self._scale(step)
        else:
            self._stopped = step

    def _read_rollout(self, step: Scaling, others: Iterable[str]) -> None:
        """A step while other ReplicaSets have pods, too."""
        is_up, name = step.after > step.before, step.name
        if not self._target:
            self._target = name if is_up else ""
        elif is_up and name != self._target and self._is_reused(name):
            self._roll_back(name, step.second)
        elif not is_up and name == self._target:
            heir = next((each for each in others if self._is_reused(each)), "")
            if heir:
                self._roll_back(heir, step.second)

    def _read_start(self, step: Scaling) -> None:
        """A ReplicaSet gets pods while no other has any."""
        stopped, self._stopped = self._stopped, None
        template = self._templates.get(step.name)
        # One that was never read, as where that is not allowed, was made for what it is scaled to.
        is_new = template is None or 0 <= step.second - template.created <= LATENCY
        if stopped and stopped.name != step.name:  # by the strategy Recreate
            if is_new:
                self._begun[step.name] = stopped.second
            else:
                self._roll_back(step.name, stopped.second)
            return
        if stopped:
            self._scale(stopped)
        if step.before or not is_new:
            self._scale(step)

    def _was_complete_before(self, second: int) -> bool:
        # A scale leaves Progressing as it is (progress.go).
        progressing = self._sight.progressing
        if progressing is None or progressing.reason != "NewReplicaSetAvailable":
            return False
        return progressing.update is not None and progressing.update < second

    def _is_reused(self, name: str) -> bool:
        return name in self._templates and len(self._templates[name].revisions) > 1

    def _roll_back(self, name: str, second: int) -> None:
        self._target = name
        self._rolled_back.add(name)
        # Its first step may have waited for pods; a template made since has its own write.
        earlier = (each.created for each in self._templates.values() if each.created <= second)
        made = max(earlier, default=self._sight.created)
        written = [each.second for each in self._writes if each.template and each.second]
        if not any(made < each <= second for each in written):
            self._changes[second] = "Update"
            self._is_late = True

    def _scale(self, step: Scaling) -> None:
        written = {each.second for each in self._writes if each.replicas}
        if not self._is_written(step.second, written):
            self._changes[step.second] = "Scale"

    @property
    def _writes(self) -> Iterator[Write]:
        return (each for each in self._sight.writes if each.second != self._sight.created)

    def _is_written(self, second: int, written: Iterable[int | None]) -> bool:
        return any(each is not None and 0 <= second - each <= LATENCY for each in written)

    # -- templates

    def read_templates(self) -> None:
        """Take in when ReplicaSets were made for new templates."""
        before = self._sight.created
        for each in self._templates.values():
            if not self._is_first(each):
                self._read_template(each, before)
            before = each.created

    def _is_first(self, template: Template) -> bool:
        """Whether it was there from the start."""
        if template.revisions:
            return template.revisions[0] == 1
        return template.created - self._sight.created <= LATENCY

    def _read_template(self, template: Template, before: int) -> None:
        seconds = [each.second for each in self._writes if each.template and each.second]
        written = max((each for each in seconds if before < each <= template.created), default=None)
        is_last = template is list(self._templates.values())[-1] and (
            max(seconds, default=0) <= template.created
        )
        if written is None or not (is_last or template.created - written <= LATENCY):
            if template.created not in seconds:
                self._changes[self._begun.get(template.name, template.created)] = "Update"
                self._is_rough = self._is_rough or self._may_be_earlier(template)
        elif template.created - written > LATENCY and self._is_resumed_at(template.created):
            self._changes[template.created] = "Resume"

    def _may_be_earlier(self, template: Template) -> bool:
        """Whether it was made so early in its second that its template may be of the one before.

        Of what was replaced more than an hour ago no Event is left to tell.
        """
        later = (each.created for each in self._templates.values())
        replaced = min((each for each in later if each > template.created), default=None)
        if replaced is not None and replaced < self._sight.until - HOUR:
            return False
        return self._first_steps.get(template.name, 0) - template.created * SECOND < _SOON

    def _is_resumed_at(self, second: int) -> bool:
        """Whether it was paused until then: Progressing is Unknown meanwhile (progress.go)."""
        progressing = self._sight.progressing
        if progressing is None or progressing.transition is None:
            return False
        return 0 <= progressing.transition - second <= LATENCY

    # -- a resume that changes nothing else

    def read_resume(self) -> None:
        """Take in since when Progressing is True again."""
        progressing = self._sight.progressing
        if progressing is None or self._sight.is_paused:
            return
        second = progressing.transition
        if progressing.reason == "DeploymentResumed":
            second = progressing.update
        elif not progressing.holds or second is None or not self._has_room_for_a_pause:
            return
        known = {self._sight.created, *self._changes, *(each.second for each in self._writes)}
        if second is not None and not self._is_written(second, known):
            self._changes[second] = "Resume"

    @property
    def _has_room_for_a_pause(self) -> bool:
        """Each change has raised the generation, and so have a pause and its end."""
        dated = sum(each.second is not None for each in self._writes) + len(self._changes)
        return (self._sight.generation or 0) - 1 - dated >= 2

    # -- what was found

    @property
    def found(self) -> Found:
        """All of it."""
        last = max(self._changes, default=0)
        is_newest = all((each.second or 0) < last for each in self._writes)
        changes = [
            Change(
                second=second, verb=verb,
                manager=self._scaler if verb == "Scale" else NOBODY,
                generation=self._sight.generation if second == last and is_newest else None,
            )
            for second, verb in sorted(self._changes.items())
            if second > self._sight.created
        ]  # fmt: skip
        return Found(tuple(changes), tuple(self._undated()))

    @property
    def _scaler(self) -> str:
        managers = (each.manager for each in self._sight.writes if each.second is None)
        return next(managers, "") or NOBODY

    def _undated(self) -> Iterator[str]:
        verbs = self._changes.values()
        is_scaled = any(each.second is None for each in self._sight.writes)
        if is_scaled and self._sight.is_answered and "Scale" not in verbs:
            yield f"a scale by {self._scaler}"
        if any(map(self._is_lost, self._templates.values())):
            yield "a rollback"
        elif self._is_late:
            yield "a rollback but by its first step"
        if self._is_rough:
            yield "an update to the second"
        if "Resume" in verbs:
            yield "the pause before it was resumed"

    def _is_lost(self, template: Template) -> bool:
        """Whether its template came again of late, and nothing says when."""
        if len(template.revisions) < 2 or template.name in self._rolled_back:
            return False
        if template.revisions[-1] == self._sight.revision:
            return not any(each.template for each in self._writes)
        following = template.revisions[-1] + 1
        recent = self._sight.until - HOUR
        return any(
            each.revisions[:1] == (following,) and each.created > recent
            for each in self._templates.values()
        )


def _by_creation(template: Template) -> tuple[int, str]:
    return template.created, template.name


def _by_time(mark: tuple[int, Scaling | None, str]) -> tuple[int, bool]:
    return mark[0], mark[1] is not None
