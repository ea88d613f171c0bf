"""One object that is waited for: what is new of it, and whether that is its end.

No outcome is decided here: `Stand` and the sealed span have it (law 6). Times are ns of the API
server's clock.
"""

from enum import IntEnum
from typing import NamedTuple

from event_tracer.core.chain import changes_by_itself
from event_tracer.core.stand import Stand
from event_tracer.core.times import SECOND
from event_tracer.render.outcome import last_word

BACK_WITHIN = 5 * SECOND
"""Time within which an object that is gone may be there again: `kubectl replace --force`."""


class Ending(IntEnum):
    """How waiting ends: the exit code of `wait`."""

    COMPLETE = 0
    FAILED = 1
    OPEN = 3


class Turn(NamedTuple):
    """What a look at an object found: sentences that are new, and its end, if it is one."""

    notes: tuple[str, ...] = ()
    ending: Ending | None = None


class Waiting:
    """One object, called `name`, look after look.

    Complete it must have been for `settle`, without an error meanwhile, but for four times that at
    most: a healthy pod may have Warnings for ever. What failed after it had come to rest is waited
    for no longer than `patience`.
    """

    def __init__(self, name: str, *, settle: int, patience: int) -> None:
        self.name = name
        self._settle = settle
        self._patience = patience
        self._identity = ""
        self._change: int | None = None
        self._gone: int | None = None
        self._complete: int | None = None
        self._failing: int | None = None
        self._said: set[str] = set()

    def look(
        self, stand: Stand, *, sealed: str, troubled: int, is_readable: bool, now: int
    ) -> Turn:
        """Take in how the object stands at `now`, whose story's last error was at `troubled`.

        `sealed` is what became of the newest change's story, empty while that is open;
        `is_readable`: objects of its kind may be read.
        """
        if not (stand.is_live or (not is_readable and stand.trace_id)):
            return self._absent(now)
        notes = self._news(stand)
        if stand.is_leaving:
            return Turn((*notes, *self._once("leaving", "is being deleted")))
        self._gone = None
        return Turn(notes, self._ending(stand, sealed, troubled, now))

    # -- there or not

    def _absent(self, now: int) -> Turn:
        if not self._identity:
            return Turn(self._once("absent", "is not there yet; waiting for it"))
        if self._gone is None:
            self._gone = now
        is_over = now - self._gone >= BACK_WITHIN
        note = self._once("gone", "was deleted while it was waited for") if is_over else ()
        return Turn(note, Ending.FAILED if is_over else None)

    def _news(self, stand: Stand) -> tuple[str, ...]:
        notes: list[str] = []
        if "absent" in self._said and not self._identity:
            notes += self._once("there", "is there now")
        if self._identity and stand.item.identity != self._identity:
            notes.append(f"{self.name} was replaced: waiting for the new one")
            self._change = None
        self._identity = stand.item.identity
        change = stand.change if changes_by_itself(stand.item) else None
        if change is None:
            return tuple(notes)
        number = change.second if change.generation is None else change.generation
        if self._change is not None and number > self._change:
            what = f"{change.verb} by {change.manager}".strip()
            notes.append(f"{self.name} was changed again ({what}): waiting for that")
            self._complete = self._failing = None
        self._change = number
        return tuple(notes)

    def _once(self, word: str, text: str) -> tuple[str, ...]:
        if word in self._said:
            return ()
        self._said.add(word)
        return (f"{self.name} {text}",)

    # -- its end

    def _ending(self, stand: Stand, sealed: str, troubled: int, now: int) -> Ending | None:
        outcome = stand.verdict.outcome
        # What has no status of its own, as a CronJob, is as its newest run.
        is_complete = outcome == "complete" or (outcome, last_word(sealed)) == (
            "started",
            "complete",
        )
        is_failing = last_word(sealed) == "failed"
        self._complete = self._since(stand, now) if is_complete else None
        self._failing = (self._failing or now) if is_failing and not is_complete else None
        if stand.is_sure or (sealed == "failed" and not is_complete):
            return Ending.FAILED
        if self._failing is not None and now - self._failing >= self._patience:
            return Ending.FAILED
        # What had failed and is complete by its status alone may be between two deaths.
        needed = self._patience if is_failing else self._settle
        if self._complete is None:
            return None
        quiet = max(self._complete, min(troubled, self._complete + 3 * self._settle))
        return Ending.COMPLETE if now - quiet >= needed else None

    def _since(self, stand: Stand, now: int) -> int:
        known = self._complete if self._complete is not None else now
        return known if stand.complete_since is None else stand.complete_since
