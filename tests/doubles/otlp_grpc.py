"""An OTLP/gRPC collector in threads of its own, which answers as it is told."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from tests.doubles.collectors import each_span
from tests.doubles.otlp_http import Received, received_spans

Answer = Callable[[Any, Any], ExportTraceServiceResponse | None]
"""What a request gets, from it and the call's context; None: it is taken."""


class GrpcServer:
    """Takes every span that no answer refuses; it is there within `with`."""

    def __init__(
        self, *, credentials: grpc.ServerCredentials | None = None, most_bytes: int = 4 << 20
    ) -> None:
        self.port = 0
        self.requests: list[Any] = []
        self.times: list[float] = []
        """When each request came, in real seconds."""
        self.metadata: list[Mapping[str, str]] = []
        self.peers: list[str] = []
        """The other end of each one's connection."""
        self.spans: list[Received] = []
        """Those taken."""
        self.answers: list[Answer] = []
        """To the next requests, one each; then to every one `answer`."""
        self.answer: Answer = lambda *_: None
        self._credentials = credentials
        self._most_bytes = most_bytes
        self._server: grpc.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def export(self, request: Any, context: Any) -> ExportTraceServiceResponse:
        """What is said to a request."""
        self.requests.append(request)
        self.times.append(monotonic())
        self.metadata.append(dict(context.invocation_metadata()))
        self.peers.append(context.peer())
        answer = self.answers.pop(0) if self.answers else self.answer
        if made := answer(request, context):
            return made
        self.spans += received_spans(request, 0.0)
        return ExportTraceServiceResponse()

    def start(self) -> None:
        """Listen, on the same port as ever."""
        options = [("grpc.max_receive_message_length", self._most_bytes)]
        server = grpc.server(ThreadPoolExecutor(max_workers=4), options=options)
        add: Any = add_TraceServiceServicer_to_server
        add(_Servicer(self), server)
        if self._credentials:
            self.port = server.add_secure_port(self.address, self._credentials)
        else:
            self.port = server.add_insecure_port(self.address)
        server.start()
        self._server = server

    def stop(self) -> None:
        """Cut all connections."""
        if self._server:
            self._server.stop(grace=None).wait()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop()


class _Servicer(TraceServiceServicer):
    def __init__(self, server: GrpcServer) -> None:
        self._server = server

    def Export(self, request: Any, context: Any) -> Any:
        return self._server.export(request, context)


# -- answers


def refuse(code: grpc.StatusCode, details: str = "no") -> Answer:
    """A status."""

    def answer(_: Any, context: Any) -> None:
        context.abort(code, details)

    return answer


def ask_again(after: Duration) -> Answer:
    """RESOURCE_EXHAUSTED as OTLP wants it: with a RetryInfo in the status details."""
    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=after))
    status = Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], details=[detail])
    details = ("grpc-status-details-bin", status.SerializeToString())

    def answer(_: Any, context: Any) -> None:
        context.set_trailing_metadata((details,))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "queue full")

    return answer


def poison(
    *names: str | bytes, code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT, by: str = "name"
) -> Answer:
    """Refuse a request that holds a span of one of these names, or of another field of it."""

    def answer(request: Any, context: Any) -> None:
        for _, _, span in each_span(request):
            if getattr(span, by) in names:
                context.abort(code, f"{getattr(span, by)!s} is bad")

    return answer


def partial(rejected: int, message: str) -> Answer:
    """Say that the last ones were not taken."""

    def answer(_: Any, __: Any) -> ExportTraceServiceResponse:
        response = ExportTraceServiceResponse()
        response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = message
        return response

    return answer
