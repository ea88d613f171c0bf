"""What `replay` may be told."""

from pathlib import Path
from typing import Literal

from pydantic import model_validator

from event_tracer.cli.settings.options import MessageOptions, PictureOptions, Settings, option


class ReplaySettings(Settings, MessageOptions, PictureOptions):
    """What `replay` may be told."""

    to: Literal["console", "otlp", "sdk", "otlp-json"] = option(
        "console",
        "console: draw the traces; otlp: send them to the endpoint of the OTEL_EXPORTER_OTLP_* "
        "variables; sdk: hand them to the exporters that OTEL_TRACES_EXPORTER names; otlp-json: "
        "write one document for 'Upload JSON file' in Jaeger's UI",
    )
    output: Literal["picture", "wide", "json"] = option(
        "picture",
        "wide: draw node, image, count and message too; json: the same as --to otlp-json",
        short="o",
    )
    output_file: Path | None = option(
        None, "where otlp-json writes; else to standard output", metavar="FILE"
    )
    html: Path | None = option(
        None,
        "write one page for a browser instead: the timelines with search, filters, zoom and raw "
        "Events, all of it in FILE, which asks no network for anything",
        metavar="FILE",
    )
    shift_to_now: bool = option(
        False,
        "move all times so that the last is now, for a UI that looks back one hour; trace and "
        "span ids then differ from those of a replay without it",
    )

    @model_validator(mode="after")
    def _output_has_a_use(self) -> "ReplaySettings":
        if self.output == "json" and self.target != "otlp-json":
            raise ValueError(f"--output json is the same as --to otlp-json, not as --to {self.to}")
        if self.output_file and self.target != "otlp-json":
            raise ValueError("--output-file says where --to otlp-json writes; give both")
        return self

    @model_validator(mode="after")
    def _page_is_alone(self) -> "ReplaySettings":
        if self.html and self.target != "console":
            raise ValueError("--html writes a page instead; it goes with no other --to or --output")
        if self.html and self.shift_to_now:
            raise ValueError("--html shows all times as they were; leave --shift-to-now out")
        return self

    @property
    def target(self) -> str:
        """Where the traces go."""
        return "otlp-json" if self.output == "json" and self.to == "console" else self.to
