"""What reads a watch, and what it is told."""

from typing import Any, NamedTuple, Protocol

from event_tracer.core.frame import Listing
from event_tracer.kube.resources import Resource

Raw = dict[str, Any]


class Source(Protocol):
    """A watch as its reader sees it; `version` is the last resourceVersion that was read."""

    resource: Resource
    namespace: str
    version: str
    is_live: bool
    is_denied: bool


class Read(NamedTuple):
    """What a line was: its resourceVersion, and the newest time (ns) that the API server wrote."""

    version: str
    written: int | None


class Pace(NamedTuple):
    """A look at a stream once in `every` seconds, so many `late`; 0: at each frame at once."""

    every: float = 0.0
    late: float = 0.0


class Reader(Protocol):
    """What takes the frames of watches."""

    def begin(self, watch: Source) -> None:
        """A LIST begins, perhaps for another time."""

    def page(self, watch: Source, raws: list[Raw]) -> None:
        """Some of a LIST's items, as frames."""

    async def on_list(self, watch: Source, listing: Listing) -> None:
        """A LIST is complete; its frames are those of its pages."""

    def line(self, watch: Source, text: bytes) -> Read | None:
        """A line as it came; None where it is wanted as a `frame`, or needs a closer look."""

    def frame(self, watch: Source, raw: Raw) -> int | None:
        """One frame; the newest time (ns) that the API server wrote in it, if that is known."""

    def standing(self, watch: Source) -> None:
        """`is_live` or `is_denied` changed."""

    def pace(self, watch: Source) -> Pace:
        """How often its stream is to be looked at."""

    def has_room(self, watch: Source) -> bool:
        """Whether it can take more now."""

    async def room(self, watch: Source) -> None:
        """Return once it can take more again."""
