"""`event-tracer record`: a live cluster's raw frames, to be replayed anywhere."""

from collections.abc import Sequence
from functools import partial

from event_tracer.cli.process import run_until_signal
from event_tracer.cli.settings.models import RecordSettings
from event_tracer.core.filters import Redaction
from event_tracer.pipeline import recorder


def main(settings: RecordSettings, words: Sequence[str]) -> bool:
    """Run the command."""
    record = partial(
        recorder.record,
        words[0],
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        namespaces=settings.watch_namespaces,
        whole=settings.whole_kinds,
        redact=Redaction(settings.redact),
    )
    run_until_signal(lambda stop: record(stop=stop), settings=settings)
    return True
