"""Kubernetes' timestamps and durations as integer nanoseconds."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

SECOND: Final = 1_000_000_000
MICROSECOND: Final = 1_000
_MINUTE: Final = 60 * SECOND
_MILLISECOND: Final = 1_000_000
_LAST_MILLISECOND: Final = 999 * _MILLISECOND
UNUSED: Final = 75 * 60 * SECOND
"""ns for which Events are remembered: their one-hour TTL (kube-apiserver --event-ttl), and some."""

# An API server accepts any RFC 3339 time, year 1 (Go's zero time) included; nothing outside
# these years is a time at which an Event happened.
_END: Final = 7_258_118_400  # Unix second in which 2200 begins

_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:\d\d)"
)
# Go's time.Duration.String(), as in "in 1m21.28s (1m22s including waiting)".
_GO_DURATION = re.compile(
    r"(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,12}(?:\.\d{1,12})?)(s|ms|µs|us|ns))?"
)
_MOST: Final = 4096
_TIMES: Final[dict[str, int]] = {}
_MINUTES: Final[dict[str, int]] = {}
_SECONDS: Final[dict[str, int]] = {f"{each:02}Z": each * SECOND for each in range(60)}
_UNITS = {"s": SECOND, "ms": 1_000_000, "µs": MICROSECOND, "us": MICROSECOND, "ns": 1}


def in_range(time: int) -> bool:
    """Whether `time` (ns) lies in the years 1970 to 2199."""
    return 0 < time // SECOND < _END


def parse_timestamp(text: str | None) -> int | None:
    """RFC 3339 → ns since the epoch; None for nothing, nonsense or a year outside 1970–2199.

    Frames repeat times: a dict that is cleared once it is full has them in a fifth of the
    instructions of an `lru_cache`.
    """
    if not text:
        return None
    known = _TIMES.get(text)
    return _told_anew(text) if known is None else known


def _told_anew(text: str) -> int | None:
    # A known minute and its second are a quarter of the instructions of pattern and datetime.
    start, second = _MINUTES.get(text[:17]), _SECONDS.get(text[17:])
    time = _parsed(text) if start is None or second is None else start + second
    if time is None:
        return None
    if len(_TIMES) >= _MOST:
        _TIMES.clear()
        _MINUTES.clear()
    _TIMES[text] = time
    if second is not None and time > _MINUTE:  # 1970's first one holds what is no time
        _MINUTES[text[:17]] = time - second
    return time


def _parsed(text: str) -> int | None:
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return None
    whole, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(whole + ("+00:00" if zone in "Zz" else zone))
    except ValueError:
        return None
    time = int(moment.timestamp()) * SECOND + int((fraction or "0").ljust(9, "0"))
    return time if in_range(time) else None


def parse_duration(text: str) -> int | None:
    """Go's duration format → ns; None where `text` is none."""
    match = _GO_DURATION.fullmatch(text)
    if not match or not text:
        return None
    hours, minutes, number, unit = match.groups()
    time = (int(hours or 0) * 3600 + int(minutes or 0) * 60) * SECOND
    return time + (round(float(number) * _UNITS[unit]) if number else 0)


def name_time(name: str) -> int | None:
    """The hex UnixNano that ends an Event's name, in ns.

    client-go names an Event `<object>.<hex of now>` (tools/record/util/util.go), `now` being
    the very instant that `firstTimestamp` keeps to the second.
    """
    _, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 16:
        return None
    try:
        time = int(suffix, 16)
    except ValueError:
        return None
    return time if in_range(time) else None


def is_whole_second(time: int) -> bool:
    """Whether `time` (ns) carries no fraction: the mark of metav1.Time."""
    return time % SECOND == 0


def second_of(time: int) -> int:
    """The Unix second that holds `time` (ns)."""
    return time // SECOND


def start_of_second(second: int, rank: int) -> int:
    """Time (ns) of what begins something in Unix `second`, ordered by `rank` (law 3)."""
    return second * SECOND + rank * MICROSECOND


def end_of_second(second: int, rank: int) -> int:
    """Time (ns) of what ends something in Unix `second`, ordered by `rank` below 1000 (law 3)."""
    return second * SECOND + _LAST_MILLISECOND + rank * MICROSECOND


def elapsed(start: int, end: int) -> int:
    """Duration (ns) from `start` to `end` as far as it is known, 0 for an instant.

    Of two times of one whole second only the order is known, by their ranks (law 3).
    """
    is_order = second_of(start) == second_of(end) and _is_ranked(start) and _is_ranked(end)
    return 0 if is_order or end - start <= MICROSECOND else end - start


def _is_ranked(time: int) -> bool:
    within = time % SECOND
    return within % MICROSECOND == 0 and not _MILLISECOND <= within < _LAST_MILLISECOND


def rfc3339(time: int, *, zone: tzinfo | None = UTC) -> str:
    """ns → RFC 3339 in `zone` (None: the machine's), with as many digits as there are."""
    seconds, fraction = divmod(time, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    offset = moment.isoformat()[19:]
    return f"{moment.isoformat()[:19]}{digits}{'Z' if offset == '+00:00' else offset}"


def human(duration: int) -> str:
    """ns → a few characters, as `850µs`, `12.3ms`, `1.05s`, `5m`, `3m58s`, `2h05m`, `3d4h`."""
    for size, unit in ((SECOND, "s"), (_MILLISECOND, "ms"), (MICROSECOND, "µs")):
        if size - size // 2_000 <= duration < 60 * SECOND:
            number = duration / size
            digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
            text = f"{number:.{digits}f}"
            return (text.rstrip("0").rstrip(".") if digits else text) + unit
    minutes, seconds = divmod(max(duration, 0) // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h{minutes:02d}m" if minutes else f"{hours}h"
    if minutes:
        return f"{minutes}m{seconds:02d}s" if seconds else f"{minutes}m"
    return f"{max(duration, 0)}ns"
