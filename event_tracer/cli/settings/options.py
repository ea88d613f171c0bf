"""The options that several commands share, each written once."""

from datetime import UTC, tzinfo
from typing import Annotated, Literal

from pydantic import Field, model_validator

from event_tracer.cli.settings.base import (
    CLUSTER,
    LEADER,
    PICTURE,
    SENDING,
    STORIES,
    BaseOptions,
    option,
)
from event_tracer.cli.settings.types import (
    CustomKinds,
    Namespaces,
    ObjectName,
    OnOff,
    Patterns,
)
from event_tracer.core import filters
from event_tracer.kube.resources import WholeKinds


class LogOptions(BaseOptions):
    """Logging to standard error."""

    log_level: Literal["debug", "info", "warning", "error"] = option(
        "info", "log messages of this level and above"
    )
    log_format: Literal["auto", "json", "console"] = option(
        "auto",
        "json: one JSON object a line; console: lines for people; auto: console on a terminal, "
        "else json",
    )


class MessageOptions(BaseOptions):
    """Redaction of messages."""

    redact: Patterns = option(
        (),
        "replace what this regular expression matches in messages by [redacted]; repeat the "
        "option for several",
        metavar="PATTERN",
    )

    @property
    def redaction(self) -> filters.Redaction | None:
        """The options as readers take them; None, so that they need not read all, without any."""
        return filters.Redaction(self.redact) if self.redact else None


class PictureOptions(BaseOptions):
    """Drawing of waterfalls."""

    width: Annotated[int, Field(ge=0)] = option(
        0,
        "draw this many columns wide; 0: as wide as the terminal",
        group=PICTURE,
        metavar="COLUMNS",
    )
    fold: bool = option(
        True,
        "draw an Event that repeats on one line, with its count; --no-fold: a line for each time",
        group=PICTURE,
    )
    utc: bool = option(False, "show times in UTC, not in this machine's time zone", group=PICTURE)

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of what is drawn; None is the machine's."""
        return UTC if self.utc else None


class ConnectionOptions(LogOptions):
    """The cluster to speak to."""

    kubeconfig: str = option(
        "",
        "kubeconfig file; default: KUBECONFIG, in a Pod its ServiceAccount, else ~/.kube/config",
        group=CLUSTER,
        metavar="FILE",
    )
    context: str = option(
        "",
        "context of the kubeconfig; default: its current context",
        group=CLUSTER,
        metavar="NAME",
    )


class WatchOptions(ConnectionOptions):
    """The part of a cluster to watch."""

    watch_namespaces: Namespaces = option(
        (),
        "watch only these namespaces, which needs no more than a Role in each; default: all "
        "namespaces, which needs a ClusterRole",
        group=CLUSTER,
        metavar="NAME",
    )


class SelectorOptions(BaseOptions):
    """A choice among objects of a kind."""

    selector: str = option(
        "",
        "only objects of the kind with these labels, as kubectl selects them: app=web,tier!=test",
        group=STORIES,
        metavar="LABELS",
        short="l",
    )


class StatusOptions(BaseOptions):
    """The objects that are read whole."""

    status: OnOff = option(
        "on",
        "on: read pods and workloads whole, whose status says what no Event does: when a pod was "
        "ready, how a container ended; off: only their metadata, which is half the bytes",
        group=CLUSTER,
    )
    status_kinds: CustomKinds = option(
        (),
        "read objects of this custom kind whole, too (Workflow, workflows.argoproj.io, ...)",
        group=CLUSTER,
        metavar="KIND",
    )

    @property
    def whole_kinds(self) -> WholeKinds:
        """The options as the reader of a cluster takes them."""
        return WholeKinds(workloads=self.status == "on", custom=frozenset(self.status_kinds))


class CheckpointOptions(BaseOptions):
    """The checkpoint, from which a restart goes on."""

    checkpoint: str = option(
        "auto",
        "keep what a restart needs in: configmap, configmap/NAME, none or a FILE; auto: in a "
        "cluster the ConfigMap event-tracer of the Pod's own namespace, elsewhere none",
        group=SENDING,
        metavar="WHERE",
    )


class LeaderOptions(CheckpointOptions):
    """Leader election."""

    leader_elect: bool = option(
        False,
        "run several replicas of which one works; another takes over from its checkpoint, which "
        "must be a ConfigMap (--checkpoint auto is one then)",
        group=LEADER,
    )
    lease: ObjectName = option(
        "event-tracer",
        "name of the Lease, in the Pod's own namespace, that makes its holder the leader",
        group=LEADER,
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
        """The place of the checkpoint: as `checkpoint`, but a ConfigMap where it must be one."""
        return "configmap" if self.leader_elect and self.checkpoint == "auto" else self.checkpoint
