"""The lines of a WATCH, parsed and given to its handler."""

from collections.abc import Callable, Iterator

from event_tracer.core.frame import parse_lines
from event_tracer.core.wire import MalformedError
from event_tracer.kube.client import status_error
from event_tracer.kube.handler import FrameHandler, WatchInfo
from event_tracer.kube.listing import frame_of
from event_tracer.runtime.metrics import Metrics

OnFrame = Callable[[str, int | None], None]
"""A resourceVersion, empty where it has none, and the time (ns) of its writing, if known."""


class Dispatcher:
    """Gives the lines of `watch` to `handler`.

    `on_frame` is told of each frame or the newest of several, `on_bookmark` a version up to which
    nothing more comes.
    """

    def __init__(
        self, watch: WatchInfo, *, handler: FrameHandler, metrics: Metrics,
        on_frame: OnFrame, on_bookmark: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._watch = watch
        self._handler = handler
        self._metrics = metrics
        self._on_frame = on_frame
        self._on_bookmark = on_bookmark

    def dispatch(self, batch: list[bytes]) -> None:
        """Give these lines. Raises ApiError where one of them tells of an error."""
        left = iter(batch)
        while (odd := self._parse_plain(left)) is not None:
            self._parse_full(odd)

    def _parse_plain(self, left: Iterator[bytes]) -> bytes | None:
        """Read up to the first line that is no change, or not as nearly all are; returns that."""
        if self._handler.wants_raw:
            return next(left, None)
        resource = self._watch.resource
        parsed, odd = parse_lines(left, resource=resource.name, kind=resource.kind)
        if parsed:
            self._on_frame(parsed[-1].version, self._handler.on_lines(self._watch, parsed))
        return odd

    def _parse_full(self, line: bytes) -> None:
        try:
            type_, body, version = frame_of(line)
        except MalformedError:
            self._metrics.dropped("malformed")
            return
        if type_ == "ERROR":
            raise status_error(body)
        if type_ in ("ADDED", "MODIFIED", "DELETED"):
            frame = self._watch.resource.frame(body, type_=type_)
            self._on_frame(version, self._handler.on_raw(self._watch, frame))
            return
        if type_ != "BOOKMARK":
            self._metrics.dropped("unknown_type")
        self._on_bookmark(version)
