"""What is read of a cluster, into the fold: objects first, then Events."""

from collections.abc import Iterable, Mapping

from event_tracer.core.redaction import Redact
from event_tracer.core.story import Stories
from event_tracer.kube.client import Api
from event_tracer.kube.owners import Owners
from event_tracer.kube.resources import EVENTS
from event_tracer.kube.watch import Watch
from event_tracer.pipeline.intake import Intake, Outlet
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import Spawn


class Reading:
    """All watches of one cluster. `events` and `objects` are the versions to begin with."""

    def __init__(
        self, api: Api, stories: Stories, *, outlet: Outlet, capacity: int, metrics: Metrics,
        redact: Redact | None, namespaces: Iterable[str], spawn: Spawn, from_now: bool = False,
        events: Mapping[str, str] | None = None, objects: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.watches: list[Watch] = []
        """Those of Events; none before the objects were read."""
        self.intake = Intake(
            stories, outlet=outlet, capacity=capacity, now=lambda: api.now, metrics=metrics,
            redact=redact, spawn=spawn,
        )  # fmt: skip
        self.owners = self.intake.owners = Owners(
            api, handler=self.intake, metrics=metrics, namespaces=namespaces,
            versions=objects or {}, spawn=spawn, on_change=self.intake.look,
        )  # fmt: skip
        self._api = api
        self._metrics = metrics
        self._namespaces = tuple(namespaces) or ("",)
        self._events = events or {}
        self._from_now = from_now
        self._spawn = spawn

    async def start(self) -> None:
        """Objects first: an Event is told with what is known of its object."""
        self.owners.start()
        await self.intake.objects_read.wait()
        self.watches += [self._watch(namespace) for namespace in self._namespaces]
        self.intake.watches = list(self.watches)
        for watch in self.watches:
            self._spawn(watch.run(), f"watch events {watch.namespace}".strip())

    def _watch(self, namespace: str) -> Watch:
        return Watch(
            self._api, EVENTS, handler=self.intake, metrics=self._metrics, namespace=namespace,
            version=self._events.get(namespace, ""), from_now=self._from_now,
        )  # fmt: skip
