"""Law 5 at one moment: whatever a look has, also what nobody would expect."""

from hypothesis import given, settings
from hypothesis import strategies as st

from event_tracer.core.conditions import Condition
from event_tracer.core.moment import read_moment
from event_tracer.core.objects import Write
from event_tracer.core.sight import Scaling, Sight, Template
from tests.scenarios.fields import SECOND

T = 1_795_700_000
STEPS = st.builds(
    Scaling,
    time=st.integers(0, 400).map(lambda second: (T + second) * SECOND + 700_000_000),
    name=st.sampled_from("abcd"), before=st.integers(0, 4), after=st.integers(0, 4),
    hides=st.booleans(),
)  # fmt: skip
TEMPLATES = st.builds(
    Template,
    name=st.sampled_from("abc"), created=st.integers(T - 9000, T + 400),
    revisions=st.lists(st.integers(0, 5), max_size=3).map(sorted).map(tuple),
    pods=st.none() | st.integers(0, 4),
)  # fmt: skip
WRITES = st.builds(
    Write,
    manager=st.sampled_from(["kubectl", "helm"]), operation=st.just("Update"),
    subresource=st.just(""), second=st.none() | st.integers(T, T + 400), spec=st.just(True),
    verb=st.just("Update"), template=st.booleans(), replicas=st.booleans(),
)  # fmt: skip
PROGRESSING = st.builds(
    Condition,
    status=st.sampled_from(["True", "False", "Unknown"]), message=st.just(""),
    reason=st.sampled_from(["NewReplicaSetAvailable", "DeploymentResumed", "ReplicaSetUpdated"]),
    transition=st.none() | st.integers(T, T + 400), update=st.none() | st.integers(T, T + 400),
)  # fmt: skip
SIGHTS = st.builds(
    Sight,
    created=st.just(T), until=st.integers(T, T + 400), is_answered=st.booleans(),
    generation=st.none() | st.integers(1, 9), revision=st.integers(0, 5),
    writes=st.lists(WRITES, max_size=4).map(tuple), progressing=st.none() | PROGRESSING,
    is_paused=st.booleans(),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    sight=SIGHTS, templates=st.lists(TEMPLATES, max_size=4), steps=st.lists(STEPS, max_size=12)
)  # fmt: skip
def test_whatever_is_there_is_read(
    sight: Sight, templates: list[Template], steps: list[Scaling]
) -> None:
    """Any of it may be gone or odd; no change is later than what was seen, or before the root."""
    found = read_moment(sight, templates, steps)

    assert all(each.second > T for each in found.changes)
    seconds = [each.second for each in found.changes]
    assert seconds == sorted(set(seconds))
