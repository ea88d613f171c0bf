"""The bridge's own metrics: for Prometheus to read, and over OTLP where the variables say so.

No attribute holds a name, uid or namespace of an object: there is no end of those.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import get_args

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.environment_variables import OTEL_SDK_DISABLED
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.semconv._incubating.attributes import otel_attributes
from opentelemetry.semconv._incubating.metrics import otel_metrics
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME, SERVICE_VERSION
from prometheus_client import CollectorRegistry, generate_latest

from event_tracer import __version__
from event_tracer.runtime.counter import Tally
from event_tracer.runtime.metric_exporters import TelemetryError, check_exporters, push_readers
from event_tracer.runtime.metrics import Lookup

_TYPES = ("ADDED", "MODIFIED", "DELETED", "LISTED")
_DROPS = ("malformed", "too_long", "truncated", "unknown_type")
# seconds; a retry for ever makes operations long, a Lease or a LIST makes lag
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
_LAGS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
logger = logging.getLogger(__name__)


class Telemetry:
    """Metrics of one process over OpenTelemetry; one thread counts, any may read.

    `exporter` is the otel.component.type of what sends the spans, as "otlp_grpc_span_exporter".
    `rules` are the filter's, `clock` gives seconds that only rise. The OTEL_* variables are those
    of the process. Raises TelemetryError where OTEL_METRICS_EXPORTER names what there is not.
    """

    def __init__(
        self, *, exporter: str, rules: Iterable[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._acknowledged_at = clock()
        self._queue: Callable[[], int] = int
        self._refused: Callable[[], tuple[int, float]] = lambda: (0, 0.0)
        self._sealed_early: Callable[[], int] = int
        self._leads: Callable[[], bool] = lambda: True
        self._registry = CollectorRegistry()
        self._provider = _provider(self._registry)
        meter = self._meter = self._provider.get_meter("event_tracer")
        self._count_reading(meter, rules)
        self._count_keeping(meter)
        self._count_sending(meter, exporter)

    def _count_reading(self, meter: Meter, rules: Iterable[str]) -> None:
        tally = partial(Tally, meter)
        self._received = tally(
            "event_tracer.events.received", "{event}", "Events read from the API server.",
            attributes=("type",), known=_TYPES,
        )  # fmt: skip
        self._occurrences = tally(
            "event_tracer.occurrences", "{occurrence}",
            "Occurrences: a count and a time of an Event that were not seen before.",
        )  # fmt: skip
        self._dropped = tally(
            "event_tracer.frames.dropped", "{frame}", "Frames that could not be used.",
            attributes=("reason",), known=_DROPS,
        )  # fmt: skip
        self._filtered = tally(
            "event_tracer.events.filtered", "{event}", "Event spans that a filter held back.",
            attributes=("rule",), known=rules,
        )  # fmt: skip
        self._restarts = tally(
            "event_tracer.watch.restarts", "{restart}", "Watches that were begun again.",
            attributes=("resource", "cause"), known=(),
        )  # fmt: skip
        self._lookups = tally(
            "event_tracer.owner.lookups", "{lookup}", "Requests for one owner's metadata.",
            attributes=("result",), known=get_args(Lookup),
        )  # fmt: skip

    def _count_keeping(self, meter: Meter) -> None:
        tally = partial(Tally, meter)
        self._gaps = tally(
            "event_tracer.gaps",
            "{gap}",
            "Watches that had expired: what they missed is told by a span.",
        )
        self._hidden = tally(
            "event_tracer.gap.occurrences", "{occurrence}",
            "Occurrences that gaps hid, as far as counts of Events and of restarts tell.",
        )  # fmt: skip
        self._writes = tally(
            "event_tracer.checkpoint.writes", "{write}", "Times the checkpoint was written.",
            attributes=("result",), known=("ok", "failed"),
        )  # fmt: skip
        self._ids_dropped = tally(
            "event_tracer.checkpoint.ids.dropped", "{id}",
            "Ids of sent object spans that left a full checkpoint.",
        )  # fmt: skip
        self._gauge(
            "event_tracer.object_spans.sealed_early", "{span}", lambda: [self._sealed_early()],
            "Spans of pods sealed as they stood since the start, too many being open.",
        )  # fmt: skip

    def _count_sending(self, meter: Meter, exporter: str) -> None:
        self._component = {
            otel_attributes.OTEL_COMPONENT_TYPE: exporter,
            otel_attributes.OTEL_COMPONENT_NAME: f"{exporter}/0",
        }
        self._exported = otel_metrics.create_otel_sdk_exporter_span_exported(meter)
        self._exported.add(0, self._component)
        self._inflight = otel_metrics.create_otel_sdk_exporter_span_inflight(meter)
        self._inflight.add(0, self._component)
        # Not by its creator: that leaves the SDK's buckets, which are for milliseconds.
        self._operation = meter.create_histogram(
            otel_metrics.OTEL_SDK_EXPORTER_OPERATION_DURATION, "s",
            "The duration of exporting a batch of telemetry records.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )  # fmt: skip
        self._lag = meter.create_histogram(
            "event_tracer.event.lag", "s",
            "From the time of a batch's oldest Event to its acknowledgement.",
            explicit_bucket_boundaries_advisory=_LAGS,
        )  # fmt: skip
        gauge = self._gauge
        gauge(
            "event_tracer.export.last_acknowledgement.age", "s", self._ages,
            "Since the collector last acknowledged spans; since the start while it never did. "
            "A standby has none.",
        )  # fmt: skip
        gauge(
            "event_tracer.export.queue.size", "{span}", lambda: [self._queue()],
            "Spans that wait.",
        )  # fmt: skip
        gauge(
            "event_tracer.export.refused.size", "{span}", lambda: [self._refused()[0]],
            "Those of them that the collector does not take, while it takes others.",
        )  # fmt: skip
        gauge(
            "event_tracer.export.refused.age", "s", lambda: [self._refused()[1]],
            "Since the first of these was refused; 0 where there is none.",
        )  # fmt: skip

    def _gauge(self, name: str, unit: str, read: Callable[[], list[float]], text: str) -> None:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            return map(Observation, read())

        self._meter.create_observable_gauge(name, [observe], unit, text)

    def received(self, type_: str, count: int = 1) -> None:
        """Events were read: ADDED, MODIFIED, DELETED, or LISTED."""
        self._received.add(type_, count=count)

    def occurrence(self) -> None:
        """An occurrence was found: a count and a time of an Event that were not seen before."""
        self._occurrences.add()

    def dropped(self, reason: str) -> None:
        """A frame could not be used; the reason is one of few words, as "malformed"."""
        self._dropped.add(reason)

    def filtered(self, rule: str) -> None:
        """A filter held an event span back."""
        self._filtered.add(rule)

    def restarted(self, resource: str, cause: str) -> None:
        """The watch of a resource ("pods") was begun again; the cause is one of few words."""
        self._restarts.add(resource, cause)

    def looked_up(self, result: Lookup) -> None:
        """One owner was asked for."""
        self._lookups.add(result)

    def gap(self, hidden: int) -> None:
        """A gap was found, which hid at least so many occurrences."""
        self._gaps.add()
        self._hidden.add(count=hidden)

    def checkpoint(self, ok: bool) -> None:
        """The checkpoint was written, or could not be."""
        self._writes.add("ok" if ok else "failed")

    def ids_dropped(self, count: int) -> None:
        """So many ids had to leave the checkpoint."""
        self._ids_dropped.add(count=count)

    def exported(self, count: int, error_type: str = "") -> None:
        """So many spans were acknowledged, or lost for this reason."""
        self._exported.add(count, self._outcome(error_type))

    def inflight(self, delta: int) -> None:
        """So many more spans (less, if negative) are being sent."""
        self._inflight.add(delta, self._component)

    def operation(self, seconds: float, error_type: str = "") -> None:
        """One request took so long."""
        self._operation.record(seconds, self._outcome(error_type))

    def acknowledged(self) -> None:
        """The collector has just acknowledged spans."""
        self._acknowledged_at = self._clock()

    def lag(self, seconds: float) -> None:
        """A batch was acknowledged so long after its oldest Event; of two clocks, so at least 0."""
        self._lag.record(max(0.0, seconds))

    def watch_queue(self, read: Callable[[], int]) -> None:
        """Use `read` for the number of spans that wait; any thread may call it."""
        self._queue = read

    def watch_refused(self, read: Callable[[], tuple[int, float]]) -> None:
        """Use `read` for how many spans are refused, and for how many seconds; from any thread."""
        self._refused = read

    def watch_sealed_early(self, read: Callable[[], int]) -> None:
        """Use `read` for the number of object spans sealed as they stood; from any thread."""
        self._sealed_early = read

    def watch_leader(self, read: Callable[[], bool]) -> None:
        """Use `read` for the state of the leader; any thread may call it. To be called once."""
        self._leads = read
        text = "1 where this process leads, 0 where it stands by."
        self._gauge("event_tracer.leader", "", lambda: [int(read())], text)

    def text(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)

    def shutdown(self, seconds: float = 5.0) -> None:
        """Send what is left and stop, within so many seconds; blocks. To be called once."""
        try:
            self._provider.shutdown(timeout_millis=seconds * 1000)
        except Exception as error:  # the SDK raises no other
            logger.warning("the last metrics may be lost", extra={"error": str(error)})

    def _outcome(self, error_type: str) -> dict[str, str]:
        return self._component | {ERROR_TYPE: error_type} if error_type else self._component

    def _ages(self) -> list[float]:
        return [self._clock() - self._acknowledged_at] if self._leads() else []


def check_variables() -> str:
    """What is odd about metrics by these variables; empty for nothing. Sends none of them.

    Raises TelemetryError for what no Telemetry can be made of.
    """
    check_exporters()
    with _as_telemetry_error():
        MeterProvider(resource=_resource(), shutdown_on_exit=False).shutdown()
    is_off = os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"
    return f"{OTEL_SDK_DISABLED} is true: /metrics is empty" if is_off else ""


@contextmanager
def _as_telemetry_error() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        text = f"a variable of the OpenTelemetry SDK cannot be meant: {error}"
        raise TelemetryError(text) from error


def _provider(registry: CollectorRegistry) -> MeterProvider:
    if odd := check_variables():
        logger.warning(odd + "; spans are sent all the same")
    return MeterProvider(
        metric_readers=[
            PrometheusMetricReader(scope_info_enabled=False, registry=registry),
            *push_readers(),
        ],
        resource=_resource(),
        shutdown_on_exit=False,
    )


def _resource() -> Resource:
    # What Resource.create() is given would win over the variables.
    said = OTELResourceDetector().detect().attributes
    ours = {SERVICE_NAME: "event-tracer", SERVICE_VERSION: __version__}
    return Resource.create({name: value for name, value in ours.items() if name not in said})
