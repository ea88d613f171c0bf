"""`event-tracer record`: where a recording is written, from when on, and what prevents it."""

import asyncio
import errno
import gzip
import io
import json
import os
import sys
from typing import Any

import pytest

from event_tracer.pipeline.recorder import RecordError, record
from event_tracer.recording import reader
from tests.doubles.apiserver.server import CLUSTER
from tests.scenarios.recorder import FILE, arguments, lines, recorded, replayed, rollout, written
from tests.scenarios.world import World, differences, in_world


@in_world()
async def test_a_name_in_gz_is_packed(world: World) -> None:
    """The same lines within."""
    cluster = rollout()
    path = await recorded(world, world.play(cluster), target="recording.jsonl.gz")
    unpacked = world.folder / FILE
    unpacked.write_bytes(gzip.decompress(path.read_bytes()))

    assert written(lines(unpacked), "events") == written(cluster.frames, "events")
    assert differences(replayed(path), replayed(unpacked)) == []


@in_world()
async def test_a_dash_is_standard_output(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a pipe into `replay -`."""
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    stop = asyncio.Event()
    task = asyncio.create_task(record("-", **arguments(world), stop=stop))
    await world.play(rollout())
    await asyncio.sleep(5)
    stop.set()
    await task
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert written(found, "pods") == written(rollout().frames, "pods")


@in_world()
async def test_a_recording_waits_for_the_api_server(world: World) -> None:
    """Away at the beginning, it is recorded from once it is there."""
    await world.server.stop()

    async def life() -> None:
        await asyncio.sleep(60)
        await world.server.start()
        await world.play(rollout())

    found = lines(await recorded(world, life()))
    assert found[1]["object"]["metadata"]["uid"] == CLUSTER
    assert {"events", "pods"} <= {frame["resource"] for frame in found[1:]}


@in_world()
async def test_an_end_before_the_beginning_leaves_a_header(world: World) -> None:
    """Stopped while the API server is away, it ends at once, with a file that may be read."""
    await world.server.stop()
    path = await recorded(world, asyncio.sleep(1))
    assert lines(path) == [{"type": "HEADER", "version": reader.VERSION}]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no/such/folder", "no/such/folder: no such file or directory"),
        (".", ": is a directory"),
        ("no/such/folder.gz", "folder.gz: no such file or directory"),
    ],
)
@in_world()
async def test_a_file_that_cannot_be_written_is_told(world: World, target: str, told: str) -> None:
    """RecordError names it and says why, before anything is asked of the cluster."""
    path = world.folder / target
    with pytest.raises(RecordError) as caught:
        await record(str(path), **arguments(world), stop=asyncio.Event())
    assert str(caught.value).startswith("cannot write ")
    assert str(caught.value).endswith(told)
    assert world.server.requests == []


class _Disk(io.RawIOBase):
    """One with room for so many writes."""

    def __init__(self, room: int) -> None:
        self._room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._room -= 1
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data)


@pytest.mark.parametrize("room", [0, 1, 20])
@in_world()
async def test_a_disk_that_fills_up_ends_it(
    world: World, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RecordError at once, whatever was being read."""
    disk: Any = _Disk(room)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(disk))
    life = asyncio.create_task(world.play(rollout()))
    told = f"^cannot write standard output: {os.strerror(errno.ENOSPC).lower()}$"
    with pytest.raises(RecordError, match=told):
        await record("-", **arguments(world), stop=asyncio.Event())
    await life
