"""Write docs/emitters.md, what is understood of each component, from the tables of the core."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from event_tracer.core.chain import RUNS
from event_tracer.core.children import ANY_KIND, CHILDREN, TARGETS, ChildRule, Tie
from event_tracer.core.durations import DURATION, DURATIONS
from event_tracer.core.errors import ADVICE
from event_tracer.core.ranks import OTHERS
from event_tracer.core.tables import CREATED, RANK, STEPS

PAGE = Path(__file__).with_name("emitters.md")
_HEAD = """# Emitters

What is understood of the Events that components write, by the tables in `event_tracer/core/`:
`python docs/emitters.py` makes this page of them. Every other Event is told, too: it becomes a span
with its message, at its time, about its object. Sources are files of the components' repositories.
"""
_TIES = {
    Tie.OWNS: "{child} below {parent}",
    Tie.HAS: "{child} somewhere below {parent}",
    Tie.NAMES: "names {child}, which {parent} does not own",
    Tie.ATTACHES: "{child} is attached to {parent}",
    Tie.JOINS: "{child} is attached to {parent}",
    Tie.BELONGS: "{about} is attached to {child}",
}


def page() -> str:
    """The whole page."""
    parts = (_HEAD, _children(), _general(), _runs(), _starts(), _durations(), _advice(), _order())
    return "\n".join("\n".join(part) if not isinstance(part, str) else part for part in parts)


def _table(title: str, text: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [f"## {title}", "", text, "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(_cell(each) for each in row)} |" for row in rows), ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def _children() -> list[str]:
    grouped: dict[str, list[ChildRule]] = defaultdict(list)
    for rule in CHILDREN:
        grouped[rule.component].append(rule)
    rows = [
        (component, " ".join(sorted(rule.reasons)) or "any", _understood(rule), rule.source)
        for component, rules in grouped.items()
        for rule in rules
    ]
    head = ("component", "reasons", "what is understood", "source")
    return _table("What belongs to what", "Messages that name objects (laws 8 and 12).", head, rows)


def _understood(rule: ChildRule) -> str:
    about = " or ".join(sorted(rule.kinds)) or "its object"
    name = (
        rule.name.replace("{name}", "<name>")
        .replace("{about}", "<its own name>")
        .replace("{uid}", "<its own uid>")
    )
    kind = "any kind" if rule.child in ("", ANY_KIND) else rule.child
    child = f"{kind}{'' if name == '<name>' else f' `{name}`'}"
    parent = f"the {rule.parent.partition(' ')[0]} named with it" if rule.parent else about
    return _TIES[rule.tie].format(child=child, parent=parent, about=about)


def _general() -> Iterator[str]:
    autoscalers = ", ".join(f"{kind} (`spec.{field}`)" for kind, field in TARGETS.items())
    yield "Besides, of any component:"
    yield ""
    yield "- `Created [new] <Kind> [resource] [namespace/]name` names a child, where that of the"
    yield "  Event's object is in its name, and so do `Deleted …`, `Scaled [up] …` and `<Kind>"
    yield "  [namespace/]name [has been] created`. A kind may be several words, and small:"
    yield "  `role binding`, `gameserver`."
    yield "- `Reissued from <kind>/<name>: …` is what the rest says of that object, below the"
    yield "  Event's own (Kubeflow's notebook-controller)."
    yield "- Annotations of Argo Workflows' Events name a pod's Workflow and when its node started,"
    yield "  of Crossplane's a claim's composite resource."
    yield f"- An autoscaler that was read whole is attached to its target: {autoscalers}."
    yield ""


def _runs() -> list[str]:
    rows = [(owner, kind) for owner, kind in sorted(RUNS)]
    text = (
        "What is done once is one story however long it takes (law 5): a Job, and kinds of such\n"
        "a name (RayJob, JobSet, PipelineRun, Workflow, Backup, SparkApplication), what a\n"
        "schedule makes (CronWorkflow, RayCronJob, Schedule), and each of"
    )
    return _table("Runs", text, ("owner", "kind"), rows)


def _advice() -> Iterator[str]:
    yield "## Warnings that fail nothing"
    yield ""
    yield "What is well may have them for ever, or they are tried again (law 6):"
    yield f"{', '.join(sorted(ADVICE))}."
    yield ""


def _starts() -> list[str]:
    rows = [(reason, _named(steps)) for reason, steps in STEPS.items()]
    text = "A first occurrence began when another happened first (law 4)."
    return _table("What began when", text, ("reason", "began at"), rows)


def _named(steps: tuple[str, ...]) -> str:
    return ", ".join("its object's creation" if step == CREATED else step for step in steps)


def _durations() -> list[str]:
    rows = [("kubelet", f"{reason} … in 2.1s (2.3s including waiting)") for reason in DURATION]
    rows += [(component, sample) for component, sample, _ in DURATIONS]
    return _table("Stated durations", "Of any reason (law 4).", ("component", "such as"), rows)


def _order() -> list[str]:
    ranks: dict[int, list[str]] = defaultdict(list)
    for reason, rank in RANK.items():
        ranks[rank].append(reason)
    own = " < ".join(", ".join(ranks[rank]) for rank in sorted(ranks) if not _is_other(ranks[rank]))
    other = " < ".join(", ".join(ranks[rank]) for rank in sorted(ranks) if _is_other(ranks[rank]))
    return [
        "## Order within one second",
        "",
        "Kubernetes' own:",
        "",
        own,
        "",
        "Others':",
        "",
        other,
    ]


def _is_other(reasons: list[str]) -> bool:
    return all(reason in OTHERS for reason in reasons)


if __name__ == "__main__":
    PAGE.write_text(page() + "\n")
