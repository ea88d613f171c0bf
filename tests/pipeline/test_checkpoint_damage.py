"""Law 9: what is no checkpoint, or not whole, is refused in a line."""

import gzip
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_tracer.core.story import Stories
from event_tracer.pipeline.checkpoint import (
    Checkpoint,
    CheckpointEncoder,
    CheckpointError,
    decode,
)
from tests.scenarios.folding import frames_of


def small() -> bytes:
    """A checkpoint."""
    stories = Stories()
    spans = tuple(span for frame in frames_of("redis-create") for span in stories.feed(frame))
    return CheckpointEncoder().encode(Checkpoint(spans=spans, state=stories.state()))[0]


def flipped(data: bytes, at: int) -> bytes:
    """One byte of it is another."""
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def or_refuses(data: bytes) -> Checkpoint | None:
    """The checkpoint, or None where it is told to be none."""
    try:
        return decode(data)
    except CheckpointError:
        return None


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"\x1f\x8b", gzip.compress(b"", mtime=0), gzip.compress(b"{", mtime=0),
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b"null", mtime=0), gzip.compress(b"\xff\xfe", mtime=0),
        gzip.compress(b'{"events": 7}', mtime=0),
        gzip.compress(b'{"state": {}}', mtime=0), gzip.compress(b'{"checkpoint": {}}', mtime=0),
        gzip.compress(b'{"parts": 1}', mtime=0), gzip.compress(b"{}\n{}", mtime=0),
        gzip.compress(b'{"parts": 1}\n{"spans": [["!"]]}', mtime=0),
        gzip.compress(b'{"parts": 1}\n{"spams": []}', mtime=0),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    """An empty file, another program's, one that says something else: told in one line."""
    with pytest.raises(CheckpointError, match=r"^not a checkpoint: [^\n]+$"):
        decode(data)


@pytest.mark.parametrize("harm", [lambda data, at: data[:at], flipped])
def test_a_damaged_checkpoint_is_refused(harm: Callable[[bytes, int], bytes]) -> None:
    """Cut anywhere, or with any byte wrong, it is refused or still says the same."""
    data = small()
    found = [or_refuses(harm(data, at)) for at in range(0, len(data), 3)]

    assert None in found
    assert all(each in (None, decode(data)) for each in found)


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_are_taken_for_a_checkpoint(data: bytes, is_packed: bool) -> None:
    """Whatever they are, the answer is a CheckpointError and nothing else."""
    found = or_refuses(gzip.compress(data, mtime=0) if is_packed else data)

    assert found in (None, Checkpoint())  # `{}` says nothing


@pytest.mark.parametrize("version", [2, 4])
def test_another_version_is_refused(version: int) -> None:
    """An older program's checkpoint, or a newer one's, is not guessed at."""
    data, _ = CheckpointEncoder().encode(replace(decode(small()), version=version))

    with pytest.raises(CheckpointError, match=f"of version {version}, not 3"):
        decode(data)
