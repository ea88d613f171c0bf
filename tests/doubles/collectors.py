"""OTLP servers in this process, which take what is sent and answer as they are told."""

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


@dataclass
class HttpAnswer:
    """What the HTTP server says to one request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    type: str = "application/x-protobuf"


@dataclass
class Collector:
    """What arrived, where, and how the next requests are answered; then all are accepted."""

    url: str
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    @property
    def spans(self) -> set[tuple[bytes, bytes, bytes]]:
        """Every span that was sent, with its resource and scope, as bytes."""
        return {
            (_bytes(resource), _bytes(scope), _bytes(span))
            for request in self.requests
            for resource, scope, span in each_span(request)
        }


def _bytes(message: Any) -> bytes:
    return bytes(message.SerializeToString(deterministic=True))


def each_span(request: ExportTraceServiceRequest) -> Iterator[tuple[Any, Any, Any]]:
    """Resource, scope and span of each span in a request."""
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                yield group.resource, scope.scope, span


class _Servicer(TraceServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def Export(self, request: Any, context: Any) -> Any:
        self._collector.requests.append(request)
        self._collector.metadata.append(dict(context.invocation_metadata()))
        if self._collector.answers:
            answer: Callable[[Any], Any] = self._collector.answers.pop(0)
            return answer(context)
        return ExportTraceServiceResponse()


@contextmanager
def grpc_collector() -> Iterator[Collector]:
    """A gRPC collector; an answer is a function of the call's context."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    port = server.add_insecure_port("127.0.0.1:0")
    collector = Collector(url=f"http://127.0.0.1:{port}")
    add: Any = add_TraceServiceServicer_to_server
    add(_Servicer(collector), server)
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=None).wait()


def _plain(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


@contextmanager
def http_collector() -> Iterator[Collector]:
    """An HTTP collector; an answer is an HttpAnswer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            body = _plain(body, self.headers.get("content-encoding"))
            collector.requests.append(ExportTraceServiceRequest.FromString(body))
            collector.metadata.append(
                {"path": self.path} | {key.lower(): value for key, value in self.headers.items()}
            )
            answer = collector.answers.pop(0) if collector.answers else HttpAnswer()
            self.send_response(answer.status)
            self.send_header("content-type", answer.type)
            self.send_header("content-length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
