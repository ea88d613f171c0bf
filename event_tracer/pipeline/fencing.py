"""Fencing: only the leader writes the checkpoint and sends spans.

Each write and each request first waits for the Lease to be confirmed, so that a leader that was
replaced while it stood still does neither.
"""

from collections.abc import Sequence

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer, Delivery
from event_tracer.kube.lease import Election
from event_tracer.pipeline.stores import ConflictError, Store


class LeaderDelivery:
    """Delivers nothing unless this process leads."""

    def __init__(self, delivery: Delivery, election: Election) -> None:
        self._delivery, self._election = delivery, election

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Hand over a batch, once."""
        await self._election.require_leadership()
        return await self._delivery.deliver(spans)


class LeaderStore:
    """Writes nothing unless this process leads, which ends where another process wrote."""

    def __init__(self, store: Store, election: Election) -> None:
        self._store, self._election = store, election

    def __str__(self) -> str:
        return str(self._store)

    async def read(self) -> bytes | None:
        """The bytes that were written last, None where none were. Raises CheckpointError."""
        return await self._store.read()

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError."""
        await self._election.require_leadership()
        try:
            await self._store.write(data)
        except ConflictError as error:
            self._election.step_down(f"somebody else wrote the checkpoint: {error}")
            await self._election.require_leadership()

    async def check_writable(self) -> None:
        """See, after a `read`, whether it can be written. Raises CheckpointError."""
        await self._store.check_writable()
