"""YAML is read as Go reads it, and ends in an error where it cannot be."""

from typing import Any

import pytest
import yaml

from event_tracer.runtime.go_yaml import first_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2024-01-02", "2024-01-02"), ("a: 12:30", "12:30"), ("a: 1:30.5", "1:30.5"),
        ("a: =", "="), ("a: 12", 12), ("a: 1.5", 1.5), ("a: 0x1f", 31), ("a:\t1\t", 1),
        ("a: 1\n---\n[", 1), ("{\n\t'a': 1}", 1),
    ],
)  # fmt: skip
def test_a_scalar_is_what_json_has(text: str, value: Any) -> None:
    """No dates, no numbers to the base 60, tabs, the first document alone."""
    assert first_document(text.encode()) == {"a": value}


def test_nothing_is_none() -> None:
    """As an empty file, or a comment."""
    assert [first_document(text) for text in (b"", b"# x", b"---\n---\na: 1")] == [None] * 3


@pytest.mark.parametrize("text", ["{" * 50_000, "[" * 50_000, "- " * 50_000 + "a", "? " * 50_000])
def test_what_is_too_deep_is_an_error(text: str) -> None:
    """libyaml's loader in C would end the process by SIGSEGV."""
    with pytest.raises(yaml.YAMLError):
        first_document(text.encode())
