"""Why something failed, in words for people: the step that failed, and what stopped it (law 6)."""

import re

from event_tracer.core.errors import Kind, Standing
from event_tracer.core.tables import COMBINED

_IMAGE = re.compile(r'image "([^"]+)"')
_VOLUME = re.compile(r'for volume "([^"]+)" ?: (.+)')
_PROBE = re.compile(
    r"(Readiness|Liveness|Startup) probe (failed|errored)\b[^:]*:?\s*(.*)", re.DOTALL
)
_FORBIDDEN = " is forbidden: "
_CREATING = "Error creating: "
_SHORT = 60  # characters
_LONG = 120


def words_of(error: Standing, *, probe: str = "") -> str:
    """An error in words, without the object that it is about.

    `probe` is the kind of probe that the kubelet killed the container for, where it said so.
    """
    message = " ".join(error.message.removeprefix(COMBINED).split())
    said = _WORDS.get(error.kind, _other)(error, message)
    if error.kind is Kind.DEATH and probe and "OOMKilled" not in message:
        _, _, code = message.rpartition(", exit ")
        said = f"{_container(error)}: {probe} probe failed, exit {code}"
    return said + _counted(error)


def _counted(error: Standing) -> str:
    if error.kind is Kind.DEATH:
        return _number(error.ordinal - 1, "restart") if error.ordinal > 1 else ""
    word = _COUNTED.get(error.kind)
    return _number(error.times, word) if word and error.times > 1 else ""


def _number(count: int, word: str) -> str:
    plural = {"try": "tries"}.get(word, f"{word}s")
    return f", {count:,} {word if count == 1 else plural}"


def _container(error: Standing) -> str:
    return f"{'init container' if error.is_init else 'container'} {error.container}"


def _death(error: Standing, message: str) -> str:
    return f"init {message}" if error.is_init and message.startswith("container ") else message


def _pull(error: Standing, message: str) -> str:
    found = _IMAGE.search(message)
    if found is None:
        what = f"image of container {error.container}" if error.container else "image"
        return f"{what}: {message.removeprefix('Error: ')}"
    image, rest = f'image "{found[1]}"', message[found.end() :].rstrip(".")
    # Go's errors end with their cause, after all that it was wrapped in.
    _, colon, why = rest.rpartition(": ")
    if colon:
        return f"{image}: {why}"
    return f"{image}{rest}" if rest.strip() else f"{image}: cannot be pulled"


def _start(error: Standing, message: str) -> str:
    why = _end_of(message.removeprefix("Error: ").removesuffix(": unknown"), _SHORT)
    return f"{_container(error)}: {why}" if error.container else why


def _creation(error: Standing, message: str) -> str:
    if error.name == "ReplicaSetCreateError":
        return _end_of(message, _LONG)
    _, is_forbidden, why = message.partition(_FORBIDDEN)
    return f"cannot create pods: {why if is_forbidden else message.removeprefix(_CREATING)}"


def _scheduling(error: Standing, message: str) -> str:
    # What preemption would bring follows: the same nodes once more.
    why, _, _ = message.partition(". ")
    return f"cannot be scheduled: {why.rstrip('.')}"


def _volume(error: Standing, message: str) -> str:
    found = _VOLUME.search(message)
    return f'volume "{found[1]}": {_end_of(found[2], _LONG)}' if found else message


def _probe(error: Standing, message: str) -> str:
    found = _PROBE.match(message)
    of = f"{_container(error)}: " if error.container else ""
    if found is None:
        return message if error.name == "NotReady" else f"{of}{message}"
    why = f": {_end_of(found[3], _SHORT)}" if found[3] else ""
    return f"{of}{found[1].lower()} probe {found[2]}{why}"


def _deadline(error: Standing, message: str) -> str:
    return message.rstrip(".")


def _back_off(error: Standing, message: str) -> str:
    # The kubelet says so for as long as it has the container wait under this reason.
    return f"{_container(error)}: CrashLoopBackOff" if error.container else message


def _other(error: Standing, message: str) -> str:
    return message


def _end_of(message: str, room: int) -> str:
    """The end of Go's chain of errors, where the cause stands, as far as there is room."""
    parts = message.split(": ")
    end = parts.pop()
    while parts and len(parts[-1]) + 2 + len(end) <= room:
        end = f"{parts.pop()}: {end}"
    return end


_WORDS = {
    Kind.DEATH: _death,
    Kind.PULL: _pull,
    Kind.START: _start,
    Kind.CREATION: _creation,
    Kind.SCHEDULING: _scheduling,
    Kind.ATTACH: _volume,
    Kind.MOUNT: _volume,
    Kind.PROBE: _probe,
    Kind.DEADLINE: _deadline,
    Kind.BACK_OFF: _back_off,
}
_COUNTED = {
    Kind.PULL: "try",
    Kind.START: "try",
    Kind.CREATION: "try",
    Kind.MOUNT: "try",
    Kind.ATTACH: "try",
    Kind.PROBE: "time",
}
