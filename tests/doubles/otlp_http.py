"""An OTLP/HTTP collector on the loop of the test, which answers as it is told."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.doubles.collectors import each_span
from tests.doubles.listener import Listener, drop

_TYPE = "application/x-protobuf"


@dataclass(frozen=True, kw_only=True)
class Received:
    """A span that was accepted."""

    span: Span
    resource: Mapping[str, Any]
    content: bytes
    """All that it says, its resource too: the same bytes for the same facts."""
    time: float

    @property
    def id(self) -> tuple[bytes, bytes]:
        return self.span.trace_id, self.span.span_id

    @property
    def attributes(self) -> dict[str, Any]:
        return values(self.span.attributes)


@dataclass(kw_only=True)
class Sent:
    """One request."""

    headers: Mapping[str, str]
    """Names in lower case."""
    message: ExportTraceServiceRequest
    size: int
    """Unpacked."""
    time: float
    status: int = 0
    """Of the answer; 0 as long as there is none."""
    http: web.BaseRequest = field(repr=False)

    @property
    def spans(self) -> list[Span]:
        return [span for _, _, span in each_span(self.message)]


Answer = Callable[["Collector", Sent], Awaitable[web.StreamResponse | None]]
"""What a request gets; None: it is no affair of this one."""


@dataclass(kw_only=True)
class Rule:
    """An answer; `times` counts the requests it took down to 0, None is for ever."""

    answer: Answer
    times: int | None = None


class Collector(Listener):
    """Takes every span that no rule refuses; it is there within `async with`."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Sent] = []
        self.spans: list[Received] = []
        """Those accepted, in order of arrival, again if sent again."""
        self.rules: list[Rule] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    def respond(self, answer: Answer, *, times: int | None = None) -> Rule:
        """Answer so from now on; the oldest rule that cares for a request wins."""
        rule = Rule(answer=answer, times=times)
        self.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Accept everything."""
        self.rules.clear()

    def contents(self) -> dict[tuple[bytes, bytes], set[bytes]]:
        """Trace id and span id to all that was ever said under them."""
        made: dict[tuple[bytes, bytes], set[bytes]] = {}
        for received in self.spans:
            made.setdefault(received.id, set()).add(received.content)
        return made

    def accept(self, sent: Sent, *, rejected: int = 0, message: str = "") -> web.Response:
        """Take the spans, but not the last `rejected` ones."""
        spans = list(received_spans(sent.message, asyncio.get_running_loop().time()))
        self.spans += spans[: max(0, len(spans) - rejected)]
        said = ExportTraceServiceResponse()
        if rejected or message:
            partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
            said.partial_success.CopyFrom(partial)
        return web.Response(body=said.SerializeToString(), content_type=_TYPE)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """What is said to a request."""
        if (request.method, request.path) != ("POST", "/v1/traces"):
            return web.Response(status=404, text="404 page not found\n")
        sent = await _sent(request)
        self.requests.append(sent)
        made = await self._ruled(sent) or self.accept(sent)
        sent.status = made.status
        return made

    async def _ruled(self, sent: Sent) -> web.StreamResponse | None:
        for rule in [rule for rule in self.rules if rule.times != 0]:
            before, rule.times = rule.times, rule.times and rule.times - 1
            if made := await rule.answer(self, sent):
                return made
            rule.times = before
        return None


# -- rules


def refuse(code: int, **headers: str) -> Answer:
    """A status, with headers: refuse(429, retry_after="7")."""

    async def answer(_: Collector, __: Sent) -> web.StreamResponse:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return web.Response(status=code, headers=named, content_type=_TYPE)

    return answer


def poison(is_poison: Callable[[Span], bool], code: int = 400, type_: str = _TYPE) -> Answer:
    """Refuse a request that holds such a span."""

    async def answer(_: Collector, sent: Sent) -> web.StreamResponse | None:
        is_hit = any(map(is_poison, sent.spans))
        return web.Response(status=code, content_type=type_) if is_hit else None

    return answer


def too_large(most: int) -> Answer:
    """413 for more bytes than this, unpacked."""

    async def answer(_: Collector, sent: Sent) -> web.StreamResponse | None:
        return web.Response(status=413, content_type=_TYPE) if sent.size > most else None

    return answer


def partial(rejected: int, message: str = "no room") -> Answer:
    """Take all spans but the last ones, and say so; 0 with a message is a warning."""

    async def answer(collector: Collector, sent: Sent) -> web.StreamResponse:
        return collector.accept(sent, rejected=rejected, message=message)

    return answer


def slow(seconds: float) -> Answer:
    """Accept, late."""

    async def answer(collector: Collector, sent: Sent) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return collector.accept(sent)

    return answer


async def hang(_: Collector, __: Sent) -> web.StreamResponse:
    """Neither accept nor answer."""
    await asyncio.Event().wait()
    raise AssertionError


def forget(connections: Collection[object]) -> Answer:
    """Neither accept nor answer what comes on one of these transports."""

    async def answer(collector: Collector, sent: Sent) -> web.StreamResponse | None:
        return await hang(collector, sent) if sent.http.transport in connections else None

    return answer


async def lose(collector: Collector, sent: Sent) -> web.StreamResponse:
    """Accept; the acknowledgement is lost."""
    made = collector.accept(sent)
    drop(sent.http)
    return made


def named(*names: str) -> Callable[[Span], bool]:
    """Spans of one of these names; for `poison`."""
    return lambda span: span.name in names


def having(key: str, value: Any) -> Callable[[Span], bool]:
    """Spans with this attribute; for `poison`."""
    return lambda span: bool(values(span.attributes).get(key) == value)


# -- reading


def values(attributes: Any) -> dict[str, Any]:
    """Attributes as plain values."""
    return {item.key: _value(item) for item in attributes}


def _value(item: KeyValue) -> Any:
    kind = item.value.WhichOneof("value")
    return getattr(item.value, kind) if kind else None


def received_spans(message: ExportTraceServiceRequest, time: float) -> Iterator[Received]:
    """The spans of a request, received at `time`."""
    for resource, scope, span in each_span(message):
        content = b"\0".join(_bytes(part) for part in (resource, scope, span))
        yield Received(span=span, resource=values(resource.attributes), content=content, time=time)


def _bytes(message: Any) -> bytes:
    return bytes(message.SerializeToString(deterministic=True))


async def _sent(request: web.BaseRequest) -> Sent:
    body = _plain(await request.content.read(), request.headers.get("content-encoding", ""))
    return Sent(
        headers={key.lower(): value for key, value in request.headers.items()},
        message=ExportTraceServiceRequest.FromString(body), size=len(body),
        time=asyncio.get_running_loop().time(), http=request,
    )  # fmt: skip


def _plain(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body
