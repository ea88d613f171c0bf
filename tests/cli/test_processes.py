"""Commands as processes: signals, exit codes, pipes, and what they must not say."""

import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_tracer.cli.main import FAILED, GOOD
from tests.doubles import otlp_http
from tests.doubles.apiserver.faults import Forbidden
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import kubeconfig
from tests.scenarios.cluster import Cluster
from tests.scenarios.folding import Run
from tests.scenarios.processes import HEADER, TOKEN, Ended, Stage, ended, stage, until


@pytest.fixture(name="here")
def _stage(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def life() -> Cluster:
    """A Deployment comes up: 10 Events."""
    cluster = Cluster()
    cluster.apply("web", replicas=1)
    cluster.scale("web")
    return cluster


REASONS = ["Created", "Pulled", "Scheduled", "Started"]
TOLD = sorted([*REASONS, *REASONS, *["ScalingReplicaSet up", "SuccessfulCreate"] * 2])


def assert_secret(told: Ended) -> None:
    """No secret was said."""
    assert TOKEN not in told.out + told.err
    assert HEADER not in told.out + told.err
    assert "Traceback" not in told.err


def queued(here: Stage) -> bool:
    """Whether all of `life` was sent, if to no avail."""
    names = {span.span_id for sent in here.collector.requests for span in sent.spans}
    return len(names) == len(TOLD)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_delivers_what_is_left(number: signal.Signals, here: Stage) -> None:
    """While the collector is not ready it waits for it, then exits with 0: all has arrived."""
    here.collector.respond(otlp_http.refuse(503))
    process = here.start("run", "--log-level", "debug")
    until(lambda: "events" in here.asked)
    here.write(life())
    until(lambda: queued(here))
    process.send_signal(number)
    until(lambda: not here.asked)
    assert here.told == []
    here.do(here.collector.heal)
    told = ended(process)

    assert told.code == GOOD
    assert here.told == TOLD
    assert {sent.headers["authorization"] for sent in here.collector.requests} == {
        f"Bearer {HEADER}"
    }
    assert_secret(told)


def test_a_live_console_whose_reader_has_seen_enough_is_no_failure(here: Stage) -> None:
    """`event-tracer run --to console | head -1` ends with 0, and without a complaint."""
    here.write(life())
    let_settle(here)
    process = here.start("run", "--to", "console", "--log-level", "warning")
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    for number in range(200):
        if process.poll() is not None:
            break
        here.write(later(number))
        time.sleep(0.05)
    told = ended(process)

    assert (told.code, told.err) == (GOOD, "")


def let_settle(here: Stage) -> None:
    """Ten minutes pass by the API server's clock, and it says so."""
    before = here.server.now
    here.server.now = lambda: before() + 600
    here.do(here.server.close_watches)


def later(number: int) -> Cluster:
    """Another Deployment, long ago by the fold's clock."""
    cluster = Cluster(seed=number + 1)
    cluster.version = 10_000 * (number + 1)
    cluster.apply(f"web{number}")
    return cluster


def test_show_and_link_end_with_0(here: Stage) -> None:
    """Also where nothing has happened; with 1 where the object is not there."""
    cluster = life()
    here.write(cluster)
    shown = here.run("show", "deploy", "-n", "shop", "web", "--since", "100000h")
    link = here.run("link", "deploy/web", "-n", "shop", "--jaeger-url", "http://jaeger/")
    nothing = here.run("show", "-n", "kube-system")
    unknown = here.run("show", "deploy/wep", "-n", "shop")
    (trace,) = [line.split()[-1] for line in shown.out.splitlines() if " trace " in f" {line}"][-1:]

    assert [each.code for each in (shown, link, nothing, unknown)] == [GOOD, GOOD, GOOD, FAILED]
    assert "Create Deployment web" in shown.out
    assert link.out.splitlines()[0] == f"trace    http://jaeger/trace/{trace}"
    assert "there are no Events in namespace kube-system" in nothing.err
    assert "did you mean web?" in unknown.err
    for each in (shown, link, nothing, unknown):
        assert_secret(each)


def test_a_second_signal_does_not_wait(here: Stage) -> None:
    """Exit code 1, at once, however long the collector hangs."""
    here.collector.respond(otlp_http.hang)
    process = here.start("run", "--grace-period", "3600")
    until(lambda: "events" in here.asked)
    here.write(life())
    until(lambda: queued(here))
    process.send_signal(signal.SIGTERM)
    until(lambda: not here.asked)
    told = ended(process, signal.SIGTERM)

    assert told.code == FAILED
    assert "forced to stop" in told.err
    assert_secret(told)


def test_the_grace_period_is_the_longest_wait(here: Stage) -> None:
    """What cannot be delivered in time is told; the next run sends it, from the checkpoint."""
    saved = ["--checkpoint", str(here.folder / "saved"), "--grace-period", "0.5"]
    here.collector.respond(otlp_http.hang)
    process = here.start("run", *saved)
    until(lambda: "events" in here.asked)
    here.write(life())
    until(lambda: queued(here))
    told = ended(process, signal.SIGTERM)
    here.do(here.collector.heal)
    again = here.start("run", *saved)
    until(lambda: here.told == TOLD)

    assert told.code == GOOD
    assert "not all could be delivered in time" in told.err
    assert ended(again, signal.SIGTERM).code == GOOD


def test_a_signal_before_anything_was_reached_is_no_failure(here: Stage) -> None:
    """Exit code 0 while it still waits for the API server."""
    here.server.tokens = set()
    process = here.start("run")
    until(lambda: len(here.server.requests) > 1)  # the first one's refusal was logged
    told = ended(process, signal.SIGTERM)

    assert told.code == GOOD
    assert "waiting for the API server" in told.err
    assert_secret(told)


def test_traces_are_drawn_as_they_settle(here: Stage) -> None:
    """--to console: on standard output, which holds no log."""
    here.write(life())
    process = here.start("run", "--to", "console")
    until(lambda: "events" in here.asked)
    let_settle(here)
    assert process.stdout
    drawn = next(line for line in process.stdout if "Deployment web" in line)
    told = ended(process, signal.SIGINT)

    assert told.code == GOOD
    assert "Create" in drawn
    assert '"running"' in told.err
    assert '"message"' not in drawn + told.out
    assert_secret(told)


def test_a_recording_ends_with_a_signal(here: Stage, run: Run) -> None:
    """Exit code 0, and a file that `replay` draws."""
    here.write(life())
    path = here.folder / "recording.jsonl.gz"
    process = here.start("record", str(path))
    until(lambda: "events" in here.asked)
    told = ended(process, signal.SIGINT)

    assert (told.code, told.out) == (GOOD, "")
    assert '"recorded"' in told.err
    code, out, err = run("replay", str(path))
    assert (code, err) == (GOOD, "")
    assert "Deployment web" in out
    assert f"of {len(TOLD)} occurrences" in out
    assert_secret(told)


def test_a_reader_of_a_recording_that_has_seen_enough_is_no_failure(here: Stage) -> None:
    """`event-tracer record - | head -1` ends with 0 and without a complaint."""
    process = here.start("record", "-", "--log-level", "error")
    assert process.stdout
    until(lambda: "events" in here.asked)
    process.stdout.close()
    process.stdout = None
    for _ in range(20):
        here.write(life())
    told = ended(process)
    assert (told.code, told.err) == (GOOD, "")


def test_a_recording_may_be_replayed_through_a_pipe(here: Stage) -> None:
    """`event-tracer record - | event-tracer replay -`: the recorder ends first, by a signal."""
    here.write(life())
    process = here.start("record", "-")
    command = [sys.executable, "-m", "event_tracer", "replay", "-"]
    replay = subprocess.Popen(command, stdin=process.stdout, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    until(lambda: "events" in here.asked)

    assert ended(process, signal.SIGINT).code == GOOD
    out, _ = replay.communicate(timeout=30)
    assert f"of {len(TOLD)} occurrences" in out


def test_check_exits_with_0_if_nothing_is_missing(here: Stage) -> None:
    """A line for each thing on standard output, nothing else, and no secret."""
    told = here.run("check", "--cluster-name", "prod")

    assert (told.code, told.err) == (GOOD, "")
    assert all(line.split()[0] in ("ok", "note") for line in told.out.splitlines())
    assert "ok      may list and watch events, " in told.out
    assert len(here.collector.spans) == 1
    assert_secret(told)


def test_check_exits_with_1_if_something_is_missing(here: Stage) -> None:
    """The line says so, the others are there all the same."""
    here.server.forbidden.append(Forbidden(resource="events", verb="watch"))
    told = here.run("check", "--cluster-name", "prod")
    missing = [line for line in told.out.splitlines() if line.startswith("MISSING ")]

    assert told.code == FAILED
    assert missing == [
        "MISSING may not watch events: without it, there is nothing to trace; "
        "allow it in the ClusterRole"
    ]
    assert "ok      may list events; " in told.out
    assert_secret(told)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_private_key_is_on_no_disk(
    number: signal.Signals, here: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of a kubeconfig that holds it: the temporary folder is empty, while it runs and after."""
    own = Authority(tmp_path_factory.mktemp("own"))
    temporary = tmp_path_factory.mktemp("temporary")
    with here.behind_tls(own) as url:
        cluster, user = (
            {f"{name}-data": b64encode(path.read_bytes()).decode() for name, path in files.items()}
            for files in (
                {"certificate-authority": own.certificate},
                {"client-certificate": own.client.certificate, "client-key": own.client.key},
            )
        )
        user |= {"token": TOKEN}
        kubeconfig(here.folder / "config", url, cluster=cluster, user=user)
        process = here.start("run", TMPDIR=str(temporary))
        until(lambda: "events" in here.asked)
        assert list(temporary.iterdir()) == []
        ended(process, number)

    assert list(temporary.iterdir()) == []
