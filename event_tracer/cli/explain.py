"""`event-tracer explain`: outcome, cause and evidence of one story, in a few kilobytes."""

import re
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from event_tracer import EventTracerError
from event_tracer.cli.process import complain, run_to_the_end
from event_tracer.cli.settings.models import ExplainSettings
from event_tracer.cli.words import parse_name
from event_tracer.core.chain import changes_by_itself
from event_tracer.core.event import ObjectReference, reference_to
from event_tracer.core.filters import Redaction
from event_tracer.core.kinds import KIND_OF_NAME
from event_tracer.core.span import Span, text_of
from event_tracer.core.stand import Stand
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND, rfc3339
from event_tracer.core.traces import Trace, traces_of
from event_tracer.recording import reader
from event_tracer.render import report
from event_tracer.render.explain import explain
from event_tracer.render.explanation import Explanation
from event_tracer.render.outcome import last_word
from event_tracer.render.quiet import explain_quiet
from event_tracer.render.selection import Target, newest_story, object_span_ids

_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
_MOST_NAMED = 5


class NoStoryError(EventTracerError):
    """There is nothing to explain."""


class Wanted(NamedTuple):
    """What is to be explained: a trace, or the newest story about a target; neither: any."""

    trace_id: str
    target: Target | None


def main(settings: ExplainSettings, words: Sequence[str]) -> bool:
    """Run the command."""
    work = of_files if settings.file else of_cluster
    made = run_to_the_end(work(words, settings), settings=settings)
    sys.stdout.write(written(made, settings.output))
    return True


def written(made: Explanation, output: str) -> str:
    """The document as `output` names it."""
    if output == "json":
        return f"{made.json_text()}\n"
    return report.markdown(made) if output == "markdown" else report.text(made)


async def of_cluster(words: Sequence[str], settings: ExplainSettings) -> Explanation:
    """The explanation of what `words` mean in a live cluster.

    Raises NoStoryError, SnapshotError, SettingsError and ConnectionSettingsError.
    """
    # The libraries of a cluster take a while to load, which a file need not wait for.
    from event_tracer.cli.target import explain_absence, look_of, open_query

    trace_id = words[0].lower() if len(words) == 1 and _TRACE_ID.fullmatch(words[0]) else ""
    if not trace_id:
        parse_name(words)
    async with open_query(settings, () if trace_id else words) as query:
        look = await look_of(query, settings, complain=complain)
        traces = look.traces
        wanted = Wanted(trace_id, next(iter(query.targets), None))
        found = _found(wanted, traces)
        for about in _abouts(wanted.target, query.namespaces):
            stand = look.stand(about)
            if stand.is_live and _is_newer(stand, found):
                return explain_quiet(stand)
        if found is None and not trace_id:
            raise NoStoryError(await explain_absence(query, traces))
    return _explained(found, wanted, settings)


async def of_files(words: Sequence[str], settings: ExplainSettings) -> Explanation:
    """The explanation of what `words` mean in files. Raises NoStoryError and SettingsError."""
    parse_name(words)  # before a pipe is waited for
    items = reader.items(
        settings.file,
        stdin=reader.standard_input(),
        on_problem=lambda problem: complain(str(problem)),
        redact=Redaction(settings.redact),
    )
    stories = Stories(naming=settings.naming, cluster_uid=settings.cluster_uid)
    traces = [trace for trace in traces_of(items, stories) if _is_wanted(trace, settings)]
    wanted = _wanted_of(words, traces)
    found = _found(wanted, traces)
    if found is None and wanted.target:
        there = sorted({_title(trace) for trace in traces})
        raise NoStoryError(f"no story there is about {' '.join(words)}; {_listed(there)}")
    return _explained(found, wanted, settings)


def _abouts(target: Target | None, namespaces: Sequence[str]) -> Iterator[ObjectReference]:
    """One named object in each namespace, as an Event would refer to it."""
    for namespace in namespaces if target and target.name else ():
        assert target
        yield reference_to(target.kind, namespace, target.name)


def _is_newer(stand: Stand, found: Trace | None) -> bool:
    """Whether nothing has happened to an object since its newest change."""
    if found is None:
        return True
    if stand.change is None or not changes_by_itself(stand.item):
        return False
    time = text_of(_root(found).attributes, "event_tracer.change.time")
    return time < rfc3339(stand.change.second * SECOND)


def _is_wanted(trace: Trace, settings: ExplainSettings) -> bool:
    if not settings.namespace:
        return True
    return text_of(_root(trace).attributes, "k8s.namespace.name") in settings.namespace


def _wanted_of(words: Sequence[str], traces: Sequence[Trace]) -> Wanted:
    """What `words` mean where there is no cluster to ask: kinds are those of the traces."""
    if len(words) == 1 and _TRACE_ID.fullmatch(words[0]):
        return Wanted(words[0].lower(), None)
    kind, name = parse_name(words)
    if not kind:
        return Wanted("", None)
    word, _, group = kind.lower().partition(".")
    known = KIND_OF_NAME.get(word, "").lower() or word
    for found in sorted(set(_kinds(traces))):
        is_kind = known in (found[0].lower(), f"{found[0].lower()}s")
        if is_kind and (not group or group in found):
            return Wanted("", Target(kind=found[0], group=found[1], name=name))
    return Wanted("", Target(kind=KIND_OF_NAME.get(word, word), group=group, name=name))


def _kinds(traces: Sequence[Trace]) -> Iterator[tuple[str, str]]:
    """The kinds and groups of the objects that occurrences are about."""
    for trace in traces:
        groups = {
            span.parent_id: text_of(span.attributes, "k8s.object.api_version").rpartition("/")[0]
            for span in trace if span.kind == "event"
        }  # fmt: skip
        for span in trace:
            kind = text_of(span.attributes, "k8s.object.kind")
            if span.kind == "object" and kind:
                yield kind, groups.get(span.span_id, "")


def _found(wanted: Wanted, traces: Sequence[Trace]) -> Trace | None:
    stories = [trace for trace in traces if _root(trace).kind == "object"]
    if wanted.trace_id:
        return next((each for each in stories if each[0].trace_id.hex() == wanted.trace_id), None)
    if wanted.target:
        stories = [each for each in stories if object_span_ids(each, wanted.target)]
    if wanted.target and wanted.target.name:
        return newest_story(stories)
    failed = [each for each in stories if _has_failed(each)]
    found = newest_story(failed or stories)
    _tell_others([each for each in failed if each is not found])
    return found


def _tell_others(failed: Sequence[Trace]) -> None:
    if failed:
        others = "others" if len(failed) > 1 else "another"
        complain(f"{others} failed, too: {_listed([_title(each) for each in failed])}")


def _explained(found: Trace | None, wanted: Wanted, settings: ExplainSettings) -> Explanation:
    if found is None:
        what = f"no trace {wanted.trace_id}" if wanted.trace_id else "no story"
        raise NoStoryError(f"there is {what} in what was read")
    ids = object_span_ids(found, wanted.target) if wanted.target else frozenset()
    subjects = [span for span in found if span.span_id in ids]
    subject = min(subjects, key=lambda span: len(span.parent_id), default=_root(found))
    return explain(
        found, subject=subject.span_id, max_bytes=settings.max_bytes, jaeger=settings.jaeger_url
    )


def _root(trace: Trace) -> Span:
    return next((span for span in trace if not span.parent_id), trace[0])


def _has_failed(trace: Trace) -> bool:
    return last_word(text_of(_root(trace).attributes, "event_tracer.outcome")) == "failed"


def _title(trace: Trace) -> str:
    kind, name = (
        text_of(_root(trace).attributes, f"k8s.object.{each}") for each in ("kind", "name")
    )
    return f"{kind.lower()}/{name}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}" if names else "there is none at all"
