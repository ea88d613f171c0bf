"""What each command does with its settings; whether all went as it should."""

import asyncio
import sys
from collections.abc import Sequence

from event_tracer.cli.settings.models import (
    CheckSettings,
    LinkSettings,
    RecordSettings,
    ReplaySettings,
    RunSettings,
    ShowSettings,
)


def replay(settings: ReplaySettings, files: Sequence[str]) -> bool:
    """Recorded Events to traces."""
    from event_tracer.cli.replay import replay

    return replay(files, settings=settings)


def run(settings: RunSettings) -> bool:
    """A live cluster's Events to traces."""
    from event_tracer.cli import run
    from event_tracer.runtime import logs
    from event_tracer.runtime.tasks import stop_on_signals

    logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)

    async def work() -> bool:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            return await run.run(settings, stop=stop)

    try:
        return asyncio.run(work())
    except run.StartError as error:
        return _complain(error)


def show(settings: ShowSettings, words: Sequence[str]) -> bool:
    """A live cluster's newest stories, in the terminal."""
    from event_tracer.cli.show import show as show_them
    from event_tracer.cli.sinks import OutputError
    from event_tracer.kube.credentials import ConnectionSettingsError
    from event_tracer.pipeline.snapshot import SnapshotError
    from event_tracer.runtime import logs
    from event_tracer.runtime.tasks import stop_on_signals

    logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)

    async def work() -> None:
        stop = asyncio.Event()
        if not settings.follow:
            await show_them(words, settings, stop=stop)
            return
        with stop_on_signals(stop):
            await show_them(words, settings, stop=stop)

    try:
        asyncio.run(work())
    except (ConnectionSettingsError, SnapshotError, OutputError) as error:
        return _complain(error)
    return True


def link(settings: LinkSettings, words: Sequence[str]) -> bool:
    """Where the picture of an object's newest story is."""
    from event_tracer.cli.link import link as find
    from event_tracer.kube.credentials import ConnectionSettingsError
    from event_tracer.pipeline.snapshot import SnapshotError
    from event_tracer.runtime import logs

    logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)
    try:
        found = asyncio.run(find(words, settings, complain=_tell))
    except (ConnectionSettingsError, SnapshotError) as error:
        return _complain(error)
    for name, what in found.lines(jaeger=settings.jaeger_url):
        sys.stdout.write(f"{name:<9}{what}\n")
    return True


def record(settings: RecordSettings, file: str) -> bool:
    """A live cluster's frames to a file."""
    from event_tracer.core.filters import Redaction
    from event_tracer.kube.credentials import ConnectionSettingsError
    from event_tracer.pipeline.recorder import RecordError
    from event_tracer.pipeline.recorder import record as record_to
    from event_tracer.runtime import logs
    from event_tracer.runtime.tasks import stop_on_signals

    logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)

    async def work() -> None:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            await record_to(
                file, kubeconfig=settings.kubeconfig, context=settings.context,
                namespaces=settings.watch_namespaces, redact=Redaction(settings.redact), stop=stop,
            )  # fmt: skip

    try:
        asyncio.run(work())
    except (ConnectionSettingsError, RecordError) as error:
        return _complain(error)
    return True


def check(settings: CheckSettings) -> bool:
    """A line for each thing that `run` needs."""
    from event_tracer.cli.check import check as look
    from event_tracer.runtime import logs

    logs.configure(level="error", format_=settings.log_format, stream=sys.stderr)
    marks = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}

    async def work() -> bool:
        is_good = True
        async for line in look(settings):
            is_good = is_good and line.verdict != "missing"
            advice = f": {line.advice}" if line.advice else ""
            sys.stdout.write(f"{marks[line.verdict]} {line.what}{advice}\n")
            sys.stdout.flush()
        return is_good

    return asyncio.run(work())


def _complain(error: Exception) -> bool:
    _tell(str(error))
    return False


def _tell(text: str) -> None:
    from event_tracer.runtime.logs import mask

    sys.stderr.write(f"event-tracer: {mask(text)}\n")
