"""Where the stories happen: a cluster and a Jaeger of our own, or those that are named."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.e2e import needs
from tests.e2e.controlplane import ControlPlane
from tests.e2e.jaeger import Jaeger, JaegerProgram
from tests.e2e.kube import Kube
from tests.e2e.node import Node
from tests.e2e.registry import Registry, busybox

_BUSYBOX = "busybox:1.36"
_SLEEP = ("sleep", "1000000")
_blocks = count(26_400, 10)
"""Ports below those that Linux gives out by itself, in blocks of ten."""


def ports() -> int:
    """The first port of a block that nobody else has."""
    return next(_blocks)


@dataclass(frozen=True, kw_only=True)
class Site:
    """`plane` and `registry` are there where the cluster is our own."""

    kube: Kube
    jaeger: Jaeger
    endpoint: str
    folder: Path
    image: str
    plane: ControlPlane | None = None
    registry: Registry | None = None
    server: str = ""
    lose_node: Callable[[], None] = lambda: None


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """What KUBECONFIG and JAEGER_URL name (OTLP at JAEGER_OTLP), else all of it made here."""
    if needs.is_given(os.environ):
        with _given(folder) as given:
            yield given
        return
    with ExitStack() as stack:
        yield _made(folder, stack)


@contextmanager
def _given(folder: Path) -> Iterator[Site]:
    kubectl = shutil.which("kubectl") or "kubectl"
    kube = Kube(kubectl=kubectl, kubeconfig=Path(os.environ["KUBECONFIG"]), logs=folder)
    kube.start()
    try:
        yield Site(
            kube=kube,
            jaeger=Jaeger(os.environ["JAEGER_URL"]),
            endpoint=os.environ.get("JAEGER_OTLP", "http://127.0.0.1:4317"),
            folder=folder,
            image=_BUSYBOX,
        )
    finally:
        kube.stop()


def _made(folder: Path, stack: ExitStack) -> Site:
    registry = Registry()
    registry.start()
    stack.callback(registry.stop)
    layer = busybox()
    pause, image = (
        registry.push(name, layer, command=_SLEEP) for name in ("pause:3.10", "library/busybox:1")
    )
    plane = ControlPlane(folder / "cluster", first_port=ports())
    stack.callback(plane.stop)
    plane.start()
    nodes = [
        Node(plane, name="node-1", port=ports(), pause=pause),
        Node(plane, name="node-2", port=ports(), pause=pause, taint="away"),
    ]
    for node in nodes:
        stack.callback(node.stop)
        node.start()
    jaeger = JaegerProgram(folder / "jaeger", first_port=ports())
    stack.callback(jaeger.stop)
    jaeger.start()
    return Site(
        kube=plane.kube, jaeger=jaeger.query, endpoint=jaeger.endpoint, folder=folder,
        image=image, plane=plane, registry=registry, server=plane.url,
        lose_node=nodes[1].kubelet.kill,
    )  # fmt: skip
