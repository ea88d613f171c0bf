"""What a pipeline's own page shows of an answer: annotations, and a summary in Markdown.

GitHub Actions: workflow commands, and GITHUB_STEP_SUMMARY. GitLab: a report of annotations, whose
links a job shows, and a file of Markdown, both in the job's folder.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from event_tracer.cli.waiting import Ending
from event_tracer.render import report
from event_tracer.render.explanation import Explanation

ANNOTATIONS, SUMMARY = "event-tracer-annotations.json", "event-tracer-summary.md"
_WORDS = {Ending.COMPLETE: "notice", Ending.FAILED: "error", Ending.OPEN: "warning"}


class Answer(NamedTuple):
    """How waiting for one object ended: the sentence that says so, and its explanation."""

    name: str
    ending: Ending
    sentence: str
    explanation: Explanation


def is_github(environ: Mapping[str, str]) -> bool:
    """Whether this runs in GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def command_line(answer: Answer) -> str:
    """GitHub's workflow command that annotates a run with an answer."""
    title = _escaped(f"{answer.name} {_title(answer)}").replace(":", "%3A").replace(",", "%2C")
    return f"::{_WORDS[answer.ending]} title={title}::{_escaped(_why(answer))}"


def harmless(line: str) -> str:
    """A line of a log that holds no workflow command, whatever a message says.

    The runner looks for `::` at the start of a line and for `##[` anywhere (ActionCommand.cs).
    """
    return line.replace("##", "# #").replace("::", ": :", 1 if line.lstrip()[:2] == "::" else 0)


def write_pages(answers: Sequence[Answer], environ: Mapping[str, str]) -> None:
    """Write what the pipeline's page shows. Raises OSError."""
    text = "".join(report.markdown(each.explanation) for each in answers)
    if is_github(environ) and (path := environ.get("GITHUB_STEP_SUMMARY")):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    if environ.get("GITLAB_CI") == "true":
        folder = Path(environ.get("CI_PROJECT_DIR") or ".")
        (folder / SUMMARY).write_text(text, encoding="utf-8")
        (folder / ANNOTATIONS).write_text(_annotations(answers, environ), encoding="utf-8")


def _annotations(answers: Sequence[Answer], environ: Mapping[str, str]) -> str:
    links = [
        {"external_link": {
            "label": f"{each.name} {_title(each)}: {_why(each)}",
            "url": each.explanation.story.url or environ.get("CI_JOB_URL", ""),
        }}
        for each in answers
    ]  # fmt: skip
    return json.dumps({"event-tracer": links}) + "\n"


def _title(answer: Answer) -> str:
    return "not complete in time" if answer.ending is Ending.OPEN else answer.ending.name.lower()


def _why(answer: Answer) -> str:
    return report.cause(answer.explanation) or answer.sentence


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
