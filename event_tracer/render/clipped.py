"""Texts of a cluster's programs, for documents of so many bytes."""

import json
from itertools import accumulate

from event_tracer.render.explanation import ObjectName
from event_tracer.render.lines import visible

_CUT = " … "


def clip(text: str, most: int) -> str:
    """`text` on one line, in `most` bytes of JSON: its begin, and its end, where the cause is."""
    plain = visible(text)
    if len(plain) <= most and _bytes(plain) <= most:
        return plain
    half = (most - _bytes(_CUT)) // 2
    if half < 1:
        return _begin(plain, most)
    return f"{_begin(plain, half)}{_CUT}{_begin(plain[::-1], half)[::-1]}"


def clipped_name(kind: str, name: str, *, namespace: str, uid: str, most: int) -> ObjectName:
    """The name of an object, each part in `most` bytes of JSON."""
    return ObjectName(
        kind=clip(kind, most),
        name=clip(name, most),
        namespace=clip(namespace, most) or None,
        uid=clip(uid, 36) or None,
    )


def _begin(text: str, most: int) -> str:
    """As much of the begin of `text` as has room in so many bytes."""
    for at, used in enumerate(accumulate(map(_bytes, text[:most]))):
        if used > most:
            return text[:at]
    return text[:most]


def _bytes(text: str) -> int:
    return len(json.dumps(text)) - 2  # without its quotes
