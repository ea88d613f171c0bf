"""The table of kinds."""

from collections import Counter

from event_tracer.core.kinds import KINDS
from event_tracer.core.tables import CREATORS


def test_no_word_stands_for_two_kinds() -> None:
    """`--kind` and `show` take any word that kubectl has for a kind."""
    words = Counter(word for row in KINDS for word in row.names)

    assert max(words.values()) == 1


def test_who_creates_objects_is_the_controller_of_their_owner() -> None:
    """Law 8: both tables have the same word for a controller."""
    controllers = {row.kind: row.controller for row in KINDS}

    for owners in CREATORS.values():
        assert owners == {kind: controllers.get(kind, name) for kind, name in owners.items()}
