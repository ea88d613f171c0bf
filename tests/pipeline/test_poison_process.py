"""A real process and a real gRPC server, in real time, where some stories are never taken."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import grpc
import pytest

from event_tracer.cli.main import GOOD
from event_tracer.pipeline.checkpoint import decode
from tests.doubles.apiserver.server import CLUSTER
from tests.doubles.otlp_grpc import GrpcServer, poison
from tests.pipeline.test_operation import free_port
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import tell
from tests.scenarios.processes import Stage, ended, stage, until

_STORIES, _POISONED = 120, 20
_WITHIN = 100.0  # seconds for all others
Code = grpc.StatusCode


@pytest.fixture(name="here")
def _stage(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def soon(is_so: Callable[[], bool]) -> None:
    """Wait for something to be so, but not for ever."""
    end = time.monotonic() + _WITHIN
    while not is_so():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.1)


def metrics(port: int) -> dict[str, float]:
    """The values without labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        lines = response.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line[:1] != "#" and "{" not in line)
    return {name: float(number) for name, number in pairs}


@pytest.mark.parametrize("code", [Code.INTERNAL, Code.UNAVAILABLE])
def test_twenty_poisoned_stories_hold_up_no_other(here: Stage, code: grpc.StatusCode) -> None:
    """The other hundred arrive soon, the checkpoint stands at the poison; healed, it arrives."""
    cluster = Cluster()
    for number in range(_STORIES):
        cluster.apply(f"app-{number}")
        cluster.wait(SECOND)
    # Event spans; which objects are sealed depends on when a life ends.
    told = [span for span in tell(cluster.frames, cluster_uid=CLUSTER) if span.kind == "event"]
    traces = sorted({span.trace_id for span in told})
    bad = set(traces[:: len(traces) // _POISONED])
    assert (len(traces), len(bad)) == (_STORIES, _POISONED)
    wanted = {(span.trace_id, span.span_id) for span in told}
    good = {key for key in wanted if key[0] not in bad}
    stand = str(min(span.version for span in told if span.trace_id in bad) - 1)
    now = here.server.now
    here.server.now = lambda: now() + 2 * _STORIES  # its clock is after all that is told
    saved, port = here.folder / "saved", free_port()
    with GrpcServer() as server:
        server.answer = poison(*bad, code=code, by="trace_id")
        process = here.start(
            "run", "--log-level", "error", "--checkpoint", str(saved),
            "--bind-address", f"127.0.0.1:{port}",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"http://{server.address}",
            OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        )  # fmt: skip
        until(lambda: "events" in here.asked)
        here.write(cluster)
        soon(lambda: good <= {received.id for received in server.spans})
        assert not bad & {received.id[0] for received in server.spans}
        soon(lambda: metrics(port)["event_tracer_export_refused_size"] >= _POISONED)
        assert metrics(port)["event_tracer_export_refused_age_seconds"] > 0
        soon(lambda: decode(saved.read_bytes()).events[""] == stand)
        server.answer = lambda *_: None
        soon(lambda: wanted <= {received.id for received in server.spans})
        assert ended(process, signal.SIGTERM).code == GOOD
    ids = [received.id for received in server.spans]
    assert len(ids) == len(set(ids))
