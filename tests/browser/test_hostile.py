"""What a cluster's users may write is shown, and does nothing."""

from pathlib import Path

import pytest

from event_tracer.core.span import Span
from tests.browser.pages import of_spans
from tests.browser.tabs import Open
from tests.scenarios.cluster import Cluster
from tests.scenarios.folding import is_event, tell

EVIL = (
    "</script><img src=x onerror=\"document.title='owned'\">",
    "<!--<script>alert(1)//",
    "]]>&lt;b&gt;\u2028\u2029\u202e{{data}}{{script}}",
    "javascript:alert(1)",
    "__proto__",
)


def said(evil: str) -> tuple[list[Span], dict[str, dict[str, object]]]:
    """A story in which everything that may be anything is `evil`."""
    cluster = Cluster()
    cluster.apply("web")
    spans = [
        span.but(
            name=evil,
            error=evil if is_event(span) else None,
            resource=tuple(
                (key, evil if key == "service.name" else value) for key, value in span.resource
            ),
            attributes=(
                *(
                    (k, evil if isinstance(v, str) and k != "k8s.event.uid" else v)
                    for k, v in span.attributes
                ),
                (evil, evil),
            ),
        )
        for span in tell(cluster.frames)
    ]
    return spans, {uid: {"message": evil, evil: evil} for uid in cluster_uids(spans)}


def cluster_uids(spans: list[Span]) -> list[str]:
    """The uids of the Events that these tell of."""
    return [str(dict(span.attributes)["k8s.event.uid"]) for span in spans if is_event(span)]


@pytest.mark.parametrize("evil", EVIL)
def test_it_is_text(evil: str, tmp_path: Path, open_page: Open) -> None:
    """In lists, rows, messages, details and raw Events, to the letter; no element comes of it."""
    spans, events = said(evil)
    tab = open_page(of_spans(tmp_path, spans, events=events, title=evil))
    tab.page.locator("#grid .row.warning .label").first.click()
    tab.detail.locator("details.raw summary").click()

    assert tab.page.locator("#title").text_content() == evil
    assert tab.page.locator(".messages p").first.text_content() == evil
    assert tab.detail.locator(".message").text_content() == evil
    assert tab.detail.locator("code").count() == 0
    assert tab.run("JSON.parse(document.querySelector('pre').textContent).message") == evil
    assert tab.page.locator("img").count() == 0
    assert tab.page.locator("script").count() == 2
    assert "owned" not in (tab.page.title().replace(evil, "") or "")


def test_the_policy_lets_nothing_else_run(tmp_path: Path, open_page: Open) -> None:
    """A script or style that is not the page's own, and any request, is refused by the browser."""
    tab = open_page(of_spans(tmp_path, said("x")[0]))
    tab.run(
        """(() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          const add = (html) => document.body.insertAdjacentHTML("beforeend", html);
          add("<img src='https://example.invalid/x.png'>");
          add("<p id=red style='color: red' onclick='window.ran = true'>x</p>");
          document.querySelector("#red").click();
          return fetch("https://example.invalid/").catch(() => {});
        })()"""
    )

    assert tab.run("window.ran") is None
    assert tab.style("#red", "color") != "rgb(255, 0, 0)"
    assert all("Content Security Policy" in each for each in tab.complaints)
    assert len(tab.complaints) >= 4
    tab.complaints.clear()
    tab.strangers.clear()  # asked for, and refused
