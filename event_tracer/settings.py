"""Every option, once: flags > EVENT_TRACER_* > file > defaults."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from event_tracer import filters
from event_tracer.core.mapping import Naming

PREFIX = "EVENT_TRACER_"


class SettingsError(ValueError):
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


def _option(default: Any, description: str, *, group: str = "options", metavar: str = "") -> Any:
    extra: JsonDict = {"group": group, "metavar": metavar}
    return Field(default, description=description, json_schema_extra=extra)


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
Statuses = Annotated[dict[str, Literal["error", "unset"]], NoDecode, BeforeValidator(_pairs)]

_FILTER, _NAMING = "which event spans leave", "how spans are named"
_ONLY = "give several by commas or by repeating it"


class Settings(BaseSettings):
    """What every command that makes spans may be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    namespace: NamespaceNames = _option(
        (), f"only Events about objects in this namespace; {_ONLY}", group=_FILTER, metavar="NAME"
    )
    exclude_namespace: NamespaceNames = _option(
        (), "no Events about objects in this namespace", group=_FILTER, metavar="NAME"
    )
    kind: Kinds = _option(
        (), "only Events about objects of this kind (Pod, po, ...)", group=_FILTER, metavar="KIND"
    )
    exclude_kind: Kinds = _option(
        (), "no Events about objects of this kind", group=_FILTER, metavar="KIND"
    )
    reason: Reasons = _option((), "only Events of this reason", group=_FILTER, metavar="REASON")
    exclude_reason: Reasons = _option(
        (), "no Events of this reason", group=_FILTER, metavar="REASON"
    )
    type: Types = _option((), "only Events of this type", group=_FILTER, metavar="Normal|Warning")
    exclude_type: Types = _option(
        (), "no Events of this type", group=_FILTER, metavar="Normal|Warning"
    )
    cluster_name: str = _option("", "k8s.cluster.name of every span", group=_NAMING, metavar="NAME")
    cluster_uid: str = _option(
        "",
        "what makes ids differ between clusters; else the uid of the namespace kube-system, "
        "where the recording has it",
        group=_NAMING,
        metavar="UID",
    )
    service_name_template: Annotated[str, AfterValidator(_template)] = _option(
        "{component}",
        "service.name of every span; {component} is who wrote the Event",
        group=_NAMING,
        metavar="TEMPLATE",
    )
    namespace_on_resource: bool = _option(
        False, "k8s.namespace.name on the resource too, to route by tenant", group=_NAMING
    )
    span_names: Literal["bounded", "full"] = _option(
        "bounded", "full: object names whole, without * for generated ends", group=_NAMING
    )
    label_attributes: Words = _option(
        (),
        "labels of the root to set on its span, as k8s.<kind>.label.<label>",
        group=_NAMING,
        metavar="LABEL",
    )
    status_by_reason: Statuses = _option(
        {},
        "error or unset for a reason's spans, as Unhealthy=unset",
        group=_NAMING,
        metavar="REASON=STATUS",
    )
    same_host: bool = _option(
        True,
        "one host.id and ip on all resources, so that Jaeger sees one clock",
        group=_NAMING,
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


class ReplaySettings(Settings):
    """What `replay` may be told."""

    to: Literal["terminal", "otlp", "sdk", "otlp-json"] = _option(
        "terminal",
        "terminal: draw the traces; otlp: send them to the endpoint of the OTEL_EXPORTER_OTLP_* "
        "variables; sdk: hand them to the exporters that OTEL_TRACES_EXPORTER names; otlp-json: "
        "write one document for 'Upload JSON file' in Jaeger's UI",
    )
    output: Path | None = _option(
        None, "where otlp-json writes; else to standard output", metavar="FILE"
    )
    shift_to_now: bool = _option(
        False,
        "move all times so that the last is now, for a UI that looks back one hour; trace and "
        "span ids then differ from those of a replay without it",
    )

    @model_validator(mode="after")
    def _output_has_a_use(self) -> "ReplaySettings":
        if self.output and self.to != "otlp-json":
            raise ValueError("--output says where --to otlp-json writes; give both")
        return self


SettingsT = TypeVar("SettingsT", bound=Settings)


def load(model: type[SettingsT], *, flags: Mapping[str, object], config: Path | None) -> SettingsT:
    """Build the settings. `flags` has what was given, `config` names a YAML file.

    Raises SettingsError with one sentence about the first thing that is wrong.
    """
    values = _read(config, model) if config else {}

    class Layered(model):  # type: ignore[valid-type,misc]
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            in_file = InitSettingsSource(settings_cls, init_kwargs=values)
            return sources["init_settings"], sources["env_settings"], in_file

    try:
        settings: SettingsT = Layered(**flags)
    except ValidationError as error:
        raise SettingsError(_explain(error, flags=flags, config=config)) from None
    return settings


def _read(config: Path, model: type[Settings]) -> dict[str, Any]:
    try:
        values = yaml.safe_load(config.read_text("utf-8")) or {}
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise SettingsError(f"cannot read {config}: {reason}") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{config} holds no settings: write lines like `kind: [Pod]`")
    known = all_fields()
    values = {str(key).replace("-", "_"): value for key, value in values.items()}
    for key in values:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{config}: there is no setting called {key}{hint}")
    return {key: value for key, value in values.items() if key in model.model_fields}


def all_fields() -> dict[str, FieldInfo]:
    """The settings of all commands: one file may serve them all."""
    return {**ReplaySettings.model_fields}


def _explain(error: ValidationError, *, flags: Mapping[str, object], config: Path | None) -> str:
    detail = error.errors(include_url=False)[0]
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = str(detail["loc"][0])
    given = f" (given {detail['input']!r})" if detail["type"] != "value_error" else ""
    where = _origin(name, flags=flags, config=config)
    return f"{where}: {message[0].lower()}{message[1:]}{given}"


def _origin(name: str, *, flags: Mapping[str, object], config: Path | None) -> str:
    if name in flags:
        return f"--{name.replace('_', '-')}"
    variable = f"{PREFIX}{name.upper()}"
    return variable if variable in os.environ else f"{config}: {name}"
