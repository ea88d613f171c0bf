"""An OTLP collector over gRPC that takes all traces and logs: `python -m bench.sink FILE`.

Prints its port. Counts records (spans and log records), of them event spans, and as they come
writes how many to FILE; to FILE.seen when each came (Event uid, ns), once a line comes on
standard input.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

_TRACES = "opentelemetry.proto.collector.trace.v1.TraceService"
_LOGS = "opentelemetry.proto.collector.logs.v1.LogsService"
_UID = "k8s.event.uid"


class Sink:
    """What has come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: list[tuple[str, int]] = []
        self.records = 0

    async def export(self, request: bytes, _: Any) -> service.ExportTraceServiceResponse:
        """Take a batch."""
        now = time.monotonic_ns()
        for resource in service.ExportTraceServiceRequest.FromString(request).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.records += 1
                    for attribute in span.attributes:
                        if attribute.key == _UID:
                            self.seen.append((attribute.value.string_value, now))
        return service.ExportTraceServiceResponse()

    async def take(self, request: bytes, _: Any) -> service.ExportTraceServiceResponse:
        """Take a batch of logs; an empty answer to either has no bytes."""
        for resource in logs.ExportLogsServiceRequest.FromString(request).resource_logs:
            self.records += sum(len(scope.log_records) for scope in resource.scope_logs)
        return service.ExportTraceServiceResponse()

    async def report(self) -> None:
        """Tell how many, now and then, so that nobody reads half of it."""
        part = self.path.with_suffix(".part")
        while True:
            part.write_text(json.dumps({"records": self.records, "events": len(self.seen)}))
            part.replace(self.path)
            await asyncio.sleep(0.05)


def _handler(service_name: str, export: Any) -> grpc.GenericRpcHandler:
    method = grpc.unary_unary_rpc_method_handler(
        export, response_serializer=service.ExportTraceServiceResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler(service_name, {"Export": method})


async def main(path: Path) -> None:
    """Serve until standard input ends."""
    sink = Sink(path)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 16 << 20)])
    server.add_generic_rpc_handlers((_handler(_TRACES, sink.export), _handler(_LOGS, sink.take)))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    reporting = asyncio.create_task(sink.report())
    await asyncio.to_thread(sys.stdin.read)
    reporting.cancel()
    path.with_suffix(".seen").write_text(json.dumps(sink.seen))
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
