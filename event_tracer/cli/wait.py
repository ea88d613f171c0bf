"""`event-tracer wait`: rollout status that says why. It only reads."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

from event_tracer.cli.process import run_until_signal
from event_tracer.cli.screen import Screen
from event_tracer.cli.settings.base import SettingsError
from event_tracer.cli.settings.models import WaitSettings
from event_tracer.cli.target import Asked, Query, labelled, open_query
from event_tracer.cli.waiter import Waiter
from event_tracer.cli.waiting import Ending
from event_tracer.core.times import SECOND
from event_tracer.kube.client import ApiError
from event_tracer.kube.resources import RESOURCES, WORKLOADS
from event_tracer.runtime.tasks import happened, unless

_AGAIN = 2.0  # seconds until labels are asked for again


def main(settings: WaitSettings, words: Sequence[str]) -> int:
    """Run the command; its result is the exit code."""
    return run_until_signal(partial(wait, words, settings), settings=settings)


async def wait(words: Sequence[str], settings: WaitSettings, stop: asyncio.Event) -> Ending:
    """Wait until all that is named is complete, something failed, or time is up.

    Raises SnapshotError, ConnectionSettingsError and SettingsError.
    """
    screen = Screen(settings.output)
    async with AsyncExitStack() as stack:
        opening = open_query(settings, words, selector=settings.selector)
        query = await unless(stop, stack.enter_async_context(opening))
        if query is None:
            screen.note("stopped before the API server had answered")
            return Ending.OPEN
        until = asyncio.get_running_loop().time() + settings.timeout / SECOND
        objects = await _objects(query, screen, until=until, stop=stop)
        if not objects:
            screen.note(f"no {query.object_name} has the labels {query.selector}")
            return Ending.OPEN
        waiter = Waiter(query, objects, settings, screen=screen, until=until)
        return await waiter.run(stop)


async def _objects(
    query: Query, screen: Screen, *, until: float, stop: asyncio.Event
) -> list[Asked]:
    """Each single object that is meant; of labels as soon as some object has them."""
    if not query.selector and not all(each.name for each in query.asked):
        raise SettingsError("name objects, as deployment/web, or choose some of a kind by -l")
    for each in query.asked:
        if each.resource in RESOURCES.values() and each.resource not in WORKLOADS:
            raise SettingsError(f"a {each.resource.kind} is never complete; name a workload")
    loop = asyncio.get_running_loop()
    while query.selector:
        try:
            if found := (await labelled(query)).asked:
                return list(found)
            screen.once(f"no {query.object_name} has the labels {query.selector} yet; waiting")
        except ApiError as error:
            if error.is_refusal or error.status == 400:
                raise
            screen.once(f"waiting for the API server: {error}")
        if loop.time() >= until or stop.is_set():
            return []
        await happened(stop, within=_AGAIN)
    return [
        each._replace(namespace=namespace)
        for each in query.asked
        for namespace in (query.namespaces if each.resource.is_namespaced else ("",))
    ]
