"""What probes and scrapers get over HTTP."""

import asyncio
import logging
import socket
from dataclasses import dataclass, field

import aiohttp
import pytest

from event_tracer.runtime.address import Address, parse_address
from event_tracer.runtime.http import serve


@dataclass
class State:
    """What the daemon would say."""

    health: str = ""
    ready: str = ""
    metrics: bytes = b"up 1\n"
    address: str = "127.0.0.1:0"
    answers: list[tuple[int, str, str]] = field(default_factory=list)


def ask(state: State, *paths: str, host: str = "127.0.0.1") -> list[tuple[int, str, str]]:
    """Status, content type and text of each path, asked of a real server."""

    async def run() -> None:
        async with (
            serve(
                address=parse_address(state.address),
                health=lambda: state.health,
                ready=lambda: state.ready,
                metrics=lambda: state.metrics,
            ) as port,
            aiohttp.ClientSession(f"http://{host}:{port}") as session,
        ):
            for path in paths:
                async with session.get(path) as answer:
                    kind = answer.headers["content-type"]
                    state.answers.append((answer.status, kind, await answer.text()))

    asyncio.run(run())
    return state.answers


def test_a_good_process_is_alive_and_ready() -> None:
    """No reason against it: 200."""
    alive, ready = ask(State(), "/healthz", "/readyz")

    assert (alive[0], ready[0]) == (200, 200)


def test_a_reason_against_it_is_told() -> None:
    """503 with the sentence, each probe for itself: `kubectl describe pod` shows it."""
    alive, ready = ask(State(ready="The first LIST is not complete."), "/healthz", "/readyz")

    assert alive[0] == 200
    assert (ready[0], ready[2]) == (503, "The first LIST is not complete.\n")


def test_metrics_are_given_as_they_are() -> None:
    """The bytes of the exposition, with the content type that Prometheus 3 insists on."""
    (answer,) = ask(State(metrics=b"gaps_total 0.0\n"), "/metrics")

    assert answer == (200, "text/plain; version=0.0.4; charset=utf-8", "gaps_total 0.0\n")


def test_there_is_nothing_else() -> None:
    """Any other path: 404."""
    assert ask(State(), "/")[0][0] == 404


def test_probes_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """They come every few seconds for ever."""
    with caplog.at_level(logging.INFO):
        ask(State(health="It hangs."), "/healthz", "/metrics")

    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


def test_no_host_is_every_address() -> None:
    """ ":8080" is reached from outside the pod, as in kubebuilder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    assert ask(State(address=f":{port}"), "/healthz")[0][0] == 200


def test_ipv6_has_brackets() -> None:
    """ "[::1]:8080"."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")

    assert ask(State(address="[::1]:0"), "/healthz", host="[::1]")[0][0] == 200


def test_a_port_in_use_is_told() -> None:
    """The address and the reason, and nothing is left open."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OSError, match=f"^cannot listen on {address}: Address already in use$"):
            ask(State(address=address))


def test_a_host_that_is_not_there_is_told() -> None:
    """RFC 6761: nobody is called .invalid."""
    with pytest.raises(OSError, match=r"^cannot listen on x\.invalid:0: \w+"):
        ask(State(address="x.invalid:0"))


def test_the_server_ends_with_its_block() -> None:
    """Afterwards nobody listens, and the port is free again."""

    async def run() -> int:
        async with serve(
            address=Address("127.0.0.1", 0), health=str, ready=str, metrics=bytes
        ) as port:
            pass
        again = Address("127.0.0.1", port)
        async with serve(address=again, health=str, ready=str, metrics=bytes) as same:
            return port - same

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", (None, 8080)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:9", ("localhost", 9)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_addresses_are_those_of_kubebuilder(text: str, address: tuple[str | None, int]) -> None:
    """[HOST]:PORT, an IPv6 host in brackets."""
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "8080", "::1:80", "[::1]", "a:", ":70000", ":-1", "http://a:1", "[]:1", "a b:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """One sentence that says what one is like."""
    with pytest.raises(ValueError, match=r"is no address: it is like :8080"):
        parse_address(text)
