"""A page of five thousand spans moves like one of fifty."""

from pathlib import Path

import pytest

from tests.browser.pages import of_spans, rollout
from tests.browser.performance import FRAMES, SCROLL, ZOOM, cost
from tests.browser.tabs import Open

SPANS = 5_000
BIG, SMALL = SPANS // 6 + 1, 12  # replicas


@pytest.mark.parametrize("act", [SCROLL, ZOOM], ids=["scroll", "zoom"])
def test_a_frame_costs_what_is_in_view(act: str, tmp_path: Path, open_page: Open) -> None:
    """A hundred times the spans, and hardly more to do; a long task is the exception."""
    big, small = rollout(replicas=BIG), rollout(replicas=SMALL)
    assert len(big) >= SPANS >= 50 * len(small)
    costs = [cost(open_page(of_spans(tmp_path, spans)), act) for spans in (small, big)]

    assert costs[1].per_frame < 3 * costs[0].per_frame
    assert costs[1].long_tasks <= costs[0].long_tasks + FRAMES // 20


def test_only_what_is_in_view_is_in_the_document(tmp_path: Path, open_page: Open) -> None:
    """However long the story; also at its end."""
    tab = open_page(of_spans(tmp_path, rollout(replicas=BIG)))
    drawn = tab.page.locator("#grid .row[data-index]")
    assert tab.rows > 4_000
    assert drawn.count() < 60
    tab.page.focus("#grid")
    tab.keys("End")

    assert drawn.count() < 60
    assert drawn.last.get_attribute("aria-rowindex") == str(tab.rows + 1)
