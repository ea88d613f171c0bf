"""What `replay` may be told."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import model_validator

from event_tracer.cli.settings.options import MessageOptions, PictureOptions, Settings, also, option

_FORMATS = ("picture", "wide", "json")


class ReplaySettings(Settings, MessageOptions, PictureOptions):
    """What `replay` may be told."""

    to: Annotated[
        Literal["terminal", "otlp", "sdk", "otlp-json"], also({"console": "terminal"})
    ] = option(
        "terminal",
        "terminal: draw the traces; otlp: send them to the endpoint of the OTEL_EXPORTER_OTLP_* "
        "variables; sdk: hand them to the exporters that OTEL_TRACES_EXPORTER names; otlp-json: "
        "write one document for 'Upload JSON file' in Jaeger's UI",
    )
    output: str = option(
        "picture",
        "wide: draw node, image, count and message too; json: the same as --to otlp-json",
        metavar="picture|wide|json",
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
        if self.output not in _FORMATS and self.to != "otlp-json":
            raise ValueError(
                f"--output {self.output} is none of picture, wide and json; "
                "a file is written by --to otlp-json --output-file FILE"
            )
        if self.output_file and self.target != "otlp-json":
            raise ValueError("--output-file says where --to otlp-json writes; give both")
        return self

    @model_validator(mode="after")
    def _page_is_alone(self) -> "ReplaySettings":
        if self.html and self.target != "terminal":
            raise ValueError("--html writes a page instead; it goes with no other --to or --output")
        if self.html and self.shift_to_now:
            raise ValueError("--html shows all times as they were; leave --shift-to-now out")
        return self

    @property
    def target(self) -> str:
        """Where the traces go."""
        return "otlp-json" if self.output == "json" and self.to == "terminal" else self.to

    @property
    def file(self) -> Path | None:
        """What otlp-json writes; None is standard output."""
        # `--to otlp-json --output FILE` was the spelling before --output named a format.
        named = None if self.output in _FORMATS else Path(self.output)
        return self.output_file or named
