"""The pauses of a Watch after errors, refusals and stale versions."""

import asyncio
from math import inf

from event_tracer.kube.client import ApiError
from event_tracer.runtime.backoff import Backoff

_FIRST_PAUSE = 0.8  # seconds, as client-go
_LONGEST_DENIED = 300.0  # seconds until a refused resource is asked for again
_PATIENCE = 60.0  # seconds that something is refused which was allowed before, until that counts


class ShortWatchError(ApiError):
    """A WATCH ended within a second, having said something (client-go's VeryShortWatchError)."""


class Retry:
    """The errors of a Watch since its last success, and the pauses that follow them.

    Times are the loop's, in seconds. `last_error` is empty once requests go well again; since
    `failing_since` each request was answered by an error. `was_allowed`: an earlier run has read.
    """

    def __init__(self, *, was_allowed: bool = False) -> None:
        self.last_error = ""
        self.last_error_at = asyncio.get_running_loop().time()  # or that of the start
        self.failing_since = inf
        self._pauses = Backoff(first=_FIRST_PAUSE)
        self._short = Backoff(first=_FIRST_PAUSE)
        self._denied = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_DENIED)
        self._relists = 0
        self._refused_since = inf
        self._was_allowed = was_allowed

    @property
    def is_refusal_final(self) -> bool:
        """Whether a refusal counts as such: it is no slip in the middle of an upgrade of RBAC."""
        now = asyncio.get_running_loop().time()
        return not self._was_allowed or now - self._refused_since >= _PATIENCE

    def on_open(self) -> None:
        """A WATCH was opened, which is a right of its own beside that to LIST."""
        self._was_allowed = True

    def on_stale(self) -> float:
        """The version is stale: seconds until the LIST, which is at once for the first time.

        Nobody sees what happens before it.
        """
        self._relists += 1
        return self._pauses.pause() if self._relists > 1 else 0.0

    def on_error(self, error: ApiError) -> float:
        """A request failed: seconds until the next."""
        now = asyncio.get_running_loop().time()
        self.last_error, self.last_error_at = str(error), now
        self.failing_since = min(self.failing_since, now) if error.status else inf
        if error.is_refusal:
            self._refused_since = min(self._refused_since, now)
            return self._denied.pause() if self.is_refusal_final else self._pauses.pause()
        if isinstance(error, ShortWatchError):
            self._pauses.reset()  # whatever is wrong, it is not what was wrong before
            return self._short.pause()
        return self._pauses.pause(after=error.retry_after)

    def on_caught_up(self) -> None:
        """All was read."""
        self.last_error = ""

    def on_success(self) -> None:
        """A WATCH has lasted."""
        for backoff in (self._pauses, self._short, self._denied):
            backoff.reset()
        self._relists, self._refused_since, self.failing_since = 0, inf, inf
