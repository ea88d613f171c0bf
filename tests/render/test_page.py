"""The page's text: what is in it, what is not, and what a browser may do with it."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from event_tracer.cli.main import USAGE
from event_tracer.core.filters import REDACTED, Redaction
from event_tracer.core.span import Span
from event_tracer.render.page.html import live_page, story_page
from event_tracer.render.page.kubectl import commands, restarted
from event_tracer.render.page.store import RawEvents
from event_tracer.render.waterfall import waterfall
from tests.scenarios.folding import JSONL, RECORDINGS, Run, events, frames_of, raw_frames, tell

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_of(text: str) -> dict[str, Any]:
    """What the page's script reads."""
    (found,) = DATA.findall(text)
    told: dict[str, Any] = json.loads(found)
    return told


def page_of(name: str) -> str:
    """The page of a recording, with its raw Events."""
    raw_events = RawEvents(Redaction(()))
    for raw in raw_frames(name):
        raw_events(raw)
    return story_page(tell(frames_of(name)), events=raw_events.by_uid, title=name)


@pytest.mark.parametrize("name", JSONL)
def test_the_facts_are_the_terminals(name: str) -> None:
    """Rows, times and outcomes are the waterfall's; each span is there once, with all it says."""
    spans = tell(frames_of(name))
    told = data_of(page_of(name))["stories"]
    assert sum(len(row["spans"]) for story in told for row in story["rows"]) == len(spans)

    for story in told:
        trace = waterfall([s for s in spans if s.trace_id.hex() == story["id"]])
        texts = story["texts"]
        facts = [
            (texts[row["name"]], row["at"], row.get("took", ""), row.get("outcome", ""))
            for row in story["rows"]
        ]
        assert facts == [(r.name, trace.at(r), r.took, r.outcome) for r in trace.rows]
        for row, made in zip(trace.rows, story["rows"], strict=True):
            pairs = made["spans"][0][4]
            keys = [texts[key] for key in pairs[::2]]
            assert keys == [key for key, _ in row.spans[0].attributes]


def test_raw_events_are_those_that_are_told() -> None:
    """Each by its uid, without managedFields; none of what a filter left out."""
    spans = tell(frames_of("redis-create"))
    text = page_of("redis-create")
    uids = {str(dict(span.attributes)["k8s.event.uid"]) for span in events(spans)}
    (story,) = data_of(text)["stories"]
    assert set(story["events"]) == uids
    assert "managedFields" not in text

    other = {"uid": {"message": "nobody tells of this"}}
    assert "nobody tells" not in story_page(spans, events=other, title="")


def test_what_apply_keeps_is_left_out() -> None:
    """last-applied-configuration may hold a whole manifest."""
    spans = tell(frames_of("redis-create"))
    uid = str(dict(events(spans)[0].attributes)["k8s.event.uid"])
    name = "kubectl.kubernetes.io/last-applied-configuration"
    raw = {uid: {"metadata": {"uid": uid, "annotations": {name: "secret", "team": "blue"}}}}
    text = story_page(spans, events=raw, title="")

    assert "secret" not in text
    assert '"team":"blue"' in text


def test_what_is_redacted_is_not_in_it(run: Run, tmp_path: Path) -> None:
    """Neither in spans nor in raw Events."""
    path, recording = tmp_path / "page.html", str(RECORDINGS / "image-pull-backoff.jsonl")
    code, out, err = run("replay", "--html", str(path), "--redact", "[Ee]rror", recording)
    text = path.read_text("utf-8")

    assert (code, out) == (0, "1 trace, 58 spans of 55 occurrences\n"), err
    assert REDACTED in text
    messages = [raw["message"] for raw in data_of(text)["stories"][0]["events"].values()]
    assert any(REDACTED in message for message in messages)
    assert not any("rror" in message for message in messages)


def test_what_cannot_be_meant_is_a_usage_error(run: Run) -> None:
    """A page is one thing to make; its times are those of the recording."""
    for arguments in (["--to", "otlp"], ["--output", "json"], ["--shift-to-now"]):
        code, _, err = run("replay", "--html", "page.html", *arguments)
        assert code == USAGE
        assert "--html" in err


def test_a_page_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    """With the file's name."""
    code, _, err = run("replay", "--html", str(tmp_path / "no" / "page.html"), columns=500)

    assert code == 1
    assert "page.html: no such file or directory" in err


@pytest.mark.parametrize("evil", ["</script>", "<!--", "&lt;", "\u2028", "\u2029", "{{data}}"])
def test_data_ends_no_script(evil: str) -> None:
    """Whatever a cluster says; it comes out as it went in."""
    spans = [span.but(name=evil) for span in tell(frames_of("redis-create"))]
    text = story_page(spans, events={}, title=evil)
    (found,) = DATA.findall(text)

    assert not set(found) & set("<>&\u2028\u2029")
    assert data_of(text)["title"] == evil
    assert any(evil in story["texts"] for story in data_of(text)["stories"])


def test_the_policy_names_script_and_style_by_what_they_are() -> None:
    """Anything else is refused, and so is the network, but for the server of a live page."""
    for text, connects in ((page_of("redis-create"), False), (live_page(title="t").text, True)):
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
        policy = policy.replace("&#x27;", "'")
        for tag in ("script", "style"):
            (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert ("connect-src 'self'" in policy) is connects


def test_the_script_reads_no_markup() -> None:
    """No way from a text to an element, to code or to an address is in it."""
    script = live_page(title="").text

    for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function("):
        assert way not in script
    assert "http://" not in script.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in script


def test_it_is_in_the_package() -> None:
    """Files under 300 lines, and nothing else beside them."""
    folder = Path(__file__).parents[2] / "event_tracer" / "render" / "page"
    for path in [*folder.glob("script/*.js"), *folder.glob("style/*.css"), folder / "page.html"]:
        assert len(path.read_text("utf-8").splitlines()) < 300
    names = [path.stem for path in folder.glob("script/*.js")]
    assert all(f'"{name}"' in (folder / "document.py").read_text("utf-8") for name in names)


def about(**attributes: str) -> Span:
    """A span about an object."""
    (span, *_) = tell(frames_of("redis-create"))
    return span.but(attributes=tuple((f"k8s.{k}", v) for k, v in attributes.items()))


def of_object(kind: str, name: str, namespace: str = "shop", **more: str) -> Mapping[str, str]:
    """The attributes that name one."""
    named = {"object.kind": kind, "object.name": name, "namespace.name": namespace}
    return {**named, **more}


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        (
            of_object("Pod", "web-x", **{"container.name": "web"}),
            (
                "kubectl -n shop describe pod web-x",
                "kubectl -n shop get events --field-selector "
                "involvedObject.kind=Pod,involvedObject.name=web-x",
                "kubectl -n shop logs web-x -c web",
            ),
        ),
        (
            of_object("Node", "n1", ""),
            (
                "kubectl describe node n1",
                "kubectl -n default get events --field-selector "
                "involvedObject.kind=Node,involvedObject.name=n1",
            ),
        ),
        (
            of_object("Rollout", "shop", **{"object.api_version": "argoproj.io/v1alpha1"}),
            (
                "kubectl -n shop describe rollout.argoproj.io shop",
                "kubectl -n shop get events --field-selector "
                "involvedObject.kind=Rollout,involvedObject.name=shop",
            ),
        ),
    ],
    ids=["pod", "node", "custom"],
)
def test_commands(attributes: Mapping[str, str], wanted: tuple[str, ...]) -> None:
    """What to type to see more: in its namespace; Events of what has none are in `default`."""
    assert commands(about(**attributes)) == wanted


def test_what_a_dead_container_said_comes_first() -> None:
    """kubectl calls it the previous one once it was started again; else the logs are its."""
    for name, first in (("crash", "-c web --previous"), ("job", "-c c")):
        spans = tell(frames_of(f"status/{name}"))
        death = next(s for s in spans if s.name == "Terminated Error" and s.error)
        found = commands(death, restarted=restarted(spans))
        assert found[0].endswith(first)
        assert any(command.endswith("--previous") for command in found)

    assert not any("--previous" in command for span in tell(frames_of("status/good"))
                   for command in commands(span))  # fmt: skip


@pytest.mark.parametrize("name", ["x; rm -rf ~", "--kubeconfig=x", "$(id)", "a b", "", "x\n"])
def test_a_name_that_is_none_has_no_command(name: str) -> None:
    """An Event may name anything, and people paste what they copy."""
    assert commands(about(**of_object("Pod", name))) == ()
    assert commands(about(**of_object("Pod", "web", namespace=name or "-"))) == ()
    assert commands(about(**of_object(name, "web"))) == ()


def test_raw_events_are_kept_in_bounds() -> None:
    """The newest, each as it was last; frames of other objects are none."""
    raw_events = RawEvents(Redaction(["secret"]), max_events=2)
    for uid, message in (("a", "1"), ("b", "2"), ("a", "a secret"), ("c", "4")):
        raw_events({"resource": "events", "object": {"metadata": {"uid": uid}, "message": message}})
    raw_events({"resource": "pods", "object": {"metadata": {"uid": "d"}}})
    raw_events({"resource": "events", "object": {"metadata": None}})

    assert {uid: raw["message"] for uid, raw in raw_events.by_uid.items()} == {
        "a": f"a {REDACTED}", "c": "4",
    }  # fmt: skip
