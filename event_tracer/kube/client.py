"""Requests to a Kubernetes API server, over kubernetes-asyncio's configuration and ApiClient.

Its `Watch` is not used: it reconnects without a pause, takes an error's body for events and
resumes from the wrong resourceVersion (kubernetes_asyncio 36.1, watch/watch.py).
"""

import asyncio
import json
import logging
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
from kubernetes_asyncio.client import ApiClient
from kubernetes_asyncio.config import ConfigException

from event_tracer import EventTracerError
from event_tracer.core.times import SECOND
from event_tracer.core.wire import MalformedError, decode
from event_tracer.kube import failures
from event_tracer.runtime.backoff import retry_after, retrying

_CONNECT, _HEAD, _TOTAL = 10.0, 30.0, 60.0  # seconds
_LOGIN = 300.0  # seconds; an exec plugin may wait for a person, and may hang
_RENEWAL = 5.0  # seconds between two readings of the credentials
_MAX_SHOWN = 512  # characters of a body that go into an error's message
_TRANSIENT = frozenset({401, 408, 409, 410, 429})
_STATUSES = {"Expired": 410, "Gone": 410}

logger = logging.getLogger(__name__)
ClientFactory = Callable[[], Awaitable[ApiClient]]
T = TypeVar("T")
Query = Mapping[str, str | int]


class ApiError(EventTracerError):
    """A request that did not succeed; `status` is 0 where no answer came.

    `retry_after` is seconds, where the server asked for a pause.
    """

    def __init__(
        self, text: str, *, status: int = 0, reason: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.status = _STATUSES.get(reason, status)
        self.reason = reason
        self.retry_after = retry_after

    @property
    def is_refusal(self) -> bool:
        """Whether it is forbidden, not found or invalid, so that no retry soon can help."""
        return 400 <= self.status < 500 and self.status not in _TRANSIENT


def status_error(status: Mapping[str, Any]) -> ApiError:
    """Error of a metav1.Status."""
    details = status.get("details")
    after = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    code = status.get("code")
    return ApiError(
        str(status.get("message") or status.get("reason") or "an error without a message"),
        status=code if isinstance(code, int) else 500,
        reason=str(status.get("reason") or ""),
        retry_after=float(after) if isinstance(after, int | float) else None,
    )


async def retry_forever(ask: Callable[[], Awaitable[T]]) -> T:
    """Answer to `ask`, however long the API server is away or fails.

    A refusal is an answer only where `ask` itself takes it for one.
    """

    def on_failure(error: ApiError) -> float | None:
        logger.warning("waiting for the API server", extra={"error": str(error)})
        return error.retry_after

    return await retrying(ask, on=ApiError, on_failure=on_failure)


class Api:
    """One API server. Its credentials are read anew whenever it, or TLS, refuses them.

    A server of TLS 1.3 refuses a client's certificate after the handshake, by a closed connection
    (RFC 8446, 4.4.2.4), so two of these in a row count as well.

    `connect` makes a client from the kubeconfig or the Pod's ServiceAccount as they are now. Its
    `expires`, if it has that, is when its login ends, in Unix seconds.
    """

    def __init__(self, connect: ClientFactory) -> None:
        self._connect = connect
        self._client: ApiClient | None = None
        self._users: Counter[ApiClient] = Counter()
        self._renewing = asyncio.Lock()
        self._renewed = -_RENEWAL
        self._dropped = 0  # connections in a row that were closed before an answer
        self._clock: tuple[int, float] | None = None  # a Date header (ns), the loop's time at it

    @property
    def now(self) -> int | None:
        """The API server's clock in ns, which Date headers give to the second."""
        if self._clock is None:
            return None
        date, at = self._clock
        return date + int((asyncio.get_running_loop().time() - at) * SECOND)

    async def get(self, path: str, *, query: Query | None = None, accept: str = "") -> Any:
        """GET a JSON document. Raises ApiError."""
        return _document(await self.read(path, query=query, accept=accept))

    async def read(self, path: str, *, query: Query | None = None, accept: str = "") -> bytes:
        """GET what should be a JSON document. Raises ApiError."""
        async with self.open(path, query=query, accept=accept) as response:
            return await _body(response)

    async def put(self, path: str, body: object, *, query: Query | None = None) -> Any:
        """PUT (replace) an object. Raises ApiError."""
        async with self.open(path, method="PUT", query=query, body=body) as response:
            return _document(await _body(response))

    async def post(self, path: str, body: object, *, query: Query | None = None) -> Any:
        """POST (create) an object. Raises ApiError."""
        async with self.open(path, method="POST", query=query, body=body) as response:
            return _document(await _body(response))

    @asynccontextmanager
    async def open(
        self, path: str, *, method: str = "GET", query: Query | None = None, accept: str = "",
        body: object = None, idle_timeout: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        """Make a request; gives a response of status 2xx. Raises ApiError, also while it is read.

        A stream may say nothing for `idle_timeout` seconds; other answers have a minute in all.
        """
        async with self._lease_client() as client, self._as_api_errors(client):
            async with self._noting_drops(client):
                response = await _request(
                    client, path, method=method, query=query, accept=accept, body=body,
                    idle_timeout=idle_timeout,
                )  # fmt: skip
            try:
                self._set_clock(response)
                if response.status == 401:
                    await self._renew(client)
                if response.status // 100 != 2:
                    raise await _error_of(response)
                yield response
            finally:
                response.close()

    async def close(self) -> None:
        """Close all connections."""
        for client in {self._client, *self._users} - {None}:
            assert client
            await client.close()

    @asynccontextmanager
    async def _as_api_errors(self, client: ApiClient) -> AsyncIterator[None]:
        try:
            yield
        except (aiohttp.ClientError, OSError, ConfigException) as error:  # also of a token file
            made = client.configuration
            if told := failures.tls_trouble(error, server=str(made.host), proxy=made.proxy):
                await self._renew(client)  # the certificate authority may be a new one
            raise ApiError(told or failures.in_words(error, proxy=made.proxy)) from None

    @asynccontextmanager
    async def _noting_drops(self, client: ApiClient) -> AsyncIterator[None]:
        try:
            yield
            self._dropped = 0
        except (aiohttp.ClientError, OSError) as error:
            if not failures.is_dropped(error):
                raise
            self._dropped += 1
            if self._dropped > 1:
                await self._renew(client)
            words = failures.closed_in_words(error, proxy=client.configuration.proxy)
            raise ApiError(words) from None

    @asynccontextmanager
    async def _lease_client(self) -> AsyncIterator[ApiClient]:
        """The client with the newest credentials; an older one is closed by its last user."""
        async with self._renewing:
            if self._client is None:
                self._client = await self._connected()
            elif self._is_over(self._client):
                old, self._client = self._client, await self._connected()
                if old not in self._users:
                    await old.close()
            client = self._client
        self._users[client] += 1
        try:
            yield client
        finally:
            self._users[client] -= 1
            if not self._users[client]:
                del self._users[client]
                if client is not self._client:
                    await client.close()

    async def _renew(self, failed: ApiClient) -> None:
        """Read the credentials anew, once for all requests that failed with the same ones."""
        async with self._renewing:
            now = asyncio.get_running_loop().time()
            if self._client is failed and now - self._renewed >= _RENEWAL:
                self._renewed = now
                logger.info("reading the credentials anew")
                self._client = await self._connected()

    def _is_over(self, client: ApiClient) -> bool:
        """Whether a login has ended by its own word, as client-go heeds it before each request."""
        now = asyncio.get_running_loop().time()
        if now - self._renewed < _RENEWAL or time.time() < getattr(client, "expires", math.inf):
            return False
        self._renewed = now
        return True

    async def _connected(self) -> ApiClient:
        try:
            async with asyncio.timeout(_LOGIN):
                return await self._connect()
        except TimeoutError:
            raise ApiError("the credentials are not to be had in time") from None

    def _set_clock(self, response: aiohttp.ClientResponse) -> None:
        date = response.headers.get("Date")
        if date:
            try:
                at = int(parsedate_to_datetime(date).timestamp()) * SECOND
            except (ValueError, OverflowError):
                return
            now = self.now
            # The header is up to a second old, so the largest offset seen is the nearest.
            if now is None or not now - SECOND <= at <= now:
                self._clock = (at, asyncio.get_running_loop().time())


async def _request(
    client: ApiClient, path: str, *, method: str, query: Query | None, accept: str, body: object,
    idle_timeout: float | None,
) -> aiohttp.ClientResponse:  # fmt: skip
    timeout = aiohttp.ClientTimeout(
        total=None if idle_timeout else _TOTAL, sock_connect=_CONNECT, sock_read=idle_timeout
    )
    # A watch's head comes at once, however long it is silent then (apiserver endpoints/handlers/
    # watch.go).
    async with asyncio.timeout(_HEAD):
        response: aiohttp.ClientResponse = await client.call_api(
            path,
            method,
            query_params=list((query or {}).items()),
            header_params={"Accept": accept or "application/json"},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=timeout,
        )
    return response


async def _body(response: aiohttp.ClientResponse) -> bytes:
    if response.content_type == "text/html":
        text = f"a web page came, from a proxy perhaps{failures.circumstances(response)}"
        raise ApiError(text, status=502)
    return await response.read()


def _document(body: bytes) -> Any:
    try:
        found = decode(body)
    except MalformedError as error:
        raise ApiError(f"the answer is {error}", status=502) from None
    if not isinstance(found, dict):
        raise ApiError("the answer is no object", status=502)
    return found


async def _error_of(response: aiohttp.ClientResponse) -> ApiError:
    # 429 of the priority and fairness filter is plain text, proxies send web pages: whatever
    # the body is, the header counts (apiserver server/filters/priority-and-fairness.go).
    text = (await response.content.read(1 << 16)).decode("utf-8", "replace")
    after = retry_after(response.headers.get("Retry-After"))
    try:
        status = json.loads(text)
        error = status_error(status if isinstance(status, dict) else {})
        message, reason = str(error), error.reason
    except ValueError:
        is_page = response.content_type == "text/html"
        message, reason = "a web page" if is_page else " ".join(text[:_MAX_SHOWN].split()), ""
    text = f"{response.status} {response.reason}: {message}{failures.circumstances(response)}"
    return ApiError(text, status=response.status, reason=reason, retry_after=after)
