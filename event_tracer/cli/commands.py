"""The commands: the help of each, its settings, its code.

A command is a row here, its settings (cli/settings/models.py) and its module, which is imported
when it runs: what speaks to nobody does not wait for the libraries of those that do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from event_tracer.cli.settings import models
from event_tracer.cli.settings.base import BaseOptions

SettingsT = TypeVar("SettingsT", bound=BaseOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Arguments of a command beside its options, for argparse and for the line of usage.

    `missing` is the error where none is given; empty where none is needed.
    """

    nargs: str
    usage: str
    metavar: str
    help: str
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[SettingsT]):
    """A command: a line for the list, a text, examples.

    `run` returns whether all went well, or an exit code.
    """

    line: str
    text: str
    examples: str
    settings: type[SettingsT]
    words: Words | None = None
    run: Callable[[SettingsT, Sequence[str]], bool | int]


def _show(settings: models.ShowSettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.show import main

    return main(settings, words)


def _run(settings: models.RunSettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.run import main

    return main(settings)


def _replay(settings: models.ReplaySettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.replay import main

    return main(settings, words)


def _link(settings: models.LinkSettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.link import main

    return main(settings, words)


def _wait(settings: models.WaitSettings, words: Sequence[str]) -> int:
    from event_tracer.cli.wait import main

    return main(settings, words)


def _explain(settings: models.ExplainSettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.explain import main

    return main(settings, words)


def _record(settings: models.RecordSettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.record import main

    return main(settings, words)


def _check(settings: models.CheckSettings, words: Sequence[str]) -> bool:
    from event_tracer.cli.check import main

    return main(settings)


_READ = Words(nargs="*", usage="[FILE ...]", metavar="FILE", help="what to read; - is stdin")
_WRITE = Words(
    nargs="?",
    usage="FILE",
    metavar="FILE",
    help="what to write; - is stdout",
    missing="name the FILE to write, or - for standard output",
)
_OBJECTS = Words(
    nargs="*",
    usage="[KIND[/NAME] ...]",
    metavar="KIND/NAME",
    help="objects, or all of a kind, as kubectl names them",
)
_AWAITED = Words(
    nargs="*",
    usage="KIND/NAME ...",
    metavar="KIND/NAME",
    help="workloads, as kubectl names them; with -l the kind alone",
    missing="name an object, as deployment/web",
)
_OBJECT = Words(
    nargs="*",
    usage="KIND/NAME",
    metavar="KIND/NAME",
    help="an object, as kubectl names it",
    missing="name an object, as deployment/web",
)
_STORY = Words(
    nargs="*",
    usage="[KIND/NAME | TRACE_ID]",
    metavar="KIND/NAME",
    help="an object, as kubectl names it, or the 32 digits of a trace's id",
)
COMMANDS: dict[str, Command[Any]] = {
    "show": Command(
        line="a live cluster's newest stories, in this terminal",
        text="""\
Read a cluster's Events and the metadata of its workloads once, and draw the newest stories, the
newest last: what was done, and what came of it. Nothing is written, no back end is needed.

KIND/NAME is an object as kubectl names it (deploy/web, rollouts.argoproj.io/web; deploy web api):
the stories that it has a part in, with it marked. A pod's is the whole story of what owns it.
KIND alone is all stories with such an object, with -l one that has these labels.
As a plugin: kubectl event-tracer show ...""",
        examples="""\
  event-tracer show                                 the namespace of the kubeconfig's context
  event-tracer show deployment/web -n shop          one rollout after the other
  event-tracer show deploy/web sts/db               of several objects
  event-tracer show deployments -l app=web          of those with a label
  event-tracer show pod/web-7d4b9c-x2x1q            why is it not there?
  event-tracer show -A --warnings --since 15m       all that went wrong of late
  event-tracer show deploy web --follow             in place, while it happens
  event-tracer show deploy/web --html web.html      one page, to be sent to a colleague
  event-tracer show deploy/web -o json > web.json   for "Upload JSON file" in Jaeger""",
        settings=models.ShowSettings,
        words=_OBJECTS,
        run=_show,
    ),
    "run": Command(
        line="a live cluster's Events to traces, for as long as it runs",
        text="""\
Watch a cluster and send each Event as a span, each rollout as a trace.

Reads Events and the metadata of workloads, and writes nothing but its checkpoint. What the back
end has not acknowledged is sent again, also after a restart; while it is away, reading waits.
SIGTERM and SIGINT deliver what is left and exit with 0.

With --leader-elect one of several replicas, the one that holds a Lease, does this, and the others
stand by. Whoever loses it ends at once with 1, and another goes on from the checkpoint.""",
        examples="""\
  event-tracer run --to console
  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 event-tracer run
  event-tracer run --watch-namespaces shop,web --checkpoint /var/lib/event-tracer/checkpoint
  event-tracer run --ui 8080                              then http://localhost:8080/
  event-tracer run --exclude-reason LeaderElection --start now
  POD_NAMESPACE=ops event-tracer run --leader-elect --to console""",
        settings=models.RunSettings,
        run=_run,
    ),
    "replay": Command(
        line="recorded Events to traces: in the terminal, as a file, or to a collector",
        text="""\
Turn recorded Events into traces: draw them here, or send them to a collector.

Reads recordings (JSON Lines, plain or gzipped) and what kubectl prints:
  kubectl get events -A -o json                       Events alone already give the tree
  kubectl get events,pods,rs,deploy,sts,ds,jobs,cronjobs,ns -A -o json --show-managed-fields
                                                      with owners, status, and who changed what
  kubectl get events -A --watch -o json
Without FILE it replays a sample; - reads standard input.""",
        examples="""\
  event-tracer replay
  kubectl get events -A -o json | event-tracer replay -
  event-tracer replay --namespace shop --type Warning events.json
  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 event-tracer replay --to otlp --shift-to-now
  OTEL_TRACES_EXPORTER=console event-tracer replay --to sdk
  event-tracer replay --to otlp-json --output-file trace.json   then upload it in Jaeger""",
        settings=models.ReplaySettings,
        words=_READ,
        run=_replay,
    ),
    "link": Command(
        line="the URL in Jaeger of an object's newest story",
        text="""\
Print where the trace of an object's newest story is in Jaeger, a search for all stories of the
object, and the comparison with the story before, where there is one. Without --jaeger-url it
prints trace ids.

Ids are pure functions of what the cluster holds, so it asks the cluster alone: `run` gives the
trace the same id, be it now or when it comes to send it.""",
        examples="""\
  event-tracer link deployment/web -n shop --jaeger-url https://jaeger.example.org
  EVENT_TRACER_JAEGER_URL=https://jaeger.example.org event-tracer link pod/web-7d4b9c-x2x1q
  event-tracer link sts/db | awk '$1 == "trace" {print $2}'""",
        settings=models.LinkSettings,
        words=_OBJECT,
        run=_link,
    ),
    "wait": Command(
        line="until a rollout is complete, or has failed: then why; for pipelines",
        text="""\
Follow the newest change of each object until it is complete by the rules of kubectl rollout status,
and has been so for --settle; or until it has failed beyond doubt: Kubernetes says so, or an error
that no waiting helps (a bad image, a missing ConfigMap, a third death, a refused creation) has
stood for --patience. What may yet go well (no node, a volume, a probe) is waited for. On a terminal
each pod has a line, redrawn in place; in a log each transition has one. It only reads.

Exits with 0: complete; 1: failed, was deleted, or may not be read: with the cause, the last
messages and the commands to look further; 3: not complete at --timeout, or when told to stop
(SIGINT, SIGTERM): what is open is named. Of several the first that fails ends it. In GitHub Actions
and GitLab CI it writes annotations and a summary in Markdown (docs/usage.md).""",
        examples="""\
  event-tracer wait deployment/web -n shop
  event-tracer wait deploy/web sts/db --timeout 15m
  event-tracer wait deployments -l app=web --patience 5m
  event-tracer wait job/migrate -o json | jq -r .summary
  kubectl apply -f web.yaml && event-tracer wait deploy/web""",
        settings=models.WaitSettings,
        words=_AWAITED,
        run=_wait,
    ),
    "explain": Command(
        line="what became of an object's newest change, and why: for a ticket, an alert, an agent",
        text="""\
Tell outcome, cause and evidence of an object's newest story: who changed what and when, the chain
from the root to what went wrong, Events by their uids, times, counts and exit codes, what is still
open, and commands that show more. KIND/NAME is an object as kubectl names it, TRACE_ID one of
Jaeger's; without either it is the story that failed last, or else the newest.

It reads a cluster once and writes nothing, or reads what -f names: a recording, or what kubectl
printed (replay --help has the commands). -o json is a document of 4 KiB at most, whose schema is
docs/explain.schema.json. Repeats are folded in it before messages that differ are clipped. What a
cluster's programs wrote is quoted, on one line, and never more than data.

Exits with 0 whatever the outcome; wait is the command whose exit code tells it.""",
        examples="""\
  event-tracer explain deployment/web -n shop
  event-tracer explain -A -o json | jq -r .summary
  event-tracer explain pod/web-7d4b9c-x2x1q -o markdown
  event-tracer explain -f rollout.jsonl.gz deploy/web
  kubectl get events,pods,rs,deploy,ns -o json --show-managed-fields | event-tracer explain -f -""",
        settings=models.ExplainSettings,
        words=_STORY,
        run=_explain,
    ),
    "record": Command(
        line="a live cluster's Events and owners to a file, for replay anywhere",
        text="""\
Record the raw frames of a cluster's Events, and of the objects that they are about, until SIGINT:
first all that there is, then what happens. FILE ending in .gz is gzipped; - is standard output.
Of objects metadata and status are kept; what containers are given by environment variables,
arguments and kubectl's last-applied-configuration is left out.""",
        examples="""\
  event-tracer record rollout.jsonl.gz
  event-tracer record --watch-namespaces shop --redact '[0-9.]+' - | event-tracer replay -""",
        settings=models.RecordSettings,
        words=_WRITE,
        run=_record,
    ),
    "check": Command(
        line="whether run would work here, and what to do where not",
        text="""\
Check all that run needs: the API server and each right on it, the cluster's name, the clocks,
the checkpoint, and the OTLP endpoint, to which one span is sent. Exits with 1 if something is
missing.""",
        examples="""\
  event-tracer check
  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 event-tracer check --context prod
  POD_NAMESPACE=ops event-tracer check --leader-elect
  kubectl -n event-tracer exec deploy/event-tracer -- event-tracer check""",
        settings=models.CheckSettings,
        run=_check,
    ),
}
