"""All stories at once, and what Jaeger then has of each."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from tests.e2e.jaeger import Jaeger, Span
from tests.e2e.processes import wait
from tests.e2e.site import Site
from tests.e2e.stage import Stage
from tests.e2e.stories import STORIES, Act

S = TypeVar("S", bound=Stage)
_SETTLED = 300.0
"""More seconds than the longest of the stories stays open after it was acted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """A trace as Jaeger's UI shows it."""

    spans: tuple[Span, ...]

    @property
    def root(self) -> Span:
        return next(span for span in self.spans if not span.parent)

    def under(self, parent: Span) -> list[Span]:
        """Its children, in the order of their ends."""
        children = [span for span in self.spans if span.parent == parent.id]
        return sorted(children, key=lambda span: (span.end, span.start))

    def named(self, operation: str) -> list[Span]:
        """Its spans of this name, in the order of their ends."""
        found = [span for span in self.spans if span.operation == operation]
        return sorted(found, key=lambda span: span.end)

    def path(self, span: Span) -> list[str]:
        """The names from the root to `span`."""
        by_id = {each.id: each for each in self.spans}
        names = [span.operation]
        while span.parent:
            span = by_id[span.parent]
            names.insert(0, span.operation)
        return names


def act_all(site: Site) -> None:
    """Every story, at the same time."""
    with ThreadPoolExecutor(len(STORIES)) as pool:
        for done in [pool.submit(_act, site, name, act) for name, act in STORIES.items()]:
            done.result()


def _act(site: Site, name: str, act: Act) -> None:
    act(stage_in(Stage, site, name))


def stage_in(stage: type[S], site: Site, namespace: str) -> S:
    """A stage in a namespace of its own, once pods may be made there."""
    site.kube.run("create", "namespace", namespace)
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    wait("the ServiceAccount", lambda: site.kube.ask(account))
    return stage(
        kube=site.kube, namespace=namespace, image=site.image, lose_node=site.lose_node
    )  # fmt: skip


def traces_of(jaeger: Jaeger, namespace: str) -> list[Trace]:
    """The traces of a namespace, once each parent is there, oldest first; each is read once."""
    ids = wait(
        f"all parents in {namespace}", lambda: _whole(jaeger, namespace), within=_SETTLED, pause=5
    )
    traces = [Trace(spans=tuple(jaeger.trace(trace_id))) for trace_id in ids]
    return sorted(traces, key=lambda trace: trace.root.start)


def _whole(jaeger: Jaeger, namespace: str) -> list[str]:
    found = jaeger.find({"k8s.namespace.name": namespace})
    is_whole = all(_has_all_parents(spans) for spans in found.values())
    return list(found) if is_whole else []


def _has_all_parents(spans: list[Span]) -> bool:
    known = {span.id for span in spans}
    return all(not span.parent or span.parent in known for span in spans)
