"""Parents of objects by messages: what counts where several name one."""

from event_tracer.core.claims import Claims, ParentClaim
from event_tracer.core.event import reference_to

_NAME = ("Pod", "shop", "web-0")


def test_a_parent_that_is_named_again_counts_from_its_first_word() -> None:
    """Two references to one object are one parent, compiled as well: not two, one newer.

    So another that was named in between is the newest word (law 12).
    """
    claims = Claims()
    for second, owner in ((10, "web"), (20, "web"), (15, "other")):
        parent = reference_to("StatefulSet", "shop", owner, "", "apps/v1")
        claims.add(_NAME, ParentClaim(second, parent, "controller", True))
    found = claims.parent(_NAME, second=30)
    assert found
    assert found.name == "other"
