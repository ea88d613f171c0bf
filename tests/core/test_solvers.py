"""Laws 8 and 12: what no message names whole, and what a message says to belong to another."""

from typing import Any

import pytest

from tests.scenarios.cases import tree_of
from tests.scenarios.folding import listing, roots, tell
from tests.scenarios.operators import POD, Case, pod

PRESENTED = (
    "Presented", "Presented challenge using HTTP-01 challenge mechanism",
    "cert-manager-challenges",
)  # fmt: skip
STOPPED = ("Killing", "Stopping container acmesolver", "kubelet")
SOLVERS = Case(
    POD | {"Challenge": "acme.cert-manager.io/v1"},
    {},
    [
        ("Challenge a-1", *PRESENTED),
        pod("cm-acme-http-solver-aaaaa"),
        ("Secret tls", "Read", "", "someone"), ("Secret tls", "Read again", "", "someone"),
        ("Challenge b-1", *PRESENTED),
        pod("cm-acme-http-solver-bbbbb"),
        ("Pod cm-acme-http-solver-aaaaa", *STOPPED),
        ("Pod cm-acme-http-solver-bbbbb", *STOPPED),
    ],
)  # fmt: skip
SCALED = "Scaled up replica set web-5d88b5bc8f from 0 to 1"
CANARY = Case(
    POD | {"Canary": "flagger.app/v1beta1"},
    {},
    [
        ("Canary web", "Synced", "New revision detected! Scaling up web.shop", "flagger"),
        ("Deployment web", "ScalingReplicaSet", SCALED, "deployment-controller"),
        ("Canary web", "Synced", "Advance web.shop canary weight 5", "flagger"),
    ],
)  # fmt: skip


def frames(case: Case) -> list[dict[str, Any]]:
    """Its Events."""
    kinds = SOLVERS.kinds | CANARY.kinds | {"Secret": "v1"}
    return [
        {"type": "ADDED", "resource": "events", "object": each}
        for each in Case(kinds, case.above, case.said).events()
    ]


@pytest.mark.parametrize("is_list", [True, False])
def test_a_solver_is_of_the_challenge_that_was_presented_when_it_came(is_list: bool) -> None:
    """Also once another one of its namespace was presented: its name is generated."""
    given = frames(SOLVERS)
    tree = tree_of(tell([listing(given)] if is_list else given))

    assert tree["Pod cm-acme-http-solver-aaaaa"] == "Challenge a-1"
    assert tree["Pod cm-acme-http-solver-bbbbb"] == "Challenge b-1"


def test_a_canary_is_in_its_targets_story() -> None:
    """Flagger's scheduler.go: "New revision detected! Scaling up <target>.<namespace>"."""
    spans = tell([listing(frames(CANARY))])

    assert tree_of(spans)["Canary web"] == "Deployment web"
    assert len(roots(spans)) == 1
