"""`event-tracer link`: the address of an object's newest story in Jaeger."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from event_tracer.cli.process import complain, run_to_the_end
from event_tracer.cli.settings.base import SettingsError
from event_tracer.cli.settings.models import LinkSettings
from event_tracer.cli.target import explain_absence, look_of, open_query, undated_of
from event_tracer.cli.words import parse_name
from event_tracer.core.lineage import kind_attribute
from event_tracer.core.span import Span, text_of
from event_tracer.core.traces import Trace
from event_tracer.pipeline.snapshot import SnapshotError
from event_tracer.render.selection import Target, newest_story, object_span_ids
from event_tracer.runtime.logs import Complain

_LOOKBACK = "2d"  # the widest that Jaeger's UI offers
_LIMIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The ids of a story's trace and, where there is one, of the story's before it.

    `service` is one whose spans carry `tags`, as Jaeger's search needs it.
    """

    trace_id: str
    previous: str
    service: str
    tags: dict[str, str]

    def lines(self, *, jaeger: str) -> Iterator[tuple[str, str]]:
        """Names and URLs in Jaeger, an empty `jaeger` for none: then names and ids."""
        if not jaeger:
            yield "trace", self.trace_id
            if self.previous:
                yield "previous", self.previous
            return
        query = {
            "service": self.service,
            "tags": json.dumps(self.tags, separators=(",", ":")),
            "lookback": _LOOKBACK,
            "limit": str(_LIMIT),
        }
        yield "trace", f"{jaeger}/trace/{self.trace_id}"
        yield "search", f"{jaeger}/search?{urlencode(query)}"
        if self.previous:
            yield "compare", f"{jaeger}/trace/{self.previous}...{self.trace_id}"


def main(settings: LinkSettings, words: Sequence[str]) -> bool:
    """Run the command."""
    found = run_to_the_end(link(words, settings, complain=complain), settings=settings)
    for name, what in found.lines(jaeger=settings.jaeger_url):
        sys.stdout.write(f"{name:<9}{what}\n")
    return True


async def link(words: Sequence[str], settings: LinkSettings, *, complain: Complain) -> Link:
    """The newest story of the object that `words` name.

    Raises SnapshotError, ConnectionSettingsError and SettingsError.
    """
    if not parse_name(words)[1]:
        raise SettingsError("name one object, as deployment/web")
    async with open_query(settings, words) as query:
        (target,) = query.targets
        look = await look_of(query, settings, complain=complain)
        found = newest_story(each for each in look.traces if object_span_ids(each, target))
        if not found:
            raise SnapshotError(await explain_absence(query, look.traces))
        if not query.cluster_uid:
            complain("the cluster's uid may not be read; --cluster-uid must be that of `run`")
        if undated := undated_of(look, [found]):
            complain(undated)
        return _link(found, target)


def _link(trace: Trace, target: Target) -> Link:
    root = next(span for span in trace if not span.parent_id)
    tag = kind_attribute(target.kind, "name")
    tagged = [span for span in trace if text_of(span.attributes, tag) == target.name]
    newest = max(tagged, key=_freshness)
    tags = {
        "k8s.namespace.name": text_of(newest.attributes, "k8s.namespace.name"),
        tag: target.name,
    }
    return Link(
        trace_id=root.trace_id.hex(),
        previous=text_of(root.attributes, "event_tracer.previous_trace_id"),
        service=text_of(newest.resource, "service.name"),
        tags={key: value for key, value in tags.items() if value},
    )


def _freshness(span: Span) -> tuple[bool, int, bytes]:
    # The root's service is whoever made that one change; components stay the same.
    return span.kind == "event", span.end, span.span_id
