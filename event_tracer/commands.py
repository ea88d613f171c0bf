"""What each command does with its settings; whether all went as it should."""

import asyncio
import sys
from collections.abc import Sequence

from event_tracer.live_settings import CheckSettings, RecordSettings, RunSettings
from event_tracer.settings import ReplaySettings


def replay(settings: ReplaySettings, files: Sequence[str]) -> bool:
    """Recorded Events to traces."""
    from event_tracer.replay import replay

    return replay(files, settings=settings)


def run(settings: RunSettings) -> bool:
    """A live cluster's Events to traces."""
    from event_tracer import app, logs
    from event_tracer.signals import stop_on_signals

    logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)

    async def work() -> bool:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            return await app.run(settings, stop=stop)

    try:
        return asyncio.run(work())
    except app.StartError as error:
        return _complain(error)


def record(settings: RecordSettings, file: str) -> bool:
    """A live cluster's frames to a file."""
    from event_tracer import logs
    from event_tracer.connection import ConnectionSettingsError
    from event_tracer.record import RecordError
    from event_tracer.record import record as record_to
    from event_tracer.signals import stop_on_signals

    logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)

    async def work() -> None:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            await record_to(file, settings, stop=stop)

    try:
        asyncio.run(work())
    except (ConnectionSettingsError, RecordError) as error:
        return _complain(error)
    return True


def check(settings: CheckSettings) -> bool:
    """A line for each thing that `run` needs."""
    from event_tracer import logs
    from event_tracer.check import check as look

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
    from event_tracer.logs import mask

    sys.stderr.write(f"event-tracer: {mask(str(error))}\n")
    return False
