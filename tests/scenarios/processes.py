"""Commands as processes, in real time, between an API server and a collector in a thread."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority, any_authority
from tests.doubles.kubeconfigs import kubeconfig
from tests.doubles.otlp_http import Collector
from tests.doubles.tls import TlsFront
from tests.scenarios.cluster import Cluster

TOKEN, HEADER = "kubeconfig-hunter2", "otlp-hunter2"
"""Secrets, which nobody may say."""
PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


class Stage:
    """One API server, whose `url` is of TLS, one collector, one folder."""

    def __init__(
        self, server: ApiServer, collector: Collector, loop: asyncio.AbstractEventLoop,
        folder: Path, *, url: str,
    ) -> None:  # fmt: skip
        self.server, self.collector, self.folder = server, collector, folder
        self.url = url
        self._loop = loop
        self._processes: list[subprocess.Popen[str]] = []
        server.tokens = {TOKEN}
        cluster = {"certificate-authority": str(any_authority().certificate)}
        kubeconfig(folder / "config", url, cluster=cluster, user={"token": TOKEN})

    @property
    def told(self) -> list[str]:
        """The names of the event spans that were accepted, each once."""
        spans = {got.id: got for got in self.collector.spans if "k8s.event.uid" in got.attributes}
        return sorted(got.span.name for got in spans.values())

    @property
    def asked(self) -> set[str]:
        """What is watched."""
        return {watch.kind.resource for watch in self.server.watches}

    def write(self, cluster: Cluster) -> None:
        """All of a life at once."""
        self.do(lambda: [self.server.write(frame) for frame in cluster.frames])

    def do(self, work: Callable[[], object]) -> None:
        """Do something to the servers, in their thread."""

        async def doing() -> None:
            work()

        asyncio.run_coroutine_threadsafe(doing(), self._loop).result(PATIENCE)

    @contextmanager
    def behind_tls(self, authority: Authority) -> Iterator[str]:
        """The API server by TLS, for clients that this authority knows; gives its URL."""

        async def opened() -> TlsFront:
            made = TlsFront(authority, to=self.server.port)
            made.ask_for_certificates(authority)
            return await made.__aenter__()

        front = asyncio.run_coroutine_threadsafe(opened(), self._loop).result(PATIENCE)
        try:
            yield front.url
        finally:
            closing = front.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(closing, self._loop).result(PATIENCE)

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """Start a command on this stage."""
        command = [sys.executable, "-m", "event_tracer", *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment | environ,
        )  # fmt: skip
        self._processes.append(process)
        return process

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        return ended(self.start(*arguments))

    def clear(self) -> None:
        """Leave no process behind, whatever a test came to."""
        for process in self._processes:
            process.kill()
            process.communicate()

    @property
    def environment(self) -> dict[str, str]:
        """A process's variables: those of the servers, and none of a user's own."""
        names = ("EVENT_TRACER_", "OTEL_", "KUBE", "POD_")
        mine = {key: value for key, value in os.environ.items() if not key.startswith(names)}
        return mine | {
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "config"),
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.collector.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{HEADER}",
        }


def ended(process: "subprocess.Popen[str]", *numbers: signal.Signals) -> Ended:
    """Send signals, if any, and wait for the end."""
    for number in numbers:
        process.send_signal(number)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return Ended(code=process.returncode, out=out or "", err=err)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.02)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage for as long as the block lasts."""
    built: Future[Stage] = Future()
    over = asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_build(folder, built, over)))
    thread.start()
    made = built.result(PATIENCE)
    try:
        yield made
    finally:
        made.clear()
        made.do(over.set)
        thread.join()


async def _build(folder: Path, built: "Future[Stage]", over: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    async with (
        ApiServer() as server, TlsFront(any_authority(), to=server.port) as front,
        Collector() as collector,
    ):  # fmt: skip
        built.set_result(Stage(server, collector, loop, folder, url=front.url))
        await over.wait()
