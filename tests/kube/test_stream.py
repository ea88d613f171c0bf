"""A watch's bytes as lines: the same lines however TCP cuts them, in bounded memory."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from event_tracer.kube.stream import LONGEST, lines

SHORT = 10
BYTES = st.lists(st.sampled_from([b"\n", b" ", b"\r", b"a", b"b" * 6, b"\xff", b"\0"])).map(
    b"".join
)


def split(chunks: Iterable[bytes]) -> tuple[list[bytes], list[str]]:
    """The lines, and what was lost."""

    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[bytes]:
        found = lines(arriving(), on_loss=losses.append)
        return [line async for batch in found for line in batch]

    losses: list[str] = []
    return asyncio.run(read()), losses


def pieces(data: bytes, size: int) -> list[bytes]:
    """`data` in chunks of that size."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def test_whole_lines_come() -> None:
    """Each without its end; lines of nothing are none."""
    assert split([b'{"a":1}\n\n  \n\r\n{"b":2}\n']) == ([b'{"a":1}', b'{"b":2}'], [])
    assert split([]) == split([b"\n"]) == ([], [])


def test_a_line_may_come_in_pieces() -> None:
    """Byte by byte it is the same, and the end of one chunk may be the start of a line."""
    assert split(pieces(b"one\ntwo\n", 1)) == split([b"one", b"\ntwo\n"]) == ([b"one", b"two"], [])
    assert split([b"", b"one", b"", b"\n", b""]) == ([b"one"], [])


def test_half_a_line_is_a_loss() -> None:
    """What a connection ended in is told and not taken for a line."""
    assert split([b"one\ntw"]) == ([b"one"], ["truncated"])
    assert split([b"one\n  "]) == ([b"one"], [])


@pytest.mark.parametrize("size", [1 << 16, 1 << 20, 3 << 20, 1 << 23])
def test_a_line_too_long_is_left_out(size: int) -> None:
    """More than 4 MiB is told once; what stands before and after it comes."""
    long = b"x" * (LONGEST + 1)
    data = b"one\n" + long + b"\ntwo\n" + long * 2 + b"\n" + b"y" * LONGEST + b"\nthree\n" + long

    found, losses = split(pieces(data, size))
    assert found == [b"one", b"two", b"y" * LONGEST, b"three"]
    assert losses == ["too_long"] * 3


def test_an_endless_line_takes_no_more_memory() -> None:
    """Whoever sends without an end does not fill the memory."""
    chunk = b"x" * (1 << 20)
    tracemalloc.start()
    found = split(chunk for _ in range(100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == ([], ["too_long"])
    assert peak < 4 * LONGEST


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BYTES, st.lists(st.integers(min_value=1, max_value=12)))
@example(b"b" * SHORT + b"\n", [SHORT])
@example(b"b" * SHORT + b"b\na\n", [SHORT, 1])
@example(b"b" * SHORT + b"b", [SHORT + 1])
def test_any_chunks_give_the_same_lines(
    monkeypatch: pytest.MonkeyPatch, data: bytes, sizes: list[int]
) -> None:
    """The lines and the losses are those of bytes.split, wherever it was cut."""
    monkeypatch.setattr("event_tracer.kube.stream.LONGEST", SHORT)
    *whole, rest = data.split(b"\n")
    wanted = [line for line in whole if line.strip() and len(line) <= SHORT]
    lost = ["too_long" for line in (*whole, rest) if len(line) > SHORT]
    lost += ["truncated"] if rest.strip() and len(rest) <= SHORT else []

    assert split(cut(data, sizes)) == split([data]) == (wanted, lost)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """`data` in chunks of these sizes, and the rest."""
    chunks = []
    for size in sizes:
        chunk, data = data[:size], data[size:]
        chunks.append(chunk)
    return [*chunks, data]
