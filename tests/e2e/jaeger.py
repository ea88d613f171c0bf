"""A real Jaeger v2, and what its query API says."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.processes import Program, wait
from tests.e2e.programs import built

Raw = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span as Jaeger's UI gets it. Times in µs, as its API has them."""

    id: str
    trace: str
    parent: str
    service: str
    operation: str
    start: int
    duration: int
    tags: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        return self.start + self.duration

    @property
    def is_error(self) -> bool:
        return bool(self.tags.get("error"))


class Jaeger:
    """What the query API at `url` knows. Never reads a trace twice unless `raw`.

    Up to v2.20.0 the memory storage keeps the warnings that a query has added.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def answers(self) -> bool:
        """Whether anything is there."""
        try:
            self.services()
        except OSError:
            return False
        return True

    def services(self) -> list[str]:
        """All services that have sent a span."""
        return self._get("/api/services") or []

    def find(self, tags: Mapping[str, str]) -> dict[str, list[Span]]:
        """Traces, by id, of which some span has these tags; raw."""
        found: dict[str, list[Span]] = {}
        for service in self.services():
            query = {
                "service": service, "tags": json.dumps(tags), "limit": "1500",
                "lookback": "2d", "raw": "true",
            }  # fmt: skip
            for trace in self._get("/api/traces", query):
                found[trace["traceID"]] = _spans(trace)
        return found

    def trace(self, trace_id: str, *, raw: bool = False) -> list[Span]:
        """One trace, as the UI shows it."""
        traces = self._get(f"/api/traces/{trace_id}", {"raw": "true"} if raw else {})
        return [span for trace in traces for span in _spans(trace)]

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        url = f"{self.url}{path}?{urllib.parse.urlencode(query or {})}"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise


def _spans(trace: Raw) -> list[Span]:
    return [
        Span(
            id=span["spanID"],
            trace=span["traceID"],
            parent=next((ref["spanID"] for ref in span["references"]), ""),
            service=trace["processes"][span["processID"]]["serviceName"],
            operation=span["operationName"],
            start=span["startTime"],
            duration=span["duration"],
            tags={tag["key"]: tag["value"] for tag in span["tags"]},
            warnings=tuple(span.get("warnings") or ()),
        )
        for span in trace["spans"]
    ]


class JaegerProgram:
    """A Jaeger of our own; `badger` keeps what it has over a restart."""

    def __init__(self, folder: Path, *, first_port: int, badger: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.endpoint = f"http://127.0.0.1:{first_port}"
        self.query = Jaeger(f"http://127.0.0.1:{first_port + 1}")
        storage: Raw = {"memory": {"max_traces": 1_000_000}}
        if badger:
            places = {"keys": str(folder / "keys"), "values": str(folder / "values")}
            storage = {"badger": {"directories": places, "ephemeral": False}}
        config = folder / "jaeger.yaml"
        config.write_text(yaml.safe_dump(_config(storage, first_port)))
        command = [str(built("jaeger") / "jaeger"), "--config", str(config)]
        self.program = Program(f"jaeger-{folder.name}", command, logs=folder)

    def start(self) -> "JaegerProgram":
        """Start it, until it answers."""
        assert not self.query.answers(), f"somebody else answers at {self.query.url}"
        self.program.start()
        wait("Jaeger", self._is_ready)
        return self

    def stop(self) -> None:
        """End it as an upgrade does; it first tries to send the spans of its own."""
        self.program.stop(within=120)

    def _is_ready(self) -> bool:
        assert self.program.is_running, self.program.text[-3000:]
        return self.query.answers()


def _config(storage: Raw, port: int) -> Raw:
    # Without a batch processor an acknowledgement means that the spans are stored.
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {
                "receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"],
            }},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"kept": storage}},
            "jaeger_query": {
                "storage": {"traces": "kept"},
                "http": {"endpoint": f"127.0.0.1:{port + 1}"},
                "grpc": {"endpoint": f"127.0.0.1:{port + 2}"},
            },
        },
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "kept"}},
    }  # fmt: skip
