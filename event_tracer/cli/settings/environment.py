"""Variables of OpenTelemetry that are for us, or that its SDK would stumble over."""

import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from urllib.parse import unquote

from event_tracer.cli.settings.base import SettingsError

_LIMIT = re.compile(r"OTEL_\w+_LIMIT")
# The SDK's import tells of one that there is not by a traceback (opentelemetry-api 1.45,
# context/__init__.py; opentelemetry-sdk, resources/__init__.py).
_PARTS = {
    "OTEL_PYTHON_CONTEXT": "opentelemetry_context",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "opentelemetry_resource_detector",
}
_VARIABLE = "OTEL_RESOURCE_ATTRIBUTES"
# These are of the process that sends. A span tells of another, and replicas, whose spans must be
# the same, differ in them.
_OF_A_PROCESS = ("service.", "k8s.", "host.", "container.", "process.", "os.", "telemetry.")


def demand_limits(environ: Mapping[str, str]) -> None:
    """Raise SettingsError for a limit that is no number, an attribute that is none, or a part of
    the SDK that there is not.

    Its import ends in a ValueError, or tells of it by a traceback. So does that of aiohttp where
    Python cannot log TLS's keys (ssl.py, create_default_context).
    """
    if keys := environ.get("SSLKEYLOGFILE"):
        try:
            open(keys, "a").close()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingsError(
                f"SSLKEYLOGFILE is {keys}, to which nobody can write: {reason}"
            ) from None
    resource_attributes(environ)
    for name, value in environ.items():
        if _LIMIT.fullmatch(name) and value.strip() and not value.strip().isdecimal():
            raise SettingsError(f"{name} is {value.strip()}; it is a number")
    for name, group in _PARTS.items():
        for part in filter(None, map(str.strip, environ.get(name, "").split(","))):
            if part != "*" and not entry_points(group=group, name=part):
                known = ", ".join(sorted(entry_points(group=group).names))
                raise SettingsError(
                    f"{name} names {part}, which is not installed; there are: {known}"
                )


def resource_attributes(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The attributes of OTEL_RESOURCE_ATTRIBUTES that every resource has, in their order.

    Raises SettingsError for what is not as OpenTelemetry's specification has it ("Specifying
    resource information via an environment variable").
    """
    found = {}
    for part in filter(str.strip, environ.get(_VARIABLE, "").split(",")):
        name, mark, value = part.partition("=")
        name = unquote(name).strip()
        if not mark or not name:
            raise SettingsError(f"{_VARIABLE}: {part.strip()!r} is not like name=value")
        if not name.startswith(_OF_A_PROCESS):
            found[name] = unquote(value).strip()
    return tuple((name, value) for name, value in found.items() if value)
