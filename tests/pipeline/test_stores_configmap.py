"""Checkpoints in a ConfigMap: nobody else's word is lost unseen, and no failure is for ever."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import pytest
from aiohttp import web

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.pipeline.checkpoint import (
    MAX_BYTES,
    Checkpoint,
    CheckpointEncoder,
    CheckpointError,
)
from event_tracer.pipeline.outbox import Outbox
from event_tracer.pipeline.stores import ConflictError, load_checkpoint
from event_tracer.runtime.metrics import NullMetrics
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.server import CLUSTER
from tests.scenarios.configmaps import MAPS, Ops, refused, with_ops
from tests.scenarios.leases import unheard

# -- reading and writing


@with_ops
async def test_it_is_made_and_then_replaced(ops: Ops) -> None:
    """Whoever reads it has what was written last."""
    assert await ops.store.read() is None
    for data in (b"one", b"\0\xff" * 1000, b"three"):
        await ops.store.write(data)
        assert (ops.data, await ops.another().read()) == (data, data)
    assert ops.object
    assert ops.object["metadata"]["labels"] == {"app.kubernetes.io/name": "event-tracer"}
    assert [asked.verb for asked in ops.server.asked(MAPS) if asked.verb != "get"] == [
        "create", "update", "update",
    ]  # fmt: skip


@with_ops
async def test_the_next_run_writes_over_what_it_has_read(ops: Ops) -> None:
    """A restart goes on with the ConfigMap that there is."""
    await ops.store.write(b"one")
    again = ops.another()
    assert await again.read() == b"one"
    await again.write(b"two")
    assert ops.data == b"two"


@with_ops
async def test_the_largest_checkpoint_is_taken(ops: Ops) -> None:
    """A ConfigMap takes 1 MiB."""
    data = random.randbytes(MAX_BYTES)
    await ops.store.write(data)
    assert await ops.another().read() == data


@pytest.mark.parametrize("is_new", [True, False])
@with_ops
async def test_what_somebody_else_wrote_is_not_lost_unseen(ops: Ops, is_new: bool) -> None:
    """409: this write fails and is told, the next one succeeds."""
    other = ops.another()
    if not is_new:
        await ops.store.write(b"one")
        await other.read()
    await other.write(b"theirs")
    error = await refused(ops.store.write(b"ours"))
    assert isinstance(error, ConflictError)
    assert (ops.data, error.is_final) == (b"theirs", False)
    assert str(error).startswith("cannot write ConfigMap ops/saved: 409 Conflict")
    await ops.store.write(b"ours, again")
    assert ops.data == b"ours, again"


@pytest.mark.parametrize("verb", ["create", "update"])
@with_ops
async def test_a_lost_answer_is_noticed(ops: Ops, verb: str) -> None:
    """409 on what it wrote itself: it is there, which is all that was wanted."""
    if verb == "update":
        await ops.store.write(b"zero")
    ops.server.fail(unheard(ops.server), resource=MAPS, verb=verb, times=1)
    with suppress(CheckpointError):  # aiohttp itself sends a PUT again
        await ops.store.write(b"one")
    assert ops.data == b"one"
    await ops.store.write(b"one")
    await ops.store.write(b"two")
    assert ops.data == b"two"


@with_ops
async def test_a_conflict_with_oneself_is_none(ops: Ops) -> None:
    """The answers to two writes were lost, or the ConfigMap was annotated: nobody else wrote it."""
    ops.server.fail(unheard(ops.server), resource=MAPS, verb="create", times=1)
    await refused(ops.store.write(b"one"))
    for data in (b"two", b"three"):
        if data == b"three":
            assert ops.object
            noted = {**ops.object["metadata"], "annotations": {"by": "kubectl"}}
            ops.server.write(
                {"type": "MODIFIED", "resource": MAPS,
                 "object": {**ops.object, "metadata": noted}}
            )  # fmt: skip
        error = await refused(ops.store.write(data))
        assert not isinstance(error, ConflictError)
        await ops.store.write(data)
        assert ops.data == data


@with_ops
async def test_one_that_was_deleted_is_made_again(ops: Ops) -> None:
    """404: this write fails, the next one succeeds."""
    await ops.store.write(b"one")
    ops.delete()
    assert not (await refused(ops.store.write(b"two"))).is_final
    await ops.store.write(b"three")
    assert ops.data == b"three"


@with_ops
async def test_one_that_was_deleted_and_made_again_is_taken_over(ops: Ops) -> None:
    """409, for it is another object by the same name."""
    await ops.store.write(b"one")
    ops.delete()
    await ops.another().write(b"theirs")
    assert not (await refused(ops.store.write(b"two"))).is_final
    await ops.store.write(b"three")
    assert ops.data == b"three"


# -- probing


@pytest.mark.parametrize("is_there", [True, False])
@with_ops
async def test_a_probe_writes_nothing(ops: Ops, is_there: bool) -> None:
    """It asks for the very write, as a dry run."""
    if is_there:
        await ops.store.write(b"one")
    before, revision = ops.object, ops.server.revision
    again = ops.another()
    await again.read()
    await again.check_writable()
    assert (ops.object, ops.server.revision) == (before, revision)
    assert ops.server.asked(MAPS)[-1].verb == ("update" if is_there else "create")
    await again.write(b"two")
    assert ops.data == b"two"


@pytest.mark.parametrize("is_there", [True, False])
@with_ops
async def test_a_missing_right_is_final(ops: Ops, is_there: bool) -> None:
    """403: a mistake in the Role, told by its verb; reading alone is not enough."""
    if is_there:
        await ops.store.write(b"one")
    again, verb = ops.another(), "update" if is_there else "create"
    await again.read()
    ops.server.forbidden.append(faults.Forbidden(resource=MAPS, verb=verb))
    for work in (
        again.check_writable(),
        again.write(b"x"),
        load_checkpoint(ops.another(), cluster_uid=CLUSTER),
    ):
        error = await refused(work)
        assert error.is_final
        assert f"cannot {verb} resource" in str(error)
    ops.server.forbidden.append(faults.Forbidden(resource=MAPS, verb="get"))
    assert (await refused(again.read())).is_final


@pytest.mark.parametrize(
    "answer",
    [
        faults.UNAUTHORIZED, faults.THROTTLED, faults.UNAVAILABLE, faults.BROKEN,
        faults.BAD_GATEWAY, faults.LOGIN_PAGE, faults.lose, faults.hang, faults.empty,
    ],
)  # fmt: skip
@with_ops
async def test_an_api_server_in_trouble_is_not_final(ops: Ops, answer: faults.Answer) -> None:
    """Whatever it says, the same is good once it is well."""
    await ops.store.write(b"one")
    ops.server.fail(answer, resource=MAPS)
    for ask in (ops.store.read, ops.store.check_writable, lambda: ops.store.write(b"two")):
        assert not (await refused(ask())).is_final
    ops.server.heal()
    assert await ops.store.read() == b"one"
    await ops.store.write(b"two")
    assert ops.data == b"two"


# -- the beginning of a run


@with_ops
async def test_an_api_server_that_is_away_is_waited_for(
    ops: Ops, caplog: pytest.LogCaptureFixture
) -> None:
    """The run begins with what was there, however long that takes; waiting is told."""
    made = Checkpoint(cluster_uid=CLUSTER, events={"": "77"})
    await ops.store.write(CheckpointEncoder().encode(made)[0])
    await ops.server.stop()
    task = asyncio.create_task(load_checkpoint(ops.another(), cluster_uid=CLUSTER))
    await asyncio.sleep(600)
    assert not task.done()
    await ops.server.start()
    assert await task == made
    assert {record.getMessage() for record in caplog.records} >= {"waiting for the checkpoint"}


@with_ops
async def test_what_comes_between_reading_and_probing_is_read(ops: Ops) -> None:
    """Another process may make the ConfigMap in that moment: it is not taken for absent."""
    made = Checkpoint(cluster_uid=CLUSTER, events={"": "77"})

    async def overtake(_: web.BaseRequest) -> None:
        await ops.another().write(CheckpointEncoder().encode(made)[0])

    ops.server.fail(overtake, resource=MAPS, verb="create", times=1)
    assert await load_checkpoint(ops.store, cluster_uid=CLUSTER) == made


# -- the outbox on top


class Metrics(NullMetrics):
    checkpoints = 0

    def checkpoint(self, ok: bool) -> None:
        assert ok
        self.checkpoints += 1

    def ids_dropped(self, count: int) -> None:
        assert not count


class Nobody:
    async def deliver(self, spans: Sequence[Span]) -> Answer:
        raise AssertionError


@with_ops
async def test_two_writes_of_one_run_are_not_in_conflict(ops: Ops) -> None:
    """The last write of a run may meet the one before it, which is under way."""
    metrics = Metrics()

    def snapshot() -> Checkpoint:
        return Checkpoint(events={"": str(ops.server.revision)})

    outbox = Outbox(
        Nobody(), store=ops.store, metrics=metrics, checkpoint=snapshot, now=lambda: None
    )
    await outbox.write()
    ops.server.fail(faults.slow(5), resource=MAPS)
    await asyncio.gather(*(outbox.write() for _ in range(3)))
    assert metrics.checkpoints == 4
