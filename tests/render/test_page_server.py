"""`run --ui`: what is answered to whom, over HTTP."""

import asyncio
import socket
from contextlib import AsyncExitStack
from itertools import pairwise

import aiohttp
import pytest

from event_tracer.core.span import Span
from event_tracer.render.page import server
from event_tracer.render.page.html import live_page
from event_tracer.render.page.store import StoryStore
from event_tracer.runtime.address import Address
from tests.browser.pages import rollout
from tests.doubles.virtual_time import run
from tests.scenarios.folding import frames_of, is_event, roots, tell
from tests.scenarios.readers import Site, served

READERS = 16


def redis() -> list[Span]:
    """A story."""
    return tell(frames_of("redis-create"))


@served()
async def test_it_is_the_page_under_its_policy(site: Site) -> None:
    """In the header, too, where it also forbids frames; nothing is kept, nothing is guessed."""
    shown = live_page(title="shop & co")
    async with site.session.get("/") as answer:
        assert await answer.text() == shown.text
        headers = answer.headers
    assert headers["Content-Security-Policy"] == f"{shown.policy}; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


@served()
async def test_there_is_nothing_else_and_nothing_to_change(site: Site) -> None:
    """Any other path: 404; any method that is for writing: 405."""
    assert (await site.get("/metrics"))[0] == 404
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/events"):
            async with site.session.request(method, path) as answer:
                assert answer.status == 405


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

    @served(address=address)
    async def test(site: Site) -> None:
        assert (await site.get("/", Host=host))[0] == status
        if status == 403:
            assert (await site.get("/events", Host=host)) == (403, "This host is not known here.\n")

    test()


@served()
async def test_all_that_there_is_is_told_then_what_comes(site: Site) -> None:
    """The ids of all stories, then each story whole, and again when it has grown."""
    spans = redis()
    trace_id = spans[0].trace_id.hex()
    site.store.take(spans[:3])
    async with site.follow() as reader:
        assert (reader.status, reader.kind) == (200, "text/event-stream")
        known = await reader.next()
        assert (known.name, known.data) == ("known", [trace_id])
        assert (await reader.story()).data["spans"] == 3
        site.store.take(spans[3:])
        story = (await reader.story()).data
        assert (story["id"], story["spans"]) == (trace_id, len(spans))


@served()
async def test_many_changes_are_told_as_one(site: Site) -> None:
    """Who reads is told of a story as it is then, not of each span that came."""
    spans = redis()
    site.store.take(spans[:1])
    async with site.follow() as reader:
        await reader.story()
        for span in spans:
            site.store.take([span])
        assert (await reader.story()).data["spans"] == len(spans)
        site.store.take(tell(frames_of("unschedulable")))
        assert (await reader.story()).data["id"] != spans[0].trace_id.hex()


@served()
async def test_who_comes_back_is_told_what_it_missed(site: Site) -> None:
    """Last-Event-ID names how far it got; other ids, as of an earlier run, are none."""
    first, second = redis(), tell(frames_of("unschedulable"))
    site.store.take(first)
    async with site.follow() as reader:
        last = (await reader.story()).id
    site.store.take(second)
    async with site.follow(last=last) as reader:
        known = await reader.next()
        assert known.data == [each[0].trace_id.hex() for each in (first, second)]
        assert (await reader.story()).data["id"] == second[0].trace_id.hex()
    for other in ("0123abcd-1", f"{site.store.name}-x", f"{site.store.name}-{'9' * 40}", "-"):
        async with site.follow(last=other) as reader:
            assert (await reader.story()).data["id"] == first[0].trace_id.hex()


@served(max_spans=len(tell(frames_of("rolling-update"))))
async def test_what_had_no_room_any_more_is_told(site: Site) -> None:
    """The ids that are left, so that a page forgets the others: its memory is bounded as well."""
    first, second = redis(), tell(frames_of("rolling-update"))
    site.store.take(first)
    async with site.follow() as reader:
        await reader.story()
        site.store.take(second)
        known = await reader.next()
        assert known.name == "known"
        assert first[0].trace_id.hex() not in known.data


@served()
async def test_a_sign_of_life_in_silence(site: Site) -> None:
    """A comment every few seconds: a proxy may take a longer silence for the end."""
    loop = asyncio.get_running_loop()
    async with site.follow() as reader:
        await reader.next()
        began = loop.time()
        assert await reader.next() == ("", "", None)
        assert loop.time() - began <= 6


def waiting(_: bytes) -> list[Span]:
    """A root that waits, for as long as the clock says."""
    (root,) = roots(redis())
    seconds = round(asyncio.get_running_loop().time())
    pairs = {
        **dict(root.attributes), "event_tracer.outcome": "progressing",
        "event_tracer.progress": f"0/1 ready for {seconds}s",
    }  # fmt: skip
    return [root.but(attributes=tuple(pairs.items()))]


@served(preview=waiting)
async def test_what_waits_is_told_anew(site: Site) -> None:
    """For how long it has waited; nothing else happens meanwhile."""
    site.store.take([span for span in redis() if is_event(span)])
    async with site.follow() as reader:
        told = [(await reader.story()).data["cause"] for _ in range(3)]
    seconds = [int(each.removeprefix("0/1 ready for ").removesuffix("s")) for each in told]
    assert all(5 <= after - before <= 6 for before, after in pairwise(seconds))


@served()
async def test_too_many_readers_are_refused_and_a_place_is_free_again(site: Site) -> None:
    """503 beyond sixteen; whoever goes makes room."""
    async with AsyncExitStack() as readers:
        for _ in range(READERS):
            assert (await readers.enter_async_context(site.follow())).status == 200
        assert await site.get("/events") == (503, "Too many follow already.\n")
        assert (await site.get("/"))[0] == 200
    site.store.take(redis())  # so that it is seen at once that they have gone
    await asyncio.sleep(60)
    async with site.follow() as reader:
        assert reader.status == 200


@served(max_spans=20000)
async def test_who_takes_nothing_is_dropped(site: Site) -> None:
    """What one reader leaves lying is not kept for it; the others are told meanwhile."""
    loop = asyncio.get_running_loop()
    spans = rollout(replicas=1_500)
    trace_id = spans[0].trace_id
    site.store.take(spans)
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.setblocking(False)
        await loop.sock_connect(stuck, ("127.0.0.1", site.port))
        await loop.sock_sendall(stuck, b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        site.store.take(redis())
        async with site.follow() as reader:
            assert (await reader.story()).data["spans"] > 5_000
            assert (await reader.story()).data["spans"] == len(redis())
        await asyncio.sleep(30)
        taken = 0
        while some := await loop.sock_recv(stuck, 1 << 20):
            taken += len(some)
        assert taken < len(site.store.text(trace_id))


def test_it_ends_while_somebody_reads() -> None:
    """A reader holds up the end for a few seconds at most."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as session:
            stories = StoryStore(max_spans=9)
            address = Address("127.0.0.1", 0)
            async with server.serve(stories, address=address, title="t") as port:
                answer = await session.get(f"http://127.0.0.1:{port}/events")
                began = loop.time()
            assert loop.time() - began < 5
            answer.close()

    run(main())


@served()
async def test_an_address_that_cannot_be_had_is_told(site: Site) -> None:
    """With the reason."""
    with pytest.raises(
        OSError, match=f"cannot listen on 127.0.0.1:{site.port}: Address already in use"
    ):
        async with server.serve(site.store, address=Address("127.0.0.1", site.port), title="t"):
            pass
