"""What is looked at, second by second: what is done there, and what each look tells."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import ShowSettings
from event_tracer.cli.target import look_of, open_query
from event_tracer.core.span import text_of
from event_tracer.render.listing import ended
from tests.e2e.bridge import Bridge, run
from tests.e2e.kube import Raw
from tests.e2e.processes import wait
from tests.e2e.scene import Scene
from tests.e2e.site import Site, ports
from tests.e2e.stage import MISSING
from tests.e2e.telling import stage_in

PREFIX = "look-"
LISTED = "events,pods,rs,deploy,sts,ds,jobs,cronjobs,ns"
_STAGGER = 3.0
"""Seconds between two beginnings, so that two cores keep up."""
_TO_GO = "touch /tmp/ok; trap 'rm /tmp/ok; sleep 6; exit 0' TERM; while :; do sleep 0.3; done"
Act = Callable[[Scene], None]
ACTS: dict[str, Act] = {}


def act(done: Act) -> Act:
    """Add an act under its name."""
    ACTS[done.__name__.strip("_")] = done
    return done


def _deploy(scene: Scene, *, replicas: int = 1, **container: object) -> None:
    scene.deploy({"command": ["sleep", "86400"], **container}, replicas=replicas)
    scene.roll_out()


@act
def crash(scene: Scene) -> None:
    """A container that dies at once, each time."""
    scene.apply(scene.workload("Deployment", template=scene.pod(command=["false"])))


@act
def cron(scene: Scene) -> None:
    """A run each minute, which fails."""
    job = scene.job(command=["sh", "-c", "sleep 2; exit 3"])
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job["spec"]}}
    meta = {"name": "nightly"}
    scene.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec})


def _until_asked(scene: Scene, *, replicas: int) -> None:
    """Pods that are not ready any more for the seconds that they take to go."""
    probe = {
        "exec": {"command": ["test", "-f", "/tmp/ok"]}, "periodSeconds": 1, "failureThreshold": 1,
        "timeoutSeconds": 20,
    }  # fmt: skip
    container = {"command": ["sh", "-c", _TO_GO], "readinessProbe": probe}
    scene.deploy(container, spec={"terminationGracePeriodSeconds": 20}, replicas=replicas)
    scene.roll_out()


@act
def restart(scene: Scene) -> None:
    """Once, with old pods whose probes fail while they go."""
    _until_asked(scene, replicas=2)
    scene.change("rollout", "restart", "deployment/web")
    scene.roll_out()


@act
def evict(scene: Scene) -> None:
    """One of two, whose probe fails while it goes."""
    _until_asked(scene, replicas=2)
    scene.evict()


@act
def undo(scene: Scene) -> None:
    """What cannot be pulled is undone."""
    _deploy(scene, replicas=2)
    scene.change("set", "image", "deployment/web", f"web={MISSING}")
    wait("a failed pull", lambda: scene.count("Failed") >= 2, within=120)
    scene.change("rollout", "undo", "deployment/web")
    scene.roll_out()


@act
def scale(scene: Scene) -> None:
    """Up and down again."""
    _deploy(scene)
    scene.change("scale", "deployment/web", "--replicas=3")
    scene.roll_out()
    scene.change("scale", "deployment/web", "--replicas=2")


@act
def again(scene: Scene) -> None:
    """Twice by one manager, whose first entry the second takes over."""
    _deploy(scene)
    for number in ("1", "2"):
        scene.change("set", "env", "deployment/web", f"NUMBER={number}")
        scene.roll_out()


@act
def pause(scene: Scene) -> None:
    """Paused, changed, resumed."""
    _deploy(scene)
    scene.change("rollout", "pause", "deployment/web")
    scene.change("set", "env", "deployment/web", "PAUSED=1")
    time.sleep(15)
    scene.change("rollout", "resume", "deployment/web")
    scene.roll_out()


class Seen(NamedTuple):
    """A story as one look tells it."""

    namespace: str
    title: str
    trace: str
    outcome: str


@dataclass(kw_only=True)
class Looked:
    """A run that watches all of it, and what each look has told."""

    here: Site
    bridge: Bridge
    looks: list[list[Seen]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The kubeconfig of who looks."""
        return self.here.kube.kubeconfig

    def act(self, *, looks: int) -> None:
        """Do all of it, and look meanwhile, once a second and so many times at least."""
        with ThreadPoolExecutor(len(ACTS)) as pool:
            done = [
                pool.submit(self._act, name, after=number * _STAGGER)
                for number, name in enumerate(ACTS)
            ]
            asyncio.run(
                self._look(lambda: len(self.looks) >= looks and all(each.done() for each in done))
            )
            for each in done:
                each.result()

    async def _look(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            began = time.monotonic()
            self.looks.append(list(await look(self.config)))
            await asyncio.sleep(max(0.1, 1 - (time.monotonic() - began)))

    def _act(self, name: str, *, after: float) -> None:
        time.sleep(after)
        ACTS[name](stage_in(Scene, self.here, f"{PREFIX}{name}"))

    def outcomes(self, name: str, title: str) -> list[str]:
        """How the stories of this title stood, look by look."""
        return [
            seen.outcome for look in self.looks for seen in look
            if seen.namespace == f"{PREFIX}{name}" and seen.title.startswith(title)
        ]  # fmt: skip

    # -- the ids that each way gives

    def sent(self, name: str) -> set[str]:
        """The traces that the run has sent."""
        return set(self.here.jaeger.find({"k8s.namespace.name": f"{PREFIX}{name}"}))

    def shown(self, name: str) -> tuple[set[str], str]:
        """Those that `show` draws, and what it complains of."""
        where = ("-n", f"{PREFIX}{name}", f"--kubeconfig={self.config}")
        done = run("show", *where, "--last=0", "-o", "json")
        assert done.returncode == 0, done.stderr
        return traces_in(done.stdout), done.stderr

    def linked(self, name: str) -> str:
        """The one that `link` prints."""
        where = ("-n", f"{PREFIX}{name}", f"--kubeconfig={self.config}")
        done = run("link", "deployment/web", *where)
        assert done.returncode == 0, done.stderr
        return dict(line.split() for line in done.stdout.splitlines())["trace"]

    def replayed(self, name: str) -> set[str]:
        """Those of a List of kubectl's."""
        file = self.here.folder / "listed.json"
        text = self.here.kube.run("get", LISTED, "-A", "-o", "json", "--show-managed-fields")
        file.write_text(text)
        done = run("replay", str(file), f"--namespace={PREFIX}{name}", "-o", "json")
        assert done.returncode == 0, done.stderr
        return traces_in(done.stdout)


def traces_in(document: str) -> set[str]:
    """The traces of a document of OTLP JSON."""
    resources: list[Raw] = json.loads(document)["resourceSpans"]
    return {
        span["traceId"] for each in resources for scope in each["scopeSpans"]
        for span in scope["spans"]
    }  # fmt: skip


async def look(config: Path) -> Iterator[Seen]:
    """One look at all namespaces, as `show -A` takes it."""
    flags = {"kubeconfig": str(config), "all_namespaces": True}
    settings = load(ShowSettings, flags=flags, config=None)
    async with open_query(settings, ()) as query:
        found = await look_of(query, settings, complain=lambda text: None)
    roots = ((trace, next(each for each in trace if not each.parent_id)) for trace in found.traces)
    return iter([
        Seen(
            text_of(root.attributes, "k8s.namespace.name"), root.name, root.trace_id.hex(),
            ended(trace),
        )
        for trace, root in roots
    ])  # fmt: skip


def looked(here: Site, *, looks: int) -> Looked:
    """All of it, done and looked at."""
    folder = here.folder / "looks"
    bridge = Bridge(
        "looks", folder=folder, endpoint=here.endpoint, port=ports(),
        kubeconfig=here.kube.kubeconfig,
    )  # fmt: skip
    made = Looked(here=here, bridge=bridge)
    bridge.start()
    try:
        made.act(looks=looks)
    except BaseException:
        bridge.program.kill()
        raise
    return made
