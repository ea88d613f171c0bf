"""Law 2: what is in an id, and what is not."""

import pytest

from event_tracer.core.tables import RANK
from tests.scenarios.folding import JSONL, frames_of, tell


def test_ranks_are_in_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 2: the table of ranks may change without changing an id; a new reason is put anywhere."""
    before = [span_ids(name) for name in JSONL]
    for reason, rank in RANK.items():
        monkeypatch.setitem(RANK, reason, rank + 1)

    assert [span_ids(name) for name in JSONL] == before


def span_ids(name: str) -> set[bytes]:
    """The ids of all spans of a recording."""
    return {span.span_id for span in tell(frames_of(name))}
