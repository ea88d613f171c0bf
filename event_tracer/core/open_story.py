"""A story under way: the errors that stand in it, and the steps that Events alone tell of."""

from dataclasses import dataclass, field

from event_tracer.core.chain import Chain, is_run
from event_tracer.core.children import TARGETS
from event_tracer.core.errors import (
    ADVICE,
    Kind,
    Standing,
    goes_on,
    is_leaving,
    kind_of,
    surely_since,
)
from event_tracer.core.event import Event
from event_tracer.core.facts import PodFacts
from event_tracer.core.histories import Story
from event_tracer.core.knowledge import Knowledge
from event_tracer.core.members import Members
from event_tracer.core.object_outcome import Kill, undone_in_pod
from event_tracer.core.occurrence import Description, Occurrence, Source
from event_tracer.core.outcome import Case
from event_tracer.core.placer import Placement
from event_tracer.core.saved_story import Awaited, Doing, Member, SavedStory
from event_tracer.core.steps import step_of
from event_tracer.core.story_errors import Errors, FactsOf
from event_tracer.core.tables import (
    CHILD_DONE,
    CONDITIONS,
    PROBE_KILL,
)
from event_tracer.core.transitions import Transition

_PROGRESS = frozenset({"SuccessfulCreate", "Ready", "Started"})


@dataclass(slots=True, kw_only=True)
class OpenStory:
    """A story under way, in place; `root` is its root's identity. Times are ns."""

    trace_id: bytes
    story: Story
    root: str
    progress: int
    members: Members = field(default_factory=Members)
    errors: Errors = field(default_factory=dict)
    awaited: dict[str, Awaited] = field(default_factory=dict)
    open_steps: dict[str, Awaited] = field(default_factory=dict)
    """Those of the awaited that have begun and are not done."""
    kills: dict[tuple[str, str], Kill] = field(default_factory=dict)
    """The newest for which a probe is the reason, by object and container."""
    doing: dict[str, Doing] = field(default_factory=dict)
    """What pods do that takes time, by identity."""
    open_spans: set[bytes] = field(default_factory=set)
    """The ids of its object spans that are open."""
    _saved: SavedStory | None = field(default=None, init=False, repr=False, compare=False)

    def join(self, chain: Chain, time: int) -> None:
        """Take in the objects of a chain, about the first of which something happened at `time`."""
        self._saved = None
        known = self.members.get(chain[0].identity)
        if known is not None and len(known.above) >= len(chain) - 1:
            return  # and so are all above it
        above = tuple(each.identity for each in chain)
        for depth, item in enumerate(chain):
            before = self.members.get(item.identity)
            since = before.since if before else time
            # How an autoscaler stands says nothing of its target (law 12).
            over = () if item.kind in TARGETS else above[depth + 1 :]
            self.members.put(item.identity, Member(item.kind, item.name, over, since))

    def note(
        self, occurrence: Occurrence, said: Description, placement: Placement, *, is_error: bool,
        facts_of: FactsOf,
    ) -> Standing | None:  # fmt: skip
        """Take in an occurrence; the error that stands from then on, if it is one."""
        item, above = placement.chain[0], placement.above
        self.join(placement.chain, occurrence.time)
        if is_progress(occurrence):
            self.progress = max(self.progress, occurrence.time)
        self._await(occurrence, above)
        self._note_kill(occurrence, said, item.identity)
        self._note_doing(occurrence, said, item.identity)
        if is_begun_condition(occurrence) or (is_error and occurrence.reason in ADVICE):
            return None
        if leaving := leaving_pod(occurrence):
            self._leave(leaving)
        elif is_error:
            return self._stand(occurrence, said, item.identity, facts_of=facts_of)
        elif self.errors:
            self._undo(occurrence, item.identity, container=_container(said))
        return None

    def _await(self, occurrence: Occurrence, above: tuple[str, ...]) -> None:
        step = step_of(occurrence)
        if step is None:
            return
        before = self.awaited.get(step.name)
        began, done = (before.began, before.done) if before else (-1, -1)
        if not step.is_waiting:
            done = max(done, occurrence.time)
        elif step.is_born or began < 0:
            began = max(began, occurrence.time)
        above = before.above if before and len(before.above) > len(above) else above
        self._set_step(step.name, Awaited(began, done, above))

    def _set_step(self, name: str, step: Awaited) -> None:
        self.awaited[name] = step
        if step.is_open:
            self.open_steps[name] = step
        else:
            self.open_steps.pop(name, None)

    def _note_kill(self, occurrence: Occurrence, said: Description, identity: str) -> None:
        if occurrence.reason == "Killing" and (found := PROBE_KILL.search(said.message)):
            self.kills[identity, _container(said)] = Kill(occurrence.time, found[1])

    def _note_doing(self, occurrence: Occurrence, said: Description, identity: str) -> None:
        if occurrence.about.kind != "Pod" or occurrence.is_status:
            return
        if occurrence.reason == "Pulling":
            self.doing[identity] = Doing(occurrence.time, said.message.replace("P", "p", 1))
        elif occurrence.reason == "Started" and _is_init(occurrence):
            words = f"init container {_container(said)} has run"
            self.doing[identity] = Doing(occurrence.time, words)
        else:
            self.doing.pop(identity, None)

    def _stand(
        self, occurrence: Occurrence, said: Description, identity: str, *, facts_of: FactsOf
    ) -> Standing:
        source = occurrence.source
        kind = kind_of(said.name, occurrence.reason, about=occurrence.about.kind)
        end = source.end if isinstance(source, Transition) else None
        facts = facts_of(identity)
        ordinal = end.ordinal if end else 0
        # The death that it follows tells.
        is_unsure = kind is Kind.BACK_OFF and isinstance(facts, PodFacts)
        # What a run says of a part of its own it may try again.
        is_unsure = is_unsure or (kind is Kind.OTHER and is_run(occurrence.about.kind))
        sure = surely_since(
            kind, time=occurrence.time, ordinal=ordinal, is_run=bool(self.story.run)
        )
        error = Standing(
            kind=kind, identity=identity, container=_container(said),
            since=occurrence.time, last=occurrence.time, surely=None if is_unsure else sure,
            name=said.name, message=said.message,
            about=f"{occurrence.about.kind} {occurrence.about.name}",
            lived=end.lived if end else 0, ordinal=ordinal, is_init=_is_init(occurrence),
            times=_times(source, said.message),
        )  # fmt: skip
        key, errors = error.key, self.errors.setdefault(identity, {})
        before = errors.get(key)
        is_repeated = before is not None and not (
            isinstance(facts, PodFacts) and undone_in_pod(before, facts) <= occurrence.time
        )
        errors[key] = before.again(error) if before and is_repeated else error
        return errors[key]

    def _undo(self, occurrence: Occurrence, identity: str, *, container: str) -> None:
        errors = self.errors.get(identity, {})
        for key, error in list(errors.items()):
            is_later = error.last <= occurrence.time
            if is_later and error.is_undone_by(occurrence.reason, container):
                del errors[key]

    def _leave(self, about: str) -> None:
        for errors in self.errors.values():
            for key in [key for key, error in errors.items() if error.about == about]:
                del errors[key]

    def case(self, knowledge: Knowledge) -> Case:
        """All that outcome rests on, as of now."""
        facts_of = knowledge.facts_of
        awaited = [
            step for step in self.open_steps.values()
            if not step.above or facts_of(step.above[0]) is None
        ]  # fmt: skip
        return Case(
            story=self.story, root=self.root, progress=self.progress, members=self.members,
            errors=self.errors, awaited=awaited, kills=self.kills, doing=self.doing,
            knowledge=knowledge,
        )  # fmt: skip

    def saved(self) -> SavedStory:
        """What a restart needs of it; the same as long as nothing more is noted."""
        if self._saved is None:
            errors = [each for of_one in self.errors.values() for each in of_one.values()]
            about = dict.fromkeys(each for each, of_one in self.errors.items() if of_one)
            members = [(each, self.members.get(each)) for each in about]
            kills = [(*place, *kill) for place, kill in self.kills.items() if place[0] in about]
            self._saved = SavedStory(
                self.trace_id, self.progress, tuple(errors), tuple(self.open_steps.items()),
                tuple([(each, member) for each, member in members if member]), tuple(kills),
                tuple(self.doing.items()),
            )  # fmt: skip
        return self._saved

    def restore(self, saved: SavedStory) -> None:
        """Take over what an earlier run has saved."""
        self._saved = None
        self.progress = max(self.progress, saved.progress)
        for error in saved.errors:
            self.errors.setdefault(error.identity, {})[error.key] = error
        for place, container, time, probe in saved.kills:
            self.kills[place, container] = Kill(time, probe)
        self.doing = dict(saved.doing)
        for name, step in saved.awaited:
            self._set_step(name, step)
        for identity, member in saved.members:
            if identity not in self.members:
                self.members.put(identity, member)


def _container(said: Description) -> str:
    return str(said.attributes.get("k8s.container.name") or "")


def _is_init(occurrence: Occurrence) -> bool:
    source = occurrence.source
    if isinstance(source, Transition):
        return source.end is not None and source.end.is_init
    return occurrence.about.field_path.startswith("spec.init")


def _times(source: Source, message: str) -> int:
    """How often an occurrence tells of an error; 0 for words that it goes on."""
    if goes_on(message):
        return 0
    return max(source.count, 1) if isinstance(source, Event) else 1


def is_progress(occurrence: Occurrence) -> bool:
    """Whether a rollout or run came further: a pod made, started or ready, an exit with 0."""
    source = occurrence.source
    if isinstance(source, Transition) and source.end:
        return source.end.exit_code == 0
    return occurrence.reason in _PROGRESS


def is_begun_condition(occurrence: Occurrence) -> bool:
    """Whether a custom kind's condition begins something, or is an error: facts tell of both."""
    source = occurrence.source
    if not isinstance(source, Transition) or not source.condition:
        return False
    rule = CONDITIONS.get(occurrence.reason)
    return rule is None or rule.is_error or not rule.ends


def leaving_pod(occurrence: Occurrence) -> str:
    """The pod, as `Pod name`, that by an Event is going or was asked to; empty if none is."""
    about, child, source = occurrence.about, occurrence.child, occurrence.source
    if child and child.kind == "Pod" and occurrence.reason in CHILD_DONE:
        return f"Pod {child.name}"
    if about.kind != "Pod" or isinstance(source, Transition):
        return ""
    return f"Pod {about.name}" if is_leaving(occurrence.reason, source.message) else ""
