"""Tests that are given a world: who runs one opens it, in simulated time, and hands it over."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Concatenate, ParamSpec, TypeVar

from tests.doubles.virtual_time import run

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")
Work = Coroutine[Any, Any, None]


def inside(
    opened: Callable[..., AbstractAsyncContextManager[A]],
) -> Callable[[Callable[Concatenate[A, P], Work]], Callable[P, None]]:
    """What gives a test its first argument; the fixtures for it are the parameters of `opened`."""
    return lambda test: _given(test, opened, lambda made: (made,), 1)


def inside_both(
    opened: Callable[..., AbstractAsyncContextManager[tuple[A, B]]],
) -> Callable[[Callable[Concatenate[A, B, P], Work]], Callable[P, None]]:
    """The same for two arguments."""
    return lambda test: _given(test, opened, lambda made: made, 2)


def _given(
    test: Callable[..., Work],
    opened: Callable[..., AbstractAsyncContextManager[A]],
    arguments: Callable[[A], tuple[Any, ...]],
    count: int,
) -> Callable[..., None]:
    own, shared = _parameters(test)[count:], _parameters(opened)
    wanted = signature(test).replace(
        parameters=[*own, *(each for each in shared if each.name not in {one.name for one in own})]
    )

    @wraps(test)
    def called(*given: Any, **named: Any) -> None:
        values = wanted.bind(*given, **named).arguments

        async def main() -> None:
            async with opened(**_chosen(values, shared)) as made:
                await test(*arguments(made), **_chosen(values, own))

        run(main())

    # pytest looks here for the fixtures, which the world is none of.
    called.__signature__ = wanted  # type: ignore[attr-defined]
    return called


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    return list(signature(function).parameters.values())


def _chosen(values: Mapping[str, Any], parameters: list[Parameter]) -> dict[str, Any]:
    return {each.name: values[each.name] for each in parameters}
