"""`run --ui`: what is answered to whom, over HTTP."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiohttp
import pytest

from event_tracer import page, ui
from event_tracer.board import Board
from event_tracer.core.span import Span
from tests.browser.pages import rollout
from tests.cluster import Cluster
from tests.live import World, in_world
from tests.support import frames_of, tell
from tests.virtual import run

READERS = 16
LINE = 1 << 24  # bytes; a story is one


class Message(NamedTuple):
    """One server-sent event; a comment, which only says that somebody is there, has no name."""

    id: str
    name: str
    data: Any


@dataclass(frozen=True, slots=True)
class Site:
    """A board that is served, and who asks for it."""

    board: Board
    port: int
    session: aiohttp.ClientSession

    async def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        """Status and text."""
        async with self.session.get(path, headers=headers) as answer:
            return answer.status, await answer.text()

    @asynccontextmanager
    async def follow(self, *, last: str = "") -> AsyncIterator["Reader"]:
        """Read what happens; `last` is the id of what was read before."""
        headers = {"Last-Event-ID": last} if last else {}
        async with self.session.get("/events", headers=headers) as answer:
            yield Reader(answer)


class Reader:
    """Somebody who follows."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status, self.kind = answer.status, answer.content_type
        self._content = answer.content

    async def next(self) -> Message:
        """What is told next."""
        told = {"id": "", "event": "", "data": "null"}
        while line := (await self._content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(":")
            told[name] = value.removeprefix(" ")
        return Message(told["id"], told["event"], json.loads(told["data"]))

    async def story(self) -> Message:
        """The next story that is told."""
        while (message := await self.next()).name != "story":
            pass
        return message


def served(
    test: Callable[[Site], Coroutine[Any, Any, None]],
    *,
    address: str = "127.0.0.1:0",
    most: int = 500,
) -> None:
    """Run a test while a board is served, in simulated time."""

    async def main() -> None:
        board = Board(most=most)
        async with ui.serve(board, address=address, title="shop & co") as port:
            # Each of its requests has a connection, as those of many browsers do.
            connector = aiohttp.TCPConnector(limit=0)
            url = f"http://127.0.0.1:{port}"
            async with aiohttp.ClientSession(
                url, connector=connector, read_bufsize=LINE
            ) as session:
                await test(Site(board, port, session))

    run(main())


def redis() -> list[Span]:
    """A story."""
    return tell(frames_of("redis-create"))


def test_it_is_the_page_under_its_policy() -> None:
    """In the header, too, where it also forbids frames; nothing is kept, nothing is guessed."""

    async def test(site: Site) -> None:
        shown = page.live(title="shop & co")
        async with site.session.get("/") as answer:
            assert await answer.text() == shown.text
            headers = answer.headers
        assert headers["Content-Security-Policy"] == f"{shown.policy}; frame-ancestors 'none'"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers

    served(test)


def test_there_is_nothing_else_and_nothing_to_change() -> None:
    """Any other path: 404; any method that is for writing: 405."""

    async def test(site: Site) -> None:
        assert (await site.get("/metrics"))[0] == 404
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            for path in ("/", "/events"):
                async with site.session.request(method, path) as answer:
                    assert answer.status == 405

    served(test)


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        ("127.0.0.1:0", "localhost:8080", 200),
        ("127.0.0.1:0", "[::1]:8080", 200),
        ("127.0.0.1:0", "evil.example", 403),
        ("127.0.0.1:0", "localhost.evil.example:80", 403),
        ("127.0.0.1:0", "10.0.0.1", 403),
        ("127.0.0.1:0", "[", 403),
        ("localhost:0", "localhost", 200),
        ("0.0.0.0:0", "10.0.0.1:8080", 200),
        ("0.0.0.0:0", "evil.example", 403),
    ],
)
def test_a_name_of_somebody_else_is_refused(address: str, host: str, status: int) -> None:
    """A page elsewhere may let its own name mean this address (DNS rebinding), and reads nothing.

    Where all addresses are listened at, any of them is one of its own, and a name still is not.
    """

    async def test(site: Site) -> None:
        assert (await site.get("/", Host=host))[0] == status
        if status == 403:
            assert (await site.get("/events", Host=host)) == (403, "This host is not known here.\n")

    served(test, address=address)


def test_all_that_there_is_is_told_then_what_comes() -> None:
    """The ids of all stories, then each story whole, and again when it has grown."""

    async def test(site: Site) -> None:
        spans = redis()
        trace_id = spans[0].trace_id.hex()
        site.board.take(spans[:3])
        async with site.follow() as reader:
            assert (reader.status, reader.kind) == (200, "text/event-stream")
            known = await reader.next()
            assert (known.name, known.data) == ("known", [trace_id])
            assert (await reader.story()).data["spans"] == 3
            site.board.take(spans[3:])
            story = (await reader.story()).data
            assert (story["id"], story["spans"]) == (trace_id, len(spans))

    served(test)


def test_many_changes_are_told_as_one() -> None:
    """Who reads is told of a story as it is then, not of each span that came."""

    async def test(site: Site) -> None:
        spans = redis()
        site.board.take(spans[:1])
        async with site.follow() as reader:
            await reader.story()
            for span in spans:
                site.board.take([span])
            assert (await reader.story()).data["spans"] == len(spans)
            site.board.take(tell(frames_of("unschedulable")))
            assert (await reader.story()).data["id"] != spans[0].trace_id.hex()

    served(test)


def test_who_comes_back_is_told_what_it_missed() -> None:
    """Last-Event-ID names how far it got; other ids, as of an earlier run, are none."""

    async def test(site: Site) -> None:
        first, second = redis(), tell(frames_of("unschedulable"))
        site.board.take(first)
        async with site.follow() as reader:
            last = (await reader.story()).id
        site.board.take(second)
        async with site.follow(last=last) as reader:
            known = await reader.next()
            assert known.data == [each[0].trace_id.hex() for each in (first, second)]
            assert (await reader.story()).data["id"] == second[0].trace_id.hex()
        for other in ("0123abcd-1", f"{site.board.name}-x", f"{site.board.name}-{'9' * 40}", "-"):
            async with site.follow(last=other) as reader:
                assert (await reader.story()).data["id"] == first[0].trace_id.hex()

    served(test)


def test_what_had_no_room_any_more_is_told() -> None:
    """The ids that are left, so that a page forgets the others: its memory is bounded as well."""

    async def test(site: Site) -> None:
        first, second = redis(), tell(frames_of("rolling-update"))
        site.board.take(first)
        async with site.follow() as reader:
            await reader.story()
            site.board.take(second)
            known = await reader.next()
            assert known.name == "known"
            assert first[0].trace_id.hex() not in known.data

    served(test, most=len(tell(frames_of("rolling-update"))))


def test_a_sign_of_life_in_silence() -> None:
    """A comment every quarter of a minute: a proxy may take a longer silence for the end."""

    async def test(site: Site) -> None:
        loop = asyncio.get_running_loop()
        async with site.follow() as reader:
            await reader.next()
            began = loop.time()
            assert await reader.next() == ("", "", None)
            assert loop.time() - began <= 16

    served(test)


def test_too_many_readers_are_refused_and_a_place_is_free_again() -> None:
    """503 beyond sixteen; whoever goes makes room."""

    async def test(site: Site) -> None:
        readers = [site.follow() for _ in range(READERS)]
        for reader in readers:
            assert (await reader.__aenter__()).status == 200
        assert await site.get("/events") == (503, "Too many follow already.\n")
        assert (await site.get("/"))[0] == 200
        for reader in readers:
            await reader.__aexit__(None, None, None)
        site.board.take(redis())  # so that it is seen at once that they have gone
        await asyncio.sleep(60)
        async with site.follow() as reader:
            assert reader.status == 200

    served(test)


def test_who_takes_nothing_is_dropped() -> None:
    """What one reader leaves lying is not kept for it; the others are told meanwhile."""

    async def test(site: Site) -> None:
        loop = asyncio.get_running_loop()
        spans = rollout(replicas=1_500)
        trace_id = spans[0].trace_id
        site.board.take(spans)
        with socket.socket() as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.setblocking(False)
            await loop.sock_connect(stuck, ("127.0.0.1", site.port))
            await loop.sock_sendall(stuck, b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            site.board.take(redis())
            async with site.follow() as reader:
                assert (await reader.story()).data["spans"] > 5_000
                assert (await reader.story()).data["spans"] == len(redis())
            await asyncio.sleep(30)
            taken = 0
            while some := await loop.sock_recv(stuck, 1 << 20):
                taken += len(some)
            assert taken < len(site.board.text(trace_id))

    served(test, most=20_000)


def test_it_ends_while_somebody_reads() -> None:
    """A reader holds up the end for a few seconds at most."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as session:
            async with ui.serve(Board(most=9), address="127.0.0.1:0", title="t") as port:
                answer = await session.get(f"http://127.0.0.1:{port}/events")
                began = loop.time()
            assert loop.time() - began < 5
            answer.close()

    run(main())


def test_an_address_that_cannot_be_had_is_told() -> None:
    """With the reason."""

    async def test(site: Site) -> None:
        with pytest.raises(
            OSError, match=f"cannot listen on 127.0.0.1:{site.port}: Address already in use"
        ):
            async with ui.serve(site.board, address=f"127.0.0.1:{site.port}", title="t"):
                pass

    served(test)


# -- a whole run


def shop() -> Cluster:
    """A small rollout."""
    cluster = Cluster()
    cluster.apply("web")
    return cluster


@pytest.mark.parametrize(
    ("to", "endpoint", "is_sent"),
    [("auto", True, True), ("auto", False, False), ("none", True, False), ("otlp", True, True)],
)
def test_a_run_shows_what_it_makes(
    to: str, endpoint: bool, is_sent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The spans on the page are those that are sent; without a back end there is the page alone.

    `auto` sends where an OTLP endpoint is set; a port alone is one of this machine's own.
    """
    caplog.set_level(logging.INFO)

    async def test(world: World) -> None:
        cluster = shop()
        task = world.start(ui="0", to=to)
        await world.play(cluster)
        await asyncio.sleep(200)
        (url,) = [record.url for record in caplog.records if hasattr(record, "url")]
        assert url.startswith("http://127.0.0.1:")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url}events") as answer,
        ):
            story = (await Reader(answer).story()).data
        assert await world.end(task)
        shown = {span[0] for row in story["rows"] for span in row["spans"]}
        wanted = {span.span_id.hex() for span in tell(cluster.frames)}
        assert len(shown) == len(wanted)
        assert len(story["events"]) == len(cluster.events)
        assert {span_id.hex() for _, span_id in world.told} == (shown if is_sent else set())

    in_world(test, **({} if endpoint else {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ""}))


def test_what_is_redacted_is_not_on_it(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in spans nor in raw Events."""
    caplog.set_level(logging.INFO)

    async def test(world: World) -> None:
        task = world.start(ui="127.0.0.1:0", redact=["Successfully"])
        await world.play(shop())
        await asyncio.sleep(60)
        (url,) = [record.url for record in caplog.records if hasattr(record, "url")]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url}events") as answer,
        ):
            text = json.dumps((await Reader(answer).story()).data)
        assert await world.end(task)
        assert "[redacted] assigned" in text
        assert "Successfully" not in text

    in_world(test)
