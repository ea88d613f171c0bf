"""Every option, once: flags > EVENT_TRACER_* > file > defaults."""

import re
from datetime import UTC, tzinfo
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from event_tracer import EventTracerError
from event_tracer.core import filters
from event_tracer.core.mapping import Naming

PREFIX = "EVENT_TRACER_"


class SettingsError(EventTracerError):
    """Settings that cannot be; the message is one sentence for whoever gave them."""


def _split(value: object) -> object:
    # `--kind pod,job`, `--kind pod --kind job` and EVENT_TRACER_KIND=pod,job say the same.
    if isinstance(value, dict):
        return value
    parts = value if isinstance(value, (list, tuple)) else [value]
    return tuple(word.strip() for part in parts for word in str(part).split(",") if word.strip())


def _pairs(value: object) -> object:
    words = _split(value)
    return dict(word.partition("=")[::2] for word in words) if isinstance(words, tuple) else value


def option(
    default: Any, description: str, *, group: str = "options", metavar: str = "", short: str = ""
) -> Any:
    """One setting: its help, the group it is shown in, what stands for its value; a letter."""
    extra: JsonDict = {"group": group, "metavar": metavar, "short": short}
    return Field(default, description=description, json_schema_extra=extra)


def _patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern} is no regular expression: {error}") from None
    return patterns


def _several(value: object) -> object:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _template(text: str) -> str:
    unknown = set(re.findall(r"[{}][^{}]*[{}]?", text)) - {"{component}"}
    if unknown:
        raise ValueError(f"{min(unknown)} stands for nothing; {{component}} is all there is")
    return text


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
NamespaceNames = Annotated[Words, AfterValidator(filters.namespaces)]
Kinds = Annotated[Words, AfterValidator(filters.kinds)]
Reasons = Annotated[Words, AfterValidator(filters.reasons)]
Types = Annotated[Words, AfterValidator(filters.types)]
Patterns = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_several), AfterValidator(_patterns)
]
Statuses = Annotated[dict[str, Literal["error", "unset"]], NoDecode, BeforeValidator(_pairs)]

_FILTER, _NAMING = "which event spans leave", "how spans are named"
_PICTURE = "how traces are drawn"
_ONLY = "give several by commas or by repeating it"


class BaseOptions(BaseSettings):
    """What every command's settings are."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True
    )


class MessageOptions(BaseOptions):
    """What may be told of Events' messages."""

    redact: Patterns = option(
        (),
        "a regular expression: what it matches in messages becomes [redacted]; repeat for several",
        group="options",
        metavar="PATTERN",
    )


class PictureOptions(BaseOptions):
    """How a waterfall is drawn."""

    width: Annotated[int, Field(ge=0)] = option(
        0, "so many columns; else as wide as the terminal", group=_PICTURE, metavar="COLUMNS"
    )
    fold: bool = option(
        True, "--no-fold: what came back has a line for each time it did", group=_PICTURE
    )
    utc: bool = option(False, "times in UTC; else in this machine's time zone", group=_PICTURE)

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of what is drawn; None is the machine's."""
        return UTC if self.utc else None


class NamingOptions(BaseOptions):
    """How spans are named, and what makes their ids."""

    cluster_name: str = option("", "k8s.cluster.name of every span", group=_NAMING, metavar="NAME")
    cluster_uid: str = option(
        "",
        "what makes ids differ between clusters; else the uid of the namespace kube-system, "
        "where the recording has it",
        group=_NAMING,
        metavar="UID",
    )
    service_name_template: Annotated[str, AfterValidator(_template)] = option(
        "{component}",
        "service.name of every span; {component} is who wrote the Event",
        group=_NAMING,
        metavar="TEMPLATE",
    )
    namespace_on_resource: bool = option(
        False, "k8s.namespace.name on the resource too, to route by tenant", group=_NAMING
    )
    span_names: Literal["bounded", "full"] = option(
        "bounded", "full: object names whole, without * for generated ends", group=_NAMING
    )
    label_attributes: Words = option(
        (),
        "labels of the root to set on its span, as k8s.<kind>.label.<label>",
        group=_NAMING,
        metavar="LABEL",
    )
    status_by_reason: Statuses = option(
        {},
        "error or unset for a reason's spans, as Unhealthy=unset",
        group=_NAMING,
        metavar="REASON=STATUS",
    )
    same_host: bool = option(
        True,
        "one host.id and ip on all resources, so that Jaeger sees one clock",
        group=_NAMING,
    )

    @property
    def naming(self) -> Naming:
        """How spans are named and attributed."""
        return Naming(
            cluster_name=self.cluster_name,
            service_name_template=self.service_name_template,
            namespace_on_resource=self.namespace_on_resource,
            same_host=self.same_host,
            span_names=self.span_names,
            label_attributes=self.label_attributes,
            status_by_reason=dict(self.status_by_reason),
        )


class Settings(NamingOptions):
    """What every command that makes spans for a back end may be told."""

    namespace: NamespaceNames = option(
        (), f"only Events about objects in this namespace; {_ONLY}", group=_FILTER, metavar="NAME"
    )
    exclude_namespace: NamespaceNames = option(
        (), "no Events about objects in this namespace", group=_FILTER, metavar="NAME"
    )
    kind: Kinds = option(
        (), "only Events about objects of this kind (Pod, po, ...)", group=_FILTER, metavar="KIND"
    )
    exclude_kind: Kinds = option(
        (), "no Events about objects of this kind", group=_FILTER, metavar="KIND"
    )
    reason: Reasons = option((), "only Events of this reason", group=_FILTER, metavar="REASON")
    exclude_reason: Reasons = option(
        (), "no Events of this reason", group=_FILTER, metavar="REASON"
    )
    type: Types = option((), "only Events of this type", group=_FILTER, metavar="Normal|Warning")
    exclude_type: Types = option(
        (), "no Events of this type", group=_FILTER, metavar="Normal|Warning"
    )

    @model_validator(mode="after")
    def _something_may_match(self) -> "Settings":
        filters.check(self.filter)
        return self

    @property
    def filter(self) -> filters.Filter:
        """Which event spans leave."""
        return filters.Filter(
            **{name: frozenset(getattr(self, name)) for name in filters.Filter.__slots__}
        )
