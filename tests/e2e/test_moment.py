"""Looks at a real cluster, one a second: one verdict, and the stories and ids of a run."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import MOMENTS
from tests.e2e.looks import ACTS, Looked, looked
from tests.e2e.processes import wait
from tests.e2e.site import Site

# All of them are done, and looked at, before the first test.
pytestmark = pytest.mark.timeout(560)
LOOKS = 130
CHANGED = [name for name in ACTS if name not in ("crash", "cron")]
ROUGH = "an update to the second"
LOST = "the pause before it was resumed"


@pytest.fixture(scope="module")
def told(here: Site) -> Iterator[Looked]:
    """All that was looked at; the run goes on to its end."""
    made = looked(here, looks=LOOKS)
    yield made
    made.bridge.program.stop()


def test_a_hundred_looks_at_a_crash_loop(told: Looked) -> None:
    """From the first death on, between deaths and back-offs."""
    found = told.outcomes("crash", "Create Deployment web")
    since = found[found.index("failed") :]

    assert len(since) >= 100
    assert set(since) == {"failed"}


def test_a_failing_run_is_failed_each_time(told: Looked) -> None:
    """Once it has failed, look by look, as long as anything is left of it."""
    runs: dict[str, list[str]] = {}
    for look in told.looks:
        for seen in look:
            if seen.namespace.endswith("cron"):
                runs.setdefault(seen.trace, []).append(seen.outcome)
    failed = [outcomes for outcomes in runs.values() if "failed" in outcomes]

    assert failed
    for outcomes in failed:
        assert set(outcomes[outcomes.index("failed") :]) == {"failed"}


@pytest.mark.parametrize(
    ("name", "title"), [("restart", "Restart Deployment"), ("evict", "Create Deployment")]
)
def test_old_pods_do_not_fail_what_replaces_them(told: Looked, name: str, title: str) -> None:
    """Whose probes fail while they go."""
    found = told.outcomes(name, title)

    assert found[-1] == "complete"
    assert "failed" not in found


@pytest.mark.parametrize("name", CHANGED)
def test_all_ways_tell_the_stories_of_the_run(told: Looked, name: str) -> None:
    """`show`, `link` and a List of kubectl's; what none of them dates is said."""
    shown, complaints = told.shown(name)
    sent = wait(
        "the run's spans", lambda: ids if len(shown) <= len(ids := told.sent(name)) else None
    )
    listed, linked = told.replayed(name), told.linked(name)
    undated = [words for words in (ROUGH, LOST) if words in complaints]
    MOMENTS.append(
        (
            name, len(sent), len(shown & sent), len(listed & sent), linked in sent,
            ", ".join(undated),
        )
    )  # fmt: skip

    assert (len(shown), shown) == (len(sent), listed)
    assert linked in shown
    assert (LOST in undated) == (name == "pause")
    assert ("not dated by" in complaints) == bool(undated)
    if ROUGH not in undated:  # what may be of one second or of the one before has another id then
        assert shown == sent
