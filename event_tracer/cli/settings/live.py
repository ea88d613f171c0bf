"""The settings of the commands that speak to a cluster."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from event_tracer.cli.settings.options import (
    BaseOptions,
    MessageOptions,
    NamespaceNames,
    PictureOptions,
    Settings,
    option,
)
from event_tracer.runtime.address import parse_address

CLUSTER, _SENDING = "which cluster", "where the spans go, and what is kept"
_LEADER = "which replica works"
UI_SPANS = 10_000
"""The page of a run shows the newest of them; older stories are forgotten."""
_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # RFC 1123 subdomain, nearly


def _address(text: str) -> str:
    if text not in ("auto", "none"):
        parse_address(text)
    return text


class ConnectionOptions(BaseOptions):
    """Which cluster to speak to, and how to say what happens."""

    kubeconfig: str = option(
        "",
        "the kubeconfig; else KUBECONFIG's, in a Pod its ServiceAccount, else ~/.kube/config",
        group=CLUSTER,
        metavar="FILE",
    )
    context: str = option(
        "", "the context of the kubeconfig; else its current one", group=CLUSTER, metavar="NAME"
    )
    log_level: Literal["debug", "info", "warning", "error"] = option("info", "what is logged")
    log_format: Literal["auto", "json", "console"] = option(
        "auto", "how; auto: JSON where standard error is no terminal"
    )


def _ui_address(text: str) -> str:
    address = f"127.0.0.1:{text}" if text.isdecimal() else text
    if text:
        parse_address(address)
    return address


class ClusterOptions(ConnectionOptions):
    """What of a cluster to watch."""

    watch_namespaces: NamespaceNames = option(
        (),
        "watch these alone, for which Roles are enough; else all, which takes a ClusterRole",
        group=CLUSTER,
        metavar="NAME",
    )


class CheckpointOptions(BaseOptions):
    """Where a restart finds what the run before it knew."""

    checkpoint: str = option(
        "auto",
        "what a restart goes on from: configmap, configmap/NAME, none or a FILE; auto: the "
        "ConfigMap event-tracer of the Pod's own namespace, outside a cluster none",
        group=_SENDING,
        metavar="WHERE",
    )


def _object_name(text: str) -> str:
    if len(text) > 253 or not _OBJECT_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of an object in Kubernetes")
    return text


class LeaderOptions(CheckpointOptions):
    """Which of several replicas works."""

    leader_elect: bool = option(
        False,
        "for several replicas: one works, the others stand by and take over from its checkpoint, "
        "which must be a ConfigMap (--checkpoint auto is one then)",
        group=_LEADER,
    )
    lease: Annotated[str, AfterValidator(_object_name)] = option(
        "event-tracer",
        "the Lease, in the Pod's own namespace, that the leader holds",
        group=_LEADER,
        metavar="NAME",
    )

    @model_validator(mode="after")
    def _all_share_a_checkpoint(self) -> "LeaderOptions":
        if self.leader_elect and self.checkpoint.partition("/")[0] not in ("auto", "configmap"):
            raise ValueError(
                "--leader-elect needs a checkpoint that all replicas share: "
                "--checkpoint configmap or configmap/NAME"
            )
        return self

    @property
    def place(self) -> str:
        """Where the checkpoint is: as `checkpoint`, but a ConfigMap where it must be one."""
        return "configmap" if self.leader_elect and self.checkpoint == "auto" else self.checkpoint


class RunSettings(ClusterOptions, Settings, MessageOptions, LeaderOptions, PictureOptions):
    """What `run` may be told."""

    to: Literal["auto", "otlp", "sdk", "console", "none"] = option(
        "auto",
        "otlp: the endpoint of the OTEL_EXPORTER_OTLP_* variables; sdk: the exporters that "
        "OTEL_TRACES_EXPORTER names; console: waterfalls of traces as they settle; none: nowhere "
        "but to the page of --ui; auto: otlp, but none with --ui where no endpoint is set",
        group=_SENDING,
    )
    ui: Annotated[str, AfterValidator(_ui_address)] = option(
        "",
        f"show the newest {UI_SPANS:,} spans as a live page for browsers, to look at only, at "
        "[HOST:]PORT; HOST is 127.0.0.1 unless given, and whoever reaches it reads all of them",
        group=_SENDING,
        metavar="ADDRESS",
    )
    output: Literal["picture", "wide"] = option(
        "picture", "of --to console; wide: node, image, count and message too", short="o"
    )
    start: Literal["all", "now"] = option(
        "all",
        "without a checkpoint: all Events that the API server still holds, or those from now on",
        group=_SENDING,
    )
    queue_size: Annotated[int, Field(ge=1)] = option(
        20_000,
        "spans that may wait for the back end; when there are more, reading waits",
        group=_SENDING,
        metavar="SPANS",
    )
    grace_period: Annotated[float, Field(gt=0)] = option(
        20.0,
        "seconds to deliver what is left after SIGTERM or SIGINT; less than the Pod's "
        "terminationGracePeriodSeconds",
        group=_SENDING,
        metavar="SECONDS",
    )
    lease_duration: Annotated[int, Field(ge=3, le=3600)] = option(
        15,
        "seconds without a sign of the leader after which another takes over; it ends itself after "
        "two thirds of them without an answer from the API server",
        group=_LEADER,
        metavar="SECONDS",
    )
    bind_address: Annotated[str, AfterValidator(_address)] = option(
        "auto",
        "[HOST]:PORT of /metrics, /healthz and /readyz; auto: :8080 in a cluster, else none",
        metavar="ADDRESS",
    )

    @model_validator(mode="after")
    def _something_is_shown(self) -> "RunSettings":
        if self.to == "none" and not self.ui:
            raise ValueError("--to none sends nothing anywhere; give --ui, to look at it")
        return self


class RecordSettings(ClusterOptions, MessageOptions):
    """What `record` may be told."""


class CheckSettings(ClusterOptions, LeaderOptions):
    """What `check` may be told."""

    cluster_name: str = option("", "k8s.cluster.name of the test span", metavar="NAME")
    cluster_uid: str = option(
        "", "the cluster's uid; else that of the namespace kube-system", metavar="UID"
    )
