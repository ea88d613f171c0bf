"""A signal while a command has not got as far as its work: it ends, and leaves nobody behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_tracer.cli.main import GOOD
from event_tracer.cli.waiting import Ending
from tests.doubles.apiserver import faults
from tests.doubles.kubeconfigs import kubeconfig
from tests.doubles.plugins import plugin
from tests.scenarios.processes import Stage, ended, stage, until


@pytest.fixture(name="here")
def _stage(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def is_gone(number: int) -> bool:
    """Whether there is no such process."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


COMMANDS = {
    "run": (("run",), GOOD),
    "record": (("record", "-"), GOOD),
    "show": (("show", "--follow"), GOOD),
    "wait": (("wait", "deploy/web"), Ending.OPEN),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("command", "code"), COMMANDS.values(), ids=COMMANDS)
def test_a_login_that_waits_for_a_person_is_given_up(
    command: tuple[str, ...], code: int, number: signal.Signals, here: Stage
) -> None:
    """An exec plugin asks for a code (kubernetes-client/python 1787): one signal is enough."""
    noted = here.folder / "plugin.d" / "number"
    body = f"pathlib.Path({str(noted)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    user = plugin(here.folder / "plugin.d", body)
    kubeconfig(here.folder / "config", here.url, user=user)
    process = here.start(*command)
    until(lambda: noted.exists() and noted.read_text() != "")
    told = ended(process, number)

    assert told.code == code
    assert "Traceback" not in told.err
    until(lambda: is_gone(int(noted.read_text())))


@pytest.mark.parametrize(("command", "code"), [COMMANDS["wait"], COMMANDS["show"]])
def test_an_api_server_that_says_nothing_holds_nobody_up(
    command: tuple[str, ...], code: int, here: Stage
) -> None:
    """As of a load balancer without a back end: the first answer is not waited for."""
    here.do(lambda: here.server.fail(faults.hang))
    process = here.start(*command)
    until(lambda: bool(here.server.asked()))
    told = ended(process, signal.SIGTERM)

    assert told.code == code
    assert "Traceback" not in told.err
