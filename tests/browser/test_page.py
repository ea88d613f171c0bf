"""The page of each recording, in a real browser."""

import re
from pathlib import Path

import pytest

from event_tracer.render.outcome import last_word
from tests.browser.pages import NAMES, late_death, of_recordings, of_spans, stories_of
from tests.browser.tabs import Open


@pytest.mark.parametrize("name", NAMES)
def test_all_stories_and_spans_are_there(name: str, tmp_path: Path, open_page: Open) -> None:
    """Each story of a recording, each with the rows and spans that the terminal draws."""
    tab, wanted = open_page(of_recordings(tmp_path, name)), stories_of(name)

    assert tab.stories == len(wanted)
    tab.unfold()
    for trace in wanted:
        spans = sum(len(row.spans) for row in trace.rows)
        assert (tab.title, tab.rows) == (trace.title, len(trace.rows))
        assert f"{spans} span" in tab.facts
        tab.keys("]")


@pytest.mark.parametrize("name", NAMES)
def test_rows_say_what_the_terminal_says(name: str, tmp_path: Path, open_page: Open) -> None:
    """Names whole, folded repeats, times, how long, messages."""
    tab, trace = open_page(of_recordings(tmp_path, name), height=3000), stories_of(name)[0]

    for number, row in enumerate(trace.rows):
        told = tab.page.locator(f"#row-{number}")
        assert told.locator(".label").inner_text() == row.title
        assert told.locator(".at").inner_text() == trace.at(row)
        assert told.locator(".took").inner_text() == row.took
        repeats = told.locator(".repeats")
        note = repeats.inner_text() if repeats.count() else ""
        assert note.partition(" since ")[0] == row.note
        assert ("since" in note) == (row.since is not None)
        assert told.locator(".messages p").all_text_contents()[-1:] == list(row.lines)[-1:]
        assert told.locator(".wait").count() == len(row.waits)
        assert told.get_attribute("aria-level") == str(len(row.last) + 1)


def test_words_are_searched_for_together(tmp_path: Path, open_page: Open) -> None:
    """In any order, wherever a story says them, its namespace too; "in quotes" as one."""
    names = ("status/oom.jsonl.gz", "status/crash.jsonl.gz", "workloads.jsonl")
    tab = open_page(of_recordings(tmp_path, *names))
    for text, namespace in (("web v-crash", "v-crash"), ("OOMKilled V-OOM", "v-oom")):
        tab.search(text)
        assert (tab.stories, tab.title) == (1, "Create Deployment web")
        assert f"namespace {namespace}" in tab.facts
    assert tab.found == ["Terminated OOMKilled"]

    tab.search("v-oom exit 3")
    assert tab.stories == 1
    tab.search('v-oom "exit 3"')
    assert tab.stories == 0
    tab.search("failed v-oom")
    assert tab.stories == 1


def test_search_finds_what_any_span_says(workloads: str, open_page: Open) -> None:
    """Names, messages, images, uids; rows that say it are marked, Enter goes to them."""
    tab = open_page(workloads)
    everything = tab.stories
    tab.search("backofflimit")
    assert (tab.stories, tab.title) == (1, "Create Job fails")
    assert tab.row("BackoffLimitExceeded").get_attribute("class") == "row warning selected found"

    tab.keys("Enter")
    assert tab.selected == "BackoffLimitExceeded"
    tab.search("nobody says this")
    assert tab.stories == 0
    assert tab.page.locator("#nothing").inner_text() == "No story passes the filters."
    tab.search("")
    assert tab.stories == everything


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("namespace", "s4", None), ("kind", "CronJob", "CronJob tick"),
        ("service", "daemonset-controller", "Create DaemonSet agent"), ("outcome", "failed", None),
    ],
)  # fmt: skip
def test_filters(
    name: str, value: str, wanted: str | None, workloads: str, tmp_path: Path, open_page: Open
) -> None:
    """Each leaves the stories that have it; an empty one all."""
    if name == "namespace":
        workloads = of_recordings(tmp_path, "workloads.jsonl", "rolling-update.jsonl")
        value = stories_of("rolling-update.jsonl")[0].namespace
    tab = open_page(workloads)
    everything = tab.stories
    tab.choose(name, value)

    assert 0 < tab.stories < everything
    if wanted:
        assert tab.title == wanted
    if name == "outcome":
        stories = stories_of("workloads.jsonl")
        failed = [each for each in stories if last_word(each.outcome) == "failed"]
        assert tab.stories == len(failed)
    tab.choose(name, "")
    assert tab.stories == everything


def test_what_came_later_is_told_beside_what_was_sealed(tmp_path: Path, open_page: Open) -> None:
    """Law 6: both words, in the colour of the last, which the filter goes by."""
    tab = open_page(of_spans(tmp_path, late_death()))
    chip = tab.page.locator("#story-outcome")

    assert re.fullmatch("complete, then failed after [0-9]+ m", chip.inner_text())
    assert chip.get_attribute("class") == "chip failed"
    assert tab.page.locator("#grid .row .extent").first.get_attribute("class") == "extent failed"
    tab.choose("outcome", "failed")
    assert tab.stories == 1


@pytest.mark.parametrize(
    ("name", "says", "colour"),
    [("init", "complete in 42 s", "--green"), ("oom", "failed", "--red"), ("", "started", "--dim")],
)
def test_green_is_for_complete_alone(
    name: str, says: str, colour: str, tmp_path: Path, open_page: Open
) -> None:
    """What has merely started is grey; head and list say the same, and how long it took."""
    recording = f"status/{name}.jsonl.gz" if name else "redis-create.jsonl"
    tab = open_page(of_recordings(tmp_path, recording))
    chip, item = tab.page.locator("#story-outcome"), tab.page.locator("#stories .item").first
    tab.run(f"document.querySelector('#said').style.setProperty('color', 'var({colour})')")
    wanted = tab.style("#said", "color")

    assert chip.inner_text() == item.locator("b").inner_text() == says
    assert tab.of(chip, "color") == tab.of(item.locator("b"), "color") == wanted
    assert tab.of(item.locator(".outcome"), "color") == wanted


def test_a_failure_has_its_cause_below_the_title(tmp_path: Path, open_page: Open) -> None:
    """As the root's span has it; the end of a container says its message, as an Event does."""
    tab = open_page(of_recordings(tmp_path, "status/oom.jsonl.gz"))
    cause = tab.page.locator("#story-cause")

    assert cause.inner_text().startswith(
        "container web: OOMKilled, exit 137, 3 restarts, then 1 more (pod web-"
    )
    assert tab.of(cause, "color") == tab.of(tab.page.locator("#story-outcome"), "color")
    item = tab.page.locator("#stories .item .second").first
    assert item.inner_text().split() == ["failed", *cause.inner_text().split()]
    tab.row("Terminated OOMKilled").locator(".label").click()
    assert tab.detail.locator(".message").inner_text() == "container web: OOMKilled, exit 137"


def test_warnings_only(workloads: str, open_page: Open) -> None:
    """Stories with warnings, and of these the rows with warnings and what is above them."""
    tab = open_page(workloads)
    wanted = [t for t in stories_of("workloads.jsonl") if any(row.messages for row in t.rows)]
    tab.keys("w")
    assert tab.stories == len(wanted)

    tab.search("backofflimit")
    assert tab.rows == 2
    tab.keys("Escape", "w")
    assert tab.rows > 2


def test_warnings_are_red(workloads: str, open_page: Open) -> None:
    """Their names, their messages and their marks, and nothing else."""
    tab = open_page(workloads)
    tab.search("nowhere")
    red = tab.of(tab.row("FailedScheduling").locator(".label"), "color")
    assert tab.of(tab.row("FailedScheduling").locator(".messages p").first, "color") == red
    assert tab.of(tab.row("FailedScheduling").locator(".instant").first, "background-color") == red
    tab.search("Job once")
    assert tab.page.locator("#grid .messages").count() == 0
    assert tab.of(tab.row("Pulled").locator(".label"), "color") != red


def test_detail(workloads: str, open_page: Open) -> None:
    """All attributes, the raw Event, commands; of what came back one after the other."""
    tab = open_page(workloads)
    tab.search("nowhere")
    tab.row("FailedScheduling").click()
    detail = tab.detail
    assert detail.locator("h2").inner_text() == "FailedScheduling"
    assert detail.locator("code").first.inner_text().endswith("describe pod nowhere")
    table = dict(
        zip(
            detail.locator("details.attributes th").all_inner_texts(),
            detail.locator("details.attributes td").all_inner_texts(),
            strict=True,
        )
    )
    assert table["k8s.event.reason"] == "FailedScheduling"
    assert table["k8s.object.name"] == "nowhere"

    detail.locator("details.raw summary").click()
    assert '"reason": "FailedScheduling"' in detail.locator("pre").inner_text()
    assert "managedFields" not in detail.locator("pre").inner_text()


def test_what_came_back_is_told_one_by_one(tmp_path: Path, open_page: Open) -> None:
    """The newest first; the ones before are a step away, each under its own link."""
    tab = open_page(of_recordings(tmp_path, "image-pull-backoff.jsonl"))
    row = next(row for row in stories_of("image-pull-backoff.jsonl")[0].rows if len(row.spans) > 2)
    tab.row(row.name).click()
    steps = tab.detail.locator(".steps")
    assert steps.inner_text().startswith(
        f"‹{len(row.spans)} of {len(row.spans)}".replace("‹", "‹\n")
    )
    assert tab.hash.endswith(row.spans[-1].span_id.hex())

    steps.get_by_label("Occurrence before").click()
    assert tab.hash.endswith(row.spans[-2].span_id.hex())


def test_copy_as_a_command(workloads: str, open_page: Open) -> None:
    """What is copied is the command."""
    tab = open_page(workloads)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.search("nowhere")
    tab.row("FailedScheduling").click()
    tab.detail.locator(".command .copy").first.click()
    tab.until("document.querySelector('#said').textContent === 'Copied'")

    assert tab.run("navigator.clipboard.readText()").endswith("describe pod nowhere")


def test_deep_link(workloads: str, open_page: Open) -> None:
    """A link shows the story and the span, on a page just opened and on one that is open."""
    trace = stories_of("workloads.jsonl")[-1]
    row = trace.rows[-1]
    link = f"#trace={trace.trace_id}&span={row.spans[0].span_id.hex()}"
    tab = open_page(f"{workloads}{link}")
    assert (tab.title, tab.selected, tab.hash) == (trace.title, row.name, link)
    assert tab.detail.locator("h2").inner_text() == row.name

    other = stories_of("workloads.jsonl")[0]
    tab.run(f"location.hash = 'trace={other.trace_id}'")
    tab.until(f"location.hash === '#trace={other.trace_id}'")
    tab.settle()
    assert (tab.title, tab.selected) != (trace.title, row.name)
    assert tab.title == other.title
