"""The settings of each command."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from event_tracer.cli.settings.base import CLUSTER, LEADER, SENDING, STORIES, BaseOptions, option
from event_tracer.cli.settings.options import (
    ConnectionOptions,
    LeaderOptions,
    MessageOptions,
    PictureOptions,
    SelectorOptions,
    StatusOptions,
    WatchOptions,
)
from event_tracer.cli.settings.span_options import FilterOptions, NamingOptions
from event_tracer.cli.settings.types import (
    Duration,
    Files,
    Namespaces,
    PageAddress,
    ProbeAddress,
    Url,
)

UI_SPANS = 10_000
"""The page of a run shows the newest of them; older stories are forgotten."""
EXPLAINED, LEAST_EXPLAINED = 4096, 1024
"""Bytes that an explanation may have as JSON, and those that each fits in."""
_HTML = (
    "write one HTML page to FILE instead, with search, filters, zoom and the Events themselves; "
    "it loads nothing from the network, so it can be sent to a colleague"
)


class ReplaySettings(FilterOptions, MessageOptions, PictureOptions):
    """The settings of `replay`."""

    to: Literal["console", "otlp", "sdk", "otlp-json"] = option(
        "console",
        "console: draw the traces here; otlp: send them to the endpoint of the "
        "OTEL_EXPORTER_OTLP_* variables; sdk: hand them to the exporters that "
        "OTEL_TRACES_EXPORTER names; otlp-json: write one file for 'Upload JSON file' in "
        "Jaeger's UI",
    )
    output: Literal["picture", "wide", "json"] = option(
        "picture",
        "wide: draw node, image, count and message too; json: the same as --to otlp-json",
        short="o",
    )
    output_file: Path | None = option(
        None, "with --to otlp-json, write to FILE instead of standard output", metavar="FILE"
    )
    html: Path | None = option(None, _HTML, metavar="FILE")
    shift_to_now: bool = option(
        False,
        "move all times so that the last is now, for a UI that shows only the last hour; trace "
        "and span ids then differ from those of a replay without it",
    )

    @model_validator(mode="after")
    def _output_has_a_use(self) -> "ReplaySettings":
        if self.output == "json" and self.to not in ("console", "otlp-json"):
            raise ValueError(f"--output json is the same as --to otlp-json, not as --to {self.to}")
        if self.output_file and self.sink != "otlp-json":
            raise ValueError("--output-file says where --to otlp-json writes; give both")
        return self

    @model_validator(mode="after")
    def _page_is_alone(self) -> "ReplaySettings":
        if self.html and (self.to != "console" or self.output == "json"):
            raise ValueError("--html writes a page instead; it goes with no other --to or --output")
        if self.html and self.shift_to_now:
            raise ValueError("--html shows all times as they were; leave --shift-to-now out")
        return self

    @property
    def sink(self) -> str:
        """The word for where the traces go."""
        return "html" if self.html else "otlp-json" if self.output == "json" else self.to


class RunSettings(
    WatchOptions, StatusOptions, FilterOptions, MessageOptions, LeaderOptions, PictureOptions
):
    """The settings of `run`."""

    to: Literal["auto", "otlp", "sdk", "console", "none"] = option(
        "auto",
        "otlp: send to the endpoint of the OTEL_EXPORTER_OTLP_* variables; sdk: hand to the "
        "exporters that OTEL_TRACES_EXPORTER names; console: draw each trace here when it is "
        "complete; none: only show them on the page of --ui; auto: otlp, or none with --ui where "
        "no endpoint is set",
        group=SENDING,
    )
    ui: PageAddress = option(
        None,
        f"serve a live page of the newest {UI_SPANS:,} spans at [HOST:]PORT, to be looked at in a "
        "browser; HOST is 127.0.0.1 unless given; it has no login",
        group=SENDING,
        metavar="ADDRESS",
    )
    output: Literal["picture", "wide"] = option(
        "picture", "with --to console, wide: draw node, image, count and message too", short="o"
    )
    start: Literal["all", "now"] = option(
        "all",
        "without a checkpoint, begin with all Events that the API server still has, or only with "
        "new ones",
        group=SENDING,
    )
    queue_size: Annotated[int, Field(ge=1)] = option(
        20_000,
        "number of spans that may wait to be sent; reading from the cluster pauses above it",
        group=SENDING,
        metavar="SPANS",
    )
    grace_period: Annotated[float, Field(gt=0)] = option(
        20.0,
        "seconds to send what is left after SIGTERM or SIGINT; keep it below the Pod's "
        "terminationGracePeriodSeconds",
        group=SENDING,
        metavar="SECONDS",
    )
    lease_duration: Annotated[int, Field(ge=3, le=3600)] = option(
        15,
        "seconds without a renewal of the Lease after which another replica takes over; a leader "
        "that cannot renew it exits after two thirds of that time",
        group=LEADER,
        metavar="SECONDS",
    )
    bind_address: ProbeAddress = option(
        "auto",
        "serve /metrics, /healthz and /readyz at [HOST]:PORT; auto: :8080 in a cluster, elsewhere "
        "none",
        metavar="ADDRESS",
    )

    @model_validator(mode="after")
    def _something_is_shown(self) -> "RunSettings":
        if self.to == "none" and not self.ui:
            raise ValueError("--to none sends nothing anywhere; give --ui, to look at it")
        return self


class RecordSettings(WatchOptions, StatusOptions, MessageOptions):
    """The settings of `record`."""


class CheckSettings(WatchOptions, LeaderOptions):
    """The settings of `check`."""

    log_level: Literal["debug", "info", "warning", "error"] = option(
        "error", "log messages of this level and above"
    )
    cluster_name: str = option("", "set k8s.cluster.name of the test span to this", metavar="NAME")
    cluster_uid: str = option(
        "", "uid of the cluster; default: that of the namespace kube-system", metavar="UID"
    )


class SnapshotSettings(ConnectionOptions, StatusOptions, NamingOptions, MessageOptions):
    """The settings of the commands that read what is in a cluster now."""

    namespace: Namespaces = option(
        (),
        "read only this namespace; separate several by commas; default: the namespace of the "
        "kubeconfig's context, in a Pod its own",
        group=CLUSTER,
        metavar="NAME",
        short="n",
    )
    all_namespaces: bool = option(
        False, "read all namespaces, which needs a ClusterRole", group=CLUSTER, short="A"
    )
    log_level: Literal["debug", "info", "warning", "error"] = option(
        "error", "log messages of this level and above"
    )


class ShowSettings(SnapshotSettings, SelectorOptions, PictureOptions):
    """The settings of `show`."""

    since: Duration = option(
        "1h", "only stories with an Event within this time", group=STORIES, metavar="TIME"
    )
    last: Annotated[int, Field(ge=0)] = option(
        10,
        "this many stories, what failed first, then the newest; 0: all",
        group=STORIES,
        metavar="STORIES",
    )
    warnings: bool = option(False, "only stories with an Event that is not Normal", group=STORIES)
    follow: bool = option(
        False,
        "keep watching, until SIGINT: on a terminal redraw in place, else draw each story when it "
        "is complete",
        short="f",
    )
    exit_code: bool = option(False, "exit with 1 if anything that is shown has failed")
    output: Literal["picture", "wide", "json"] = option(
        "picture",
        "wide: draw node, image, count and message too; json: write OTLP JSON, for 'Upload JSON "
        "file' in Jaeger's UI",
        short="o",
    )
    html: Path | None = option(None, _HTML, metavar="FILE")

    @model_validator(mode="after")
    def _what_follows_is_drawn(self) -> "ShowSettings":
        if self.follow and self.output == "json":
            raise ValueError("--follow draws; it has no --output json")
        if self.follow and self.exit_code:
            raise ValueError("--follow goes on for ever; `event-tracer wait` has an exit code")
        if self.html and (self.follow or self.output == "json"):
            raise ValueError("--html writes one page; it goes with neither --follow nor -o json")
        return self

    @property
    def sink(self) -> str:
        """The word for where the traces go."""
        return "html" if self.html else "otlp-json" if self.output == "json" else "console"


class LinkSettings(SnapshotSettings):
    """The settings of `link`."""

    jaeger_url: Url = option(
        "", "address of Jaeger's UI; without it, trace ids are printed", metavar="URL"
    )


class ExplainSettings(SnapshotSettings):
    """The settings of `explain`."""

    file: Files = option(
        (),
        "read this instead of a cluster: a recording, or what kubectl printed as JSON or YAML; - "
        "is stdin; repeat the option for several",
        metavar="FILE",
        short="f",
    )
    output: Literal["text", "json", "markdown"] = option(
        "text",
        "json: the document of docs/explain.schema.json on one line; markdown: for a ticket",
        short="o",
    )
    max_bytes: Annotated[int, Field(ge=LEAST_EXPLAINED)] = option(
        EXPLAINED,
        "bytes that the JSON may have; what tells least is left out first",
        metavar="BYTES",
    )
    jaeger_url: Url = option("", "address of Jaeger's UI, for the link", metavar="URL")


class WaitSettings(SnapshotSettings, SelectorOptions):
    """The settings of `wait`."""

    timeout: Duration = option(
        "10m", "end with 3 after this time, naming what is open; 0s: look once", metavar="TIME"
    )
    patience: Duration = option(
        "2m",
        "time for which an error beyond doubt, as an image that is not there, must have stood",
        metavar="TIME",
    )
    settle: Duration = option(
        "10s",
        "time for which it must have been complete, without an error: what dies as soon as it is "
        "up has failed; 0s: none, as kubectl rollout status",
        metavar="TIME",
    )
    output: Literal["text", "json", "markdown"] = option(
        "text",
        "json: for each object the document of explain -o json, a line each, and what happens "
        "meanwhile to standard error; markdown: for a ticket",
        short="o",
    )
    max_bytes: Annotated[int, Field(ge=LEAST_EXPLAINED)] = option(
        EXPLAINED, "bytes that the JSON of one object may have", metavar="BYTES"
    )
    jaeger_url: Url = option("", "address of Jaeger's UI, for the link", metavar="URL")


MODELS: tuple[type[BaseOptions], ...] = (
    ShowSettings,
    RunSettings,
    ReplaySettings,
    LinkSettings,
    ExplainSettings,
    WaitSettings,
    RecordSettings,
    CheckSettings,
)
"""Of all commands: one file of settings may serve them all."""
