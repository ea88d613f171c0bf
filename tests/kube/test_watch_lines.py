"""What the lines of a watch may be, and how it goes on after each."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from event_tracer.kube.resources import PODS
from event_tracer.kube.stream import LONGEST, lines
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.wire import said
from tests.scenarios.watching import Bench, on_bench

NO_REASON = b'{"type":"ERROR","object":{}}'
BAD: dict[str, tuple[bytes, str]] = {
    "over 4 MiB": (faults.OVERLONG, "too_long"),
    "no JSON": (faults.NO_JSON, "malformed"),
    "not UTF-8": (b'{"type":"ADDED","object":{"metadata":{"name":"\xff"}}}', "malformed"),
    "a number": (b"5", "malformed"),
    "a list": (b"[]", "malformed"),
    "without a type": (b'{"object":{"metadata":{}}}', "malformed"),
    "without an object": (b'{"type":"ADDED"}', "malformed"),
    "an object of null": (b'{"type":"ADDED","object":null}', "malformed"),
    "metadata of text": (b'{"type":"ADDED","object":{"metadata":"x"}}', "malformed"),
    "an unknown type": (faults.UNKNOWN_TYPE, "unknown_type"),
    "a type of null": (b'{"type":null,"object":{}}', "unknown_type"),
    "a type that is a list": (b'{"type":[],"object":{}}', "unknown_type"),
}


@pytest.mark.parametrize(("line", "reason"), BAD.values(), ids=BAD)
@on_bench
async def test_a_bad_line_is_counted_and_stops_nothing(
    bench: Bench, line: bytes, reason: str
) -> None:
    """The lines around it are read, on the same watch, which stays live."""
    watch = await bench.watch()
    bench.write("before")
    bench.server.inject("events", line)
    bench.write("after")
    await asyncio.sleep(5)

    assert bench.told.frames == ["before", "after"]
    assert bench.told.lost == {reason: 1}
    assert bench.told.causes == []
    assert watch.version == str(bench.server.revision)
    assert watch.is_live


@pytest.mark.parametrize("line", [b"", b"  ", b"\r"])
@on_bench
async def test_an_empty_line_is_nothing(bench: Bench, line: bytes) -> None:
    """It is not even counted."""
    await bench.watch()
    bench.server.inject("events", line)
    bench.write("after")
    await asyncio.sleep(5)

    assert bench.told.frames == ["after"]
    assert bench.told.lost == {}


@pytest.mark.parametrize(
    "line",
    [
        NO_REASON,
        b'{"type":"ERROR","object":{"code":"x","reason":5,"message":null,"details":[]}}',
        b'{"type":"ERROR","object":{"code":500,"details":{"retryAfterSeconds":"x"}}}',
    ],
    ids=["of nothing", "of nonsense", "with a pause of nonsense"],
)
@on_bench
async def test_an_error_frame_without_a_reason_is_an_error(bench: Bench, line: bytes) -> None:
    """The watch begins again at the last version; nothing is read twice."""
    await bench.watch()
    version = str(bench.write("before"))
    await asyncio.sleep(5)
    bench.server.inject("events", line)
    await asyncio.sleep(1)
    bench.write("after")
    await asyncio.sleep(10)

    assert bench.since(0, "watch")[-1].query["resourceVersion"] == version
    assert bench.told.frames == ["before", "after"]
    assert bench.told.causes == ["error"]
    assert len(bench.told.lists) == 1


@pytest.mark.parametrize("is_clean", [True, False], ids=["a clean end", "a reset"])
@on_bench
async def test_half_a_line_is_read_whole_the_next_time(bench: Bench, is_clean: bool) -> None:
    """A half that a clean end leaves is counted; its frame comes again, the others do not."""
    await bench.watch()
    bench.write("before")
    await asyncio.sleep(5)
    bench.server.cut("events", clean=is_clean)
    bench.write("cut")
    await asyncio.sleep(1)
    bench.write("after")
    await asyncio.sleep(10)

    assert bench.told.frames == ["before", "cut", "after"]
    assert bench.told.lost == ({"truncated": 1} if is_clean else {})
    assert len(bench.told.causes) == 1
    assert len(bench.told.lists) == 1


@on_bench
async def test_a_whole_list_for_a_watch_is_no_storm(bench: Bench) -> None:
    """A proxy that drops the query answers with one line without an end: counted, and waited."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return said({"kind": "EventList", "metadata": {"resourceVersion": "9"}, "items": []})

    bench.server.fail(answer, verb="watch", times=3)
    watch = await bench.watch()
    await asyncio.sleep(30)

    assert bench.told.lost == {"truncated": 3}
    assert bench.told.causes == ["error"] * 3
    assert watch.is_live


@on_bench
async def test_a_page_for_a_watch_is_an_error(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Its lines are no frames, so none is counted as lost; the log says what came."""
    bench.server.fail(faults.LOGIN_PAGE, verb="watch", times=3)
    watch = await bench.watch()
    await asyncio.sleep(30)

    assert bench.told.lost == {}
    assert bench.told.causes == ["error"] * 3
    assert watch.is_live
    assert any("text/html" in vars(record).get("error", "") for record in caplog.records)


@on_bench
async def test_a_frame_without_metadata_is_the_readers(bench: Bench) -> None:
    """What an object lacks is not the watch's affair; the version stays as it was."""
    watch = await bench.watch()
    version = watch.version
    bench.server.inject("events", faults.NO_METADATA)
    await asyncio.sleep(5)

    assert bench.told.frames == [""]
    assert watch.version == version


@on_bench
async def test_bookmarks_move_the_version(bench: Bench) -> None:
    """Without a frame of its own, the watch begins again where the server was."""
    bench.write("web", resource="pods")
    watch = await bench.watch(PODS)
    bench.write("elsewhere")
    before = int(watch.version)
    await asyncio.sleep(70)
    assert int(watch.version) == bench.server.revision > before
    bench.server.close_watches()
    await asyncio.sleep(5)

    asked = bench.since(0, "watch")[-1]
    assert asked.query["resourceVersion"] == str(bench.server.revision)
    assert bench.told.frames == []


@on_bench
async def test_deletions_are_frames_and_move_the_version(bench: Bench) -> None:
    """DELETED carries the revision of the deletion."""
    watch = await bench.watch()
    bench.write("gone")
    meta = {"namespace": "shop", "name": "gone"}
    version = bench.server.write(
        {"type": "DELETED", "resource": "events", "object": {"metadata": meta}}
    )
    await asyncio.sleep(5)

    assert bench.told.frames == ["gone", "gone"]
    assert watch.version == str(version)


def read(text: bytes, *, size: int) -> tuple[list[bytes], list[str]]:
    """The lines of a text that comes in chunks of a size, and why some were lost."""

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(text), size):
            yield text[at : at + size]

    async def main() -> list[bytes]:
        found = lines(chunks(), on_loss=lost.append)
        return [line async for batch in found for line in batch]

    lost: list[str] = []
    return asyncio.run(main()), lost


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_do_not_depend_on_how_bytes_come(size: int) -> None:
    """However they are cut, the same lines, and the same losses."""
    text = b"one\n\ntwo\r\n" + b"x" * 50 + b"\nthree\nhalf"

    assert read(text, size=size) == ([b"one", b"two\r", b"x" * 50, b"three"], ["truncated"])


@pytest.mark.parametrize("size", [1 << 16, LONGEST + 10, 3 * LONGEST])
def test_an_overlong_line_is_lost_once(size: int) -> None:
    """Whether it comes piece by piece or whole; the longest that is allowed is read."""
    longest = b"y" * LONGEST
    text = b"x" * (LONGEST + 1) + b"\n" + longest + b"\nz\n"

    assert read(text, size=size) == ([longest, b"z"], ["too_long"])
