"""The interface between a Watch and whatever takes its frames."""

from collections.abc import Sequence
from typing import Any, Protocol

from event_tracer.core.frame import Frame, Line, Listing
from event_tracer.kube.resources import Resource
from event_tracer.kube.stream import PollInterval

Raw = dict[str, Any]


class WatchInfo(Protocol):
    """A watch as its handler sees it; `version` is the last resourceVersion that was read.

    At `last_read` (the loop's time) all that had happened was read, None where that was never so.
    """

    resource: Resource
    namespace: str
    version: str
    last_read: float | None

    @property
    def place(self) -> str:
        """`namespace/resource`."""

    @property
    def is_live(self) -> bool:
        """Whether all that has happened was read."""

    @property
    def is_denied(self) -> bool:
        """Whether the resource may not be read, or is not there."""


class FrameHandler(Protocol):
    """Takes the frames of watches."""

    @property
    def wants_raw(self) -> bool:
        """Whether each frame comes as JSON, by `on_raw`; else by `on_lines`, save the odd one."""

    def on_list_begin(self, watch: WatchInfo) -> None:
        """A LIST begins, perhaps for another time."""

    def on_page(
        self, watch: WatchInfo, frames: list[Frame], raws: list[Raw], listing: Listing
    ) -> None:
        """Some items of a LIST: those that were parsed, and the others, which may be unusable.

        `listing` says what kind of LIST that is. Where raw frames are wanted, all are.
        """

    async def on_list(self, watch: WatchInfo, listing: Listing) -> None:
        """A LIST is complete; its frames are those of its pages."""

    def on_lines(self, watch: WatchInfo, lines: Sequence[Line]) -> int | None:
        """Frames, parsed; returns the newest time (ns) that the API server wrote in them."""

    def on_raw(self, watch: WatchInfo, raw: Raw) -> int | None:
        """One frame as JSON, which may be unusable; returns as `on_lines`, None if unknown."""

    def on_status_change(self, watch: WatchInfo) -> None:
        """`is_live` or `is_denied` changed."""

    def poll_interval(self, watch: WatchInfo) -> PollInterval:
        """Interval at which its stream is read."""

    def has_capacity(self, watch: WatchInfo) -> bool:
        """Whether more can be taken now."""

    async def wait_for_capacity(self, watch: WatchInfo) -> None:
        """Return once more can be taken again."""
