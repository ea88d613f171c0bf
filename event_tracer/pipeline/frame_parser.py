"""JSON of an API server as frames that the fold may trust."""

import logging
from collections.abc import Callable

from event_tracer.core.filters import Redact
from event_tracer.core.frame import Frame, parse_frame
from event_tracer.core.times import SECOND
from event_tracer.core.wire import MalformedError
from event_tracer.kube.handler import Raw
from event_tracer.runtime.metrics import Metrics

_AHEAD = 60 * SECOND  # ns that one API server may be ahead of another

logger = logging.getLogger(__name__)


class FrameParser:
    """Parses frames, redacted; `now` is the API server's clock (ns), None before it answered."""

    def __init__(
        self, *, redact: Redact | None, metrics: Metrics, now: Callable[[], int | None]
    ) -> None:
        self._redact = redact
        self._metrics = metrics
        self._now = now
        self._believable = 0  # ns; the newest time that was no future when `now` was last asked

    @property
    def wants_raw(self) -> bool:
        """Frames must come as JSON, to be redacted or kept."""
        return self._redact is not None

    def parse(self, raw: Raw) -> Frame | None:
        """The frame; None, counted and logged, where it cannot be used."""
        try:
            return self.drop_future_time(parse_frame(self._redact(raw) if self._redact else raw))
        except MalformedError as error:
            self._metrics.dropped("malformed")
            logger.warning(
                "a frame cannot be used", extra={"resource": raw["resource"], "reason": str(error)}
            )
            return None

    def drop_future_time(self, frame: Frame) -> Frame:
        """The frame, without its server time if that lies in the future."""
        # Whoever writes an object may write any time into its managedFields; one of the future
        # would stop the watermark until then.
        written = frame.body.server_time
        if written is None or written <= self._believable:
            return frame
        now = self._now()
        self._believable = written if now is None else now + _AHEAD
        if written <= self._believable:
            return frame
        return frame.but(body=frame.body.but(server_time=None))
