"""All rollouts at once, told to a Jaeger of their own, recorded and observed."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.bridge import Bridge
from tests.e2e.jaeger import Jaeger, JaegerProgram, Span
from tests.e2e.observer import Intent, Observer
from tests.e2e.processes import Program, wait
from tests.e2e.rollouts import ROLLOUTS
from tests.e2e.scene import Scene, Word
from tests.e2e.site import Site, ports
from tests.e2e.telling import Trace, stage_in, traces_of

CHECKPOINT = "rollouts"
"""The namespace of the checkpoint."""
_STAGGER = 1.5
"""Seconds between two beginnings, so that two cores keep up."""
_OPEN = 1.0
"""Seconds after its end in which a root's last step may still be: a status has whole seconds."""
_OUTCOMES = ("complete", "failed", "superseded", "progressing", "started")
_SEALED = 600.0
"""Seconds after the last change within which every root is sealed."""


def namespace_of(name: str) -> str:
    """The namespace of a rollout."""
    return f"rollout-{name}"


class Rolled:
    """What was done, what kubectl said, what the observer saw, and what Jaeger has."""

    def __init__(self, here: Site, folder: Path) -> None:
        self.here, self.folder = here, folder
        self.frames, self._recording = folder / "frames.jsonl", folder / "recording.jsonl"
        # v1.76.0: the memory storage takes error=true for a search of what is OK (tenant.go).
        self.program = JaegerProgram(folder / "jaeger", first_port=ports(), badger=True)
        self.bridge = Bridge(
            "rollouts", folder=folder, kubeconfig=here.kube.kubeconfig, port=ports(),
            endpoint=self.program.endpoint, checkpoint="configmap", POD_NAMESPACE=CHECKPOINT,
        )  # fmt: skip
        self.recorder: Program = Bridge.recorder(
            self._recording, folder=folder, kubeconfig=here.kube.kubeconfig
        )
        self.observer = Observer(
            here.kube, file=self.frames, namespaces=map(namespace_of, ROLLOUTS)
        )
        self.words: dict[str, list[Word]] = {}
        self._traces: dict[str, list[Trace]] = {}

    @property
    def jaeger(self) -> Jaeger:
        return self.program.query

    def traces(self, name: str) -> list[Trace]:
        """A rollout's traces, oldest first; read once."""
        if name not in self._traces:
            self._traces[name] = traces_of(self.jaeger, namespace_of(name))
        return self._traces[name]

    def generation(self, root: Span) -> int:
        """Generation of a root's change."""
        return int(str(root.tags.get("event_tracer.change.generation", 0)))

    def completed_after(self, name: str, root: Span) -> tuple[float, float] | None:
        """From a root's change to the first frame that satisfies kubectl's rules, in seconds.

        By what the frame states, and by when it came; None where no frame came before the root
        was sealed: what crashes now and then is complete for a moment.
        """
        _, kind, workload = root.operation.split(" ")
        intent = Intent(namespace_of(name), kind, workload, self.generation(root))
        seen = self.observer
        if intent not in seen.completed or seen.stated[intent] > root.end / 1e6 + _OPEN:
            return None
        begun = int(seen.begun[intent])
        return seen.stated[intent] - begun, seen.completed[intent] - begun

    def word(self, name: str, root: Span) -> Word | None:
        """What kubectl last said of a root's change."""
        generation = self.generation(root)
        return next(
            (word for word in reversed(self.words[name]) if word.generation == generation), None
        )

    def recorded(self) -> Path:
        """All frames up to now, and no more."""
        self.recorder.stop()
        return self._recording

    def start(self) -> None:
        """All that watches, before anything happens."""
        self.here.kube.run("create", "namespace", CHECKPOINT)
        self.program.start()
        self.observer.start()
        self.bridge.start()
        self.recorder.start()

    def act(self) -> None:
        """Every rollout, one beginning after the other, until each root has been sealed."""
        with ThreadPoolExecutor(len(ROLLOUTS)) as pool:
            begun = [
                pool.submit(self._act, name, after=number * _STAGGER)
                for number, name in enumerate(ROLLOUTS)
            ]
            for done in begun:
                done.result()
        # What is missing is for the tests to tell.
        with suppress(AssertionError):
            wait("the seal of all roots", self._are_sealed, within=_SEALED, pause=10)

    def stop(self) -> None:
        """End all of it."""
        for program in (self.recorder, self.bridge.program, self.program.program):
            program.kill()

    def _act(self, name: str, *, after: float) -> None:
        time.sleep(after)
        scene = stage_in(Scene, self.here, namespace_of(name))
        self.words[name] = scene.words
        ROLLOUTS[name].act(scene)

    def _are_sealed(self) -> bool:
        roots = Counter(
            span.tags.get("k8s.namespace.name")
            for word in _OUTCOMES
            for spans in self.jaeger.find({"event_tracer.outcome": word}).values()
            for span in spans
            if not span.parent
        )
        return all(
            roots[namespace_of(name)] >= len(each.stories) for name, each in ROLLOUTS.items()
        )


@contextmanager
def rolled_out(here: Site) -> Iterator[Rolled]:
    """All of it, ended afterwards."""
    folder = here.folder / "rollouts"
    folder.mkdir()
    made = Rolled(here, folder)
    try:
        made.start()
        made.act()
        yield made
    finally:
        made.stop()
