"""Settings from where they are given: flags > EVENT_TRACER_* > file > defaults."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from event_tracer.cli.settings.base import PREFIX, BaseOptions, SettingsError
from event_tracer.cli.settings.models import MODELS

SettingsT = TypeVar("SettingsT", bound=BaseOptions)


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
        raise SettingsError(_explain(error, model, flags=flags, config=config)) from None
    return settings


def _read(config: Path, model: type[BaseOptions]) -> dict[str, Any]:
    try:
        values = yaml.safe_load(config.read_text("utf-8")) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
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
    return {name: found for model in MODELS for name, found in model.model_fields.items()}


def _explain(
    error: ValidationError,
    model: type[BaseOptions],
    *,
    flags: Mapping[str, object],
    config: Path | None,
) -> str:
    detail = error.errors(include_url=False)[0]
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = str(detail["loc"][0])
    where = _origin(name, flags=flags, config=config)
    if detail["type"] == "literal_error" and len(detail["loc"]) == 1:
        command = model.__name__.removesuffix("Settings").lower()
        expected = detail["ctx"]["expected"]
        return f"{where}: {command} has no {detail['input']!r}, only {expected}"
    given = f" (given {detail['input']!r})" if detail["type"] != "value_error" else ""
    return f"{where}: {message[0].lower()}{message[1:]}{given}"


def _origin(name: str, *, flags: Mapping[str, object], config: Path | None) -> str:
    if name in flags:
        return f"--{name.replace('_', '-')}"
    variable = f"{PREFIX}{name.upper()}"
    return variable if variable in os.environ else f"{config}: {name}"
