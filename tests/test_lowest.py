"""The least of many numbers, as min() of a list has it."""

import tracemalloc
from unittest import mock

from hypothesis import example, given
from hypothesis import strategies as st

from event_tracer.lowest import Lowest

NUMBERS = st.integers(min_value=0, max_value=8)
"""Few, so that the same one comes and goes often."""


@given(st.lists(st.tuples(NUMBERS, st.booleans())), st.sampled_from([0, 1000]), st.booleans())
@example([(5, True), (3, True), *[(n, on) for n in (6, 7, 8) for on in (True, False)]], 0, False)
def test_it_is_the_least_of_those_that_are_there(
    steps: list[tuple[int, bool]], slack: int, asks: bool
) -> None:
    """However they come and go, each as often as it came; asking now and then changes nothing."""
    lowest, there = Lowest(), list[int]()
    with mock.patch("event_tracer.lowest._FEW", slack):
        for number, comes in steps:
            if comes:
                there.append(number)
                lowest.add(number)
            elif number in there:
                there.remove(number)
                lowest.remove(number)
            if asks:
                assert lowest.value == min(there, default=None)
    assert lowest.value == min(there, default=None)


@given(st.lists(NUMBERS, min_size=1))
def test_all_may_go_the_largest_first(numbers: list[int]) -> None:
    """The least one stays the least to the end; then there is none."""
    lowest = Lowest()
    for number in numbers:
        lowest.add(number)
    for number in sorted(numbers, reverse=True):
        assert lowest.value == min(numbers)
        lowest.remove(number)
    assert lowest.value is None


def test_it_is_as_large_as_what_is_there() -> None:
    """One span may wait for days while all others come and go."""
    lowest = Lowest()
    lowest.add(1)
    tracemalloc.start()
    for number in range(10_000, 110_000):
        lowest.add(number)
        lowest.remove(number)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lowest.value == 1
    assert size < 1_000_000
