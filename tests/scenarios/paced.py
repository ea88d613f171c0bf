"""A recording at another pace: every time in it is moved, as if all had gone slower or faster.

The API writes most times as whole seconds, cut. Cut times alone would tear what happened within a
second: a slow copy would have Ready before Started. So each is taken for what it most likely was:
the moment at which the frame that first shows it came, if that lies in its second, else the end of
its second. Durations of the specification that a controller or the kubelet has waited for
(progressDeadlineSeconds, minReadySeconds, backOff limits in time) were waited for by those moments,
so they are as much longer; the grace of a deletion stays what it was, as `deletionTimestamp` is the
moment that it was asked for, plus that.
"""

import copy
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from event_tracer.core.times import parse_timestamp
from tests.scenarios.fields import SECOND, Raw, micro, stamp

_HEX = re.compile(r"\.([0-9a-f]{16})$")
_DURATIONS = ("progressDeadlineSeconds", "minReadySeconds", "activeDeadlineSeconds")


def paced(
    frames: Iterable[Mapping[str, Any]], factor: float = 1, *, later: int = 0
) -> Iterator[Raw]:
    """The raw frames of a recording with `factor` times the time between them, `later` by ns."""
    pace: _Pace | None = None
    for frame in frames:
        pace = pace or _Pace(frame["received"] // SECOND * SECOND, factor, later)
        yield pace.frame(frame)


class _Pace:
    """Moves times around the first; remembers what each cut time was taken for."""

    def __init__(self, first: int, factor: float, later: int) -> None:
        self._first = first
        self._later = later
        self._factor = factor
        self._exact: dict[tuple[object, ...], int] = {}
        self._statuses: dict[str, object] = {}
        self._now = first

    def frame(self, raw: Mapping[str, Any]) -> Raw:
        made: Raw = copy.deepcopy(dict(raw))
        self._now = made["received"]
        made["received"] = self._moved(self._now)
        if raw["resource"] == "events":
            self._event(made["object"])
        else:
            self._object(made["object"])
        return made

    def _moved(self, time: int) -> int:
        return self._first + math.floor((time - self._first) * self._factor) + self._later

    def _exactly(self, second: str, *key: object) -> int:
        """The moment (ns) that a cut time most likely was, the same whenever `key` is met."""
        time = parse_timestamp(second)
        assert time is not None
        begin = time // SECOND * SECOND
        known = min(max(self._now, begin), begin + SECOND - 1)
        return self._exact.setdefault((*key, second), known)

    def _stamp(self, holder: Raw, field: str, *key: object) -> None:
        if holder.get(field):
            holder[field] = stamp(self._moved(self._exactly(holder[field], *key, field)))

    # -- Events

    def _event(self, event: Raw) -> None:
        meta = event["metadata"]
        uid, count, began = meta["uid"], event.get("count"), event.get("firstTimestamp")
        match = _HEX.search(meta["name"])
        named = int(match[1], 16) if match else 0
        if began and stamp(named) == began:
            self._exact[uid, "firstTimestamp", began] = named
            self._exact[uid, 1, "lastTimestamp", began] = named
        if match:
            meta["name"] = f"{meta['name'][: match.start()]}.{self._moved(named):x}"
        self._stamp(meta, "creationTimestamp", uid)
        self._stamp(event, "firstTimestamp", uid)
        self._stamp(event, "lastTimestamp", uid, count)
        for holder, field in ((event, "eventTime"), (event.get("series"), "lastObservedTime")):
            if holder and holder.get(field):
                holder[field] = micro(self._moved(parse_timestamp(holder[field]) or 0))
        for entry in meta.get("managedFields") or ():
            self._stamp(entry, "time", uid, count, entry["manager"])

    # -- all other objects

    def _object(self, item: Raw) -> None:
        meta, status = item["metadata"], item.get("status") or {}
        uid = meta["uid"]
        self._stamp(meta, "creationTimestamp", uid)
        self._deletion(meta, uid)
        self._writes(meta, uid, status)
        for condition in status.get("conditions") or ():
            self._condition(condition, uid)
        for container in (
            *(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()),
        ):  # fmt: skip
            for state in (container.get("state"), container.get("lastState")):
                for times in (state or {}).values():
                    self._stamp(times, "startedAt", uid, container["name"])
                    self._stamp(times, "finishedAt", uid, container["name"])
        for field in ("startTime", "completionTime"):
            self._stamp(status, field, uid)
        self._spec(item.get("spec") or {})

    def _deletion(self, meta: Raw, uid: str) -> None:
        due = parse_timestamp(meta.get("deletionTimestamp"))
        if due is not None:
            grace = (meta.get("deletionGracePeriodSeconds") or 0) * SECOND
            asked = self._exactly(stamp(due - grace), uid, "deletionTimestamp", grace)
            meta["deletionTimestamp"] = stamp(self._moved(asked) + grace)

    def _writes(self, meta: Raw, uid: str, status: Raw) -> None:
        is_new = self._statuses.get(uid) != status
        self._statuses[uid] = copy.deepcopy(status)
        for entry in meta.get("managedFields") or ():
            if not entry.get("time"):
                continue
            key = (uid, entry["manager"], entry.get("operation"), entry.get("subresource"), "time")
            if is_new and entry.get("subresource") == "status":
                self._exact.pop((*key, entry["time"]), None)
            self._stamp(entry, "time", *key[:-1])

    def _condition(self, condition: Raw, uid: str) -> None:
        key = (uid, condition["type"], condition["status"])
        self._stamp(condition, "lastTransitionTime", *key)
        written = (*key, condition.get("reason"), condition.get("message"))
        self._stamp(condition, "lastUpdateTime", *written)
        self._stamp(condition, "lastProbeTime", *written)

    def _spec(self, spec: Raw) -> None:
        for field in _DURATIONS:
            if spec.get(field):
                spec[field] = max(1, math.floor(spec[field] * self._factor))
