"""How a map here forgets: late enough for whoever asks again, early enough for the memory."""

from hypothesis import example, given
from hypothesis import strategies as st

from event_tracer.core.expiring import GenerationalCache

KEEP, STEP = 60, 5
KEYS = st.sampled_from("abcdefgh")
USES = st.lists(st.tuples(st.integers(0, STEP), KEYS, st.sampled_from(["put", "get", "drop"])))


@given(USES)
def test_what_was_used_of_late_is_there_and_what_was_not_is_gone(
    uses: list[tuple[int, str, str]],
) -> None:
    """Used within `keep`: there, with its last value. Unused for half as long again: gone."""
    made: GenerationalCache[str, int] = GenerationalCache(keep=KEEP)
    now, wanted = 0, dict[str, tuple[int, int]]()
    for value, (passed, key, use) in enumerate(uses):
        now += passed
        made.expire(now=now)
        if use == "put":
            made.put(key, value)
            wanted[key] = (value, now)
        elif use == "drop":
            made.drop(key)
            wanted.pop(key, None)
        elif (found := made.get(key)) is not None:
            wanted[key] = (found, now)

        for name, (kept, used) in wanted.items():
            assert made.peek(name) in ((kept,) if now - used <= KEEP - STEP else (kept, None))
        limit = now - KEEP * 3 // 2 - STEP
        assert all(wanted[name][1] >= limit for name, _ in made)


@given(st.integers(1, 50), st.lists(st.integers(0, 200)))
@example(3, [0, 2, 0, 1, 0, 1])  # what is used anew leaves an older generation small
def test_the_last_used_are_there_and_not_many_more(most: int, keys: list[int]) -> None:
    """However fast they come: the last `most`, and at most half as many before them."""
    made: GenerationalCache[int, int] = GenerationalCache(most=most)
    for key in keys:
        made.put(key, key)

    last = list(dict.fromkeys(reversed(keys)))
    found = [key for key, _ in made]
    assert set(last[:most]) <= set(found)
    assert len(found) <= most * 3 / 2 + 1
    assert len(found) == len(set(found))
