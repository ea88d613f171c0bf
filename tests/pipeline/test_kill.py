"""kill -9 of a real process, in real time."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from random import Random
from subprocess import DEVNULL

from tests.doubles.apiserver.server import ApiServer
from tests.doubles.otlp_http import Collector
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.watching import until
from tests.scenarios.world import World, expected

_SECONDS = 8


def lively() -> Cluster:
    """About twenty Events a second, in stories that stay open."""
    cluster = Cluster()
    begun = cluster.now + SECOND
    for number in range(_SECONDS * 4):
        cluster.now = begun + number * SECOND // 4
        cluster.apply(f"app-{number}")
    for number in range(4):
        cluster.back_off(cluster.pods[number], times=5, every=SECOND // 2)
    return cluster


async def start(world: World) -> asyncio.subprocess.Process:
    """Run the command as people do, until it watches.

    Of what is counted while nobody has watched yet, only the latest count is told; and a process
    may take seconds to its first request.
    """
    before = {id(watch): watch for watch in world.server.watches}
    command = [sys.executable, "-m", "event_tracer", "run", "--kubeconfig"]
    files = [str(world.folder / "config"), "--checkpoint", str(world.folder / "saved")]
    environ = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": world.collector.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    made = await asyncio.create_subprocess_exec(*command, *files, env=environ, stderr=DEVNULL)
    await until(lambda: any(id(watch) not in before for watch in world.server.watches))
    return made


async def killed_again_and_again(folder: Path) -> None:
    """Three times, with two or three seconds between."""
    choice, cluster = Random(1), lively()
    wanted = {key for key, content in expected(cluster).items() if b"k8s.event.count" in content}
    async with ApiServer() as server, Collector() as collector:
        world = World(server, collector, folder)
        process = await start(world)
        playing = asyncio.create_task(world.play(cluster))
        for _ in range(3):
            await asyncio.sleep(choice.uniform(2, 3))
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
            process = await start(world)
        await playing
        for _ in range(300):
            await asyncio.sleep(0.2)
            if wanted <= collector.contents().keys():
                break
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        told = world.told
        assert {key: told[key] for key in wanted} == {
            key: content for key, content in expected(cluster).items() if key in wanted
        }


def test_a_process_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    """Law 9: whenever SIGKILL comes, every event span arrives, with one content."""
    asyncio.run(killed_again_and_again(tmp_path))
