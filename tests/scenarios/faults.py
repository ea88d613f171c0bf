"""What may go wrong between a cluster, a bridge and a collector, each mended after a while."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.doubles import otlp_http as otlp
from tests.doubles.apiserver import faults as api
from tests.scenarios.secure import SecureWorld, Side, authorities
from tests.scenarios.world import World

Fault = Callable[[World, Random], Awaitable[None]]

READ = 8
"""So many resources are watched."""
WATCHED = ("events", "pods", "replicasets", "deployments")


def _answers(answer: api.Answer, verb: str, *, most: int = 4) -> Fault:
    async def fault(world: World, choice: Random) -> None:
        resource = choice.choice((*WATCHED, "*"))
        times = choice.randint(1, most)
        made = world.server.fail(answer, resource=resource, verb=verb, times=times)
        world.server.close_watches(resource)
        await asyncio.sleep(choice.uniform(0, 20))
        made.times = 0

    return fault


def _line(line: bytes) -> Fault:
    async def fault(world: World, choice: Random) -> None:
        world.server.inject(choice.choice(WATCHED), line)

    return fault


def _collects(answer: otlp.Answer) -> Fault:
    async def fault(world: World, choice: Random) -> None:
        rule = world.collector.respond(answer, times=choice.randint(1, 6))
        await asyncio.sleep(choice.uniform(0, 30))
        rule.times = 0

    return fault


async def _poison(world: World, choice: Random) -> None:
    # Some traces are never taken, as if they were too large, until somebody mends that.
    rest, by = choice.randrange(7), choice.choice((3, 7))
    errors = ((500, "application/json"), (503, "text/html"), (400, "text/plain"))
    code, type_ = choice.choice(errors)

    def is_bad(span: Span) -> bool:
        return span.trace_id[-1] % by == rest % by

    rule = world.collector.respond(otlp.poison(is_bad, code=code, type_=type_))
    await asyncio.sleep(choice.uniform(0, 90))
    rule.times = 0


async def _silent_middlebox(world: World, choice: Random) -> None:
    # What is open leads nowhere from now on, and nobody is told; new connections are good.
    rule = world.collector.respond(otlp.forget(world.collector.transports))
    await asyncio.sleep(choice.uniform(0, 60))
    rule.times = 0


async def _half_a_line(world: World, choice: Random) -> None:
    is_clean = choice.random() < 0.5
    world.server.cut(choice.choice(WATCHED), after=choice.randint(0, 5), clean=is_clean)


async def _closed(world: World, choice: Random) -> None:
    world.server.close_watches(choice.choice((*WATCHED, "*")))


async def _aborted(world: World, choice: Random) -> None:
    world.server.abort_watches(choice.choice((*WATCHED, "*")))


async def _compacted(world: World, choice: Random) -> None:
    # What was read may be forgotten; more would be a gap. A watch that ends within a second of its
    # opening is not asked for again at once, and what happens in that pause is nowhere to be seen.
    before: list[object] = []
    for _ in range(300):
        watches = list(world.server.watches)
        if len({watch.kind.resource for watch in watches}) >= READ and watches == before:
            break
        before = [*watches]
        await asyncio.sleep(2)
    world.server.compact()
    world.server.close_watches(choice.choice((*WATCHED, "*")))


async def _api_server_away(world: World, choice: Random) -> None:
    await world.server.stop()
    await asyncio.sleep(choice.uniform(1, 60))
    await world.server.start()


async def _token_expired(world: World, choice: Random) -> None:
    token = f"token-{choice.random()}"
    world.server.tokens = {token}
    world.server.close_watches()
    await asyncio.sleep(choice.uniform(0, 20))
    world.use_token(token)


def _rotated(side: Side, *, is_servers: bool) -> Fault:
    """A certificate is of another authority from now on, and the files are late."""

    async def fault(world: World, choice: Random) -> None:
        assert isinstance(world, SecureWorld)
        server, clients = world.servers[side], world.clients[side]
        old = server if is_servers else clients
        new = next(each for each in authorities() if each is not old)
        if is_servers:
            await world.rotate(side, server=new, clients=clients)
        else:
            await world.rotate(side, server=server, clients=new)
        await asyncio.sleep(choice.uniform(0, 20))
        world.write_files(side)

    return fault


async def _collector_away(world: World, choice: Random) -> None:
    await world.collector.stop()
    await asyncio.sleep(choice.uniform(1, 60))
    await world.collector.start()


API_FAULTS: dict[str, Fault] = {
    **{f"watch answers {name}": _answers(answer, "watch") for name, answer in {
        "404": api.NOT_FOUND, "429 as text": api.THROTTLED, "503": api.UNAVAILABLE,
        "500": api.BROKEN, "502 as a page": api.BAD_GATEWAY, "a login page": api.LOGIN_PAGE,
        "nothing": api.hang, "a reset": api.lose,
    }.items()},
    # Each of these ends in a LIST, and what comes and goes before that is seen by nobody.
    **{f"watch answers {name}": _answers(answer, "watch", most=1) for name, answer in {
        "HTTP 410": api.EXPIRED, "an empty 200": api.empty,
    }.items()},
    "history compacted": _compacted,
    **{f"list answers {name}": _answers(answer, "list") for name, answer in {
        "429 as text": api.THROTTLED, "503": api.UNAVAILABLE, "a login page": api.LOGIN_PAGE,
    }.items()},
    **{f"a line {name}": _line(line) for name, line in {
        "over 4 MiB": api.OVERLONG, "that is no JSON": api.NO_JSON,
        "of unknown type": api.UNKNOWN_TYPE, "without metadata": api.NO_METADATA,
    }.items()},
    "half a line": _half_a_line,
    "watches closed": _closed,
    "watches aborted": _aborted,
    "the API server away": _api_server_away,
    "the token expired": _token_expired,
    "the API server's certificate rotated": _rotated("api", is_servers=True),
    "handshakes refused by the API server": _rotated("api", is_servers=False),
}  # fmt: skip
COLLECTOR_FAULTS: dict[str, Fault] = {
    **{f"collector answers {name}": _collects(answer) for name, answer in {
        "503": otlp.refuse(503), "429 with Retry-After": otlp.refuse(429, retry_after="7"),
        "301": otlp.refuse(301, location="/elsewhere"), "500": otlp.refuse(500),
        "401": otlp.refuse(401), "nothing": otlp.hang, "a lost acknowledgement": otlp.lose,
        "late": otlp.slow(5), "413": otlp.too_large(20_000),
    }.items()},
    "the collector away": _collector_away,
    "poison": _poison,
    "a silent middlebox": _silent_middlebox,
    "the collector's certificate rotated": _rotated("otlp", is_servers=True),
    "handshakes refused by the collector": _rotated("otlp", is_servers=False),
}  # fmt: skip
STARTING_OVER = {"watch answers HTTP 410", "watch answers an empty 200", "history compacted"}
"""With these reading starts over: what happened to an object since it was read is lost."""
FAULTS = API_FAULTS | COLLECTOR_FAULTS
