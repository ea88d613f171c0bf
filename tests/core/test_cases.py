"""Law 6 without status: situations of public bug reports, rebuilt small."""

from tests.scenarios.cases import about, case, named, outcome, seconds
from tests.scenarios.folding import is_event


def test_a_pod_that_waits_for_its_node_and_its_image() -> None:
    """Case 03b: 47 s until Karpenter's node is there, 59 s of pulling; open steps by Events."""
    for kind, name in (("Deployment", "train"), ("Pod", "train")):
        span = about("03b", kind, name)
        assert 106 < seconds(span) < 107.5, kind
        assert outcome(span) == "started"


def test_a_volume_that_is_attached_after_six_minutes() -> None:
    """Case 22: Multi-Attach and FailedMount have deadlines of their own, and are undone."""
    for kind in ("Deployment", "ReplicaSet", "Pod"):
        span = about("22", kind)
        assert 379 < seconds(span) < 382, kind
        assert outcome(span) == "started"
        assert span.error is None


def test_a_pull_of_75_seconds() -> None:
    """Case 25: live frames; Pulling is an open step until Pulled."""
    (started,) = named("25", "Started")
    for kind in ("Deployment", "ReplicaSet", "Pod"):
        span = about("25", kind)
        assert span.end >= started.end, kind
        assert outcome(span) == "started"
    assert 76.1 < seconds(about("25", "Deployment")) < 77.2


def test_two_speeds_one_outcome() -> None:
    """Case 36: the same three Events, 5 s and 60 s apart."""
    fast, slow = about("36", "Challenge", "fast"), about("36", "Challenge", "slow")

    assert outcome(fast) == outcome(slow) == "started"


def test_a_crash_loop_as_kubectl_lists_it() -> None:
    """Case 37a: BackOff and Started in one second; BackOff restart comes after it (law 3)."""
    (pod,) = [span for span in case("37a") if not is_event(span) and not span.parent_id]
    (started,), (back_off,) = named("37a", "Started"), named("37a", "BackOff")

    assert outcome(pod) == "failed"
    assert started.end < back_off.end


def test_a_claim_whose_provisioning_fails_each_time() -> None:
    """Case 41b: a Warning ranks after the Normal that precedes it in an object's life (law 3)."""
    claim = about("41b", "PersistentVolumeClaim")
    tries, failures = named("41b", "Provisioning"), named("41b", "ProvisioningFailed")
    tries = [span for span in tries if span not in failures]

    assert outcome(claim) == "failed"
    assert len(tries) == len(failures) == 4
    assert all(attempt.end < failure.end for attempt, failure in zip(tries, failures, strict=True))
