"""What the commands that look at a cluster once may be told: `show` and `link`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from event_tracer.cli.settings.live import CLUSTER, ConnectionOptions
from event_tracer.cli.settings.options import (
    MessageOptions,
    NamespaceNames,
    NamingOptions,
    PictureOptions,
    option,
)
from event_tracer.core.times import parse_duration

_WHICH = "which stories"


def _duration(text: str) -> str:
    if not parse_duration(text):
        raise ValueError(f"{text!r} is no duration: it is like 90s, 30m or 1h30m")
    return text


def _url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} is no URL: it is like https://jaeger.example.org")
    return text.rstrip("/")


class LookSettings(ConnectionOptions, NamingOptions, MessageOptions):
    """What part of a cluster to look at."""

    namespace: NamespaceNames = option(
        (),
        "look at this one; several by commas; else that of the kubeconfig's context, or the "
        "Pod's own",
        group=CLUSTER,
        metavar="NAME",
        short="n",
    )
    all_namespaces: bool = option(
        False, "look at all, which takes a ClusterRole", group=CLUSTER, short="A"
    )
    log_level: Literal["debug", "info", "warning", "error"] = option("error", "what is logged")


class ShowSettings(LookSettings, PictureOptions):
    """What `show` may be told."""

    since: Annotated[str, AfterValidator(_duration)] = option(
        "1h", "only stories to which something came within this time", group=_WHICH, metavar="TIME"
    )
    last: Annotated[int, Field(ge=0)] = option(
        10, "the newest so many; 0: all", group=_WHICH, metavar="STORIES"
    )
    warnings: bool = option(False, "only stories in which something is not Normal", group=_WHICH)
    follow: bool = option(
        False, "go on, until SIGINT: in place on a terminal, else as stories settle", short="f"
    )
    output: Literal["picture", "wide", "json"] = option(
        "picture",
        "wide: node, image, count and message too; json: OTLP JSON, for Jaeger's upload",
        short="o",
    )

    html: Path | None = option(
        None,
        "write one page for a browser instead, all of it in FILE, to be sent to a colleague",
        metavar="FILE",
    )

    @model_validator(mode="after")
    def _what_follows_is_drawn(self) -> "ShowSettings":
        if self.follow and self.output == "json":
            raise ValueError("--follow draws; it has no --output json")
        if self.html and (self.follow or self.output == "json"):
            raise ValueError("--html writes one page; it goes with neither --follow nor -o json")
        return self

    @property
    def since_ns(self) -> int:
        """`since` in ns."""
        return parse_duration(self.since) or 0


class LinkSettings(LookSettings):
    """What `link` may be told."""

    jaeger_url: Annotated[str, AfterValidator(_url)] = option(
        "", "where Jaeger's UI is; without it, trace ids are printed", metavar="URL"
    )
