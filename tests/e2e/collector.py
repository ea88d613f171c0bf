"""An OpenTelemetry Collector between bridge and Jaeger, with a batch processor and a queue."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tests.e2e.processes import Program, wait
from tests.e2e.programs import built


class Collector:
    """Built by the collector's own builder; sends what it gets to `target`."""

    def __init__(self, folder: Path, *, port: int, target: str) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._address = ("127.0.0.1", port)
        config = folder / "collector.yaml"
        config.write_text(yaml.safe_dump({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
            "processors": {"batch": {"timeout": "1s"}},
            "exporters": {"otlp_grpc": {
                "endpoint": urlsplit(target).netloc, "tls": {"insecure": True},
                "sending_queue": {"enabled": True, "queue_size": 1000},
            }},
            "service": {
                "pipelines": {"traces": {
                    "receivers": ["otlp"], "processors": ["batch"], "exporters": ["otlp_grpc"],
                }},
                "telemetry": {"metrics": {"level": "none"}},
            },
        }))  # fmt: skip
        command = [str(built("collector") / "otelcol"), "--config", str(config)]
        self.program = Program("collector", command, logs=folder)

    def start(self) -> "Collector":
        """Start it, until it takes connections."""
        self.program.start()
        wait("the collector", self._is_ready)
        return self

    def _is_ready(self) -> bool:
        assert self.program.is_running, self.program.text[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(self._address) == 0
