"""`event-tracer check`: try everything that `run` needs, and say what to do about the rest."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from event_tracer.cli.process import run_to_the_end
from event_tracer.cli.rights import (
    Right,
    advice_without,
    by_loss,
    in_words,
    is_allowed,
    rights_of_a_run,
)
from event_tracer.cli.settings.models import CheckSettings
from event_tracer.core.seen import SERVICE
from event_tracer.core.span import Span
from event_tracer.core.times import SECOND, human
from event_tracer.export.delivery import ExportError
from event_tracer.export.otlp import client, endpoint
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.credentials import client_factory, own_namespace
from event_tracer.kube.discovery import cluster_uid
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from event_tracer.pipeline import stores
from event_tracer.pipeline.checkpoint import CheckpointError, decode
from event_tracer.pipeline.stores import ConfigMapStore, Store
from event_tracer.runtime.logs import mask, printable
from event_tracer.runtime.metric_exporters import TelemetryError
from event_tracer.runtime.telemetry import check_variables

_SKEW = 5 * SECOND  # ns of difference that an NTP client would not leave
_PATIENCE = 60.0  # seconds for a back end
Status = Literal["ok", "missing", "note"]
_MARKS: dict[Status, str] = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that was checked; `advice` is what to do unless it is `ok`."""

    status: Status
    what: str
    advice: str = ""


def _ok(what: str) -> CheckResult:
    return CheckResult(status="ok", what=what)


def _note(what: str, *, advice: str) -> CheckResult:
    return CheckResult(status="note", what=what, advice=advice)


def _missing(what: str, *, advice: str) -> CheckResult:
    return CheckResult(status="missing", what=what, advice=advice)


def main(settings: CheckSettings) -> bool:
    """Run the command."""
    return run_to_the_end(_print_all(settings), settings=settings)


async def _print_all(settings: CheckSettings) -> bool:
    is_good = True
    async for result in check(settings):
        is_good = is_good and result.status != "missing"
        advice = f": {' '.join(result.advice.split())}" if result.advice else ""
        line = printable(mask(f"{result.what}{advice}"))
        sys.stdout.write(f"{_MARKS[result.status]} {line}\n")
        sys.stdout.flush()
    return is_good


async def check(settings: CheckSettings) -> AsyncIterator[CheckResult]:
    """Check everything that `run` needs, one thing after the other."""
    try:
        connect = await client_factory(kubeconfig=settings.kubeconfig, context=settings.context)
    except ConnectionSettingsError as error:
        yield _missing("credentials", advice=str(error))
    else:
        api = Api(connect)
        try:
            async for result in _cluster(api, settings):
                yield result
        finally:
            await api.close()
    async for result in _collector(settings):
        yield result
    if odd := _metrics():
        yield odd


def _metrics() -> CheckResult | None:
    """What is odd about the metrics of a run, if anything is."""
    try:
        odd = check_variables()
    except TelemetryError as error:
        return _missing("the metrics of a run", advice=str(error))
    advice = "alerts on metrics of this process take it for absent"
    return _note(odd, advice=advice) if odd else None


async def _cluster(api: Api, settings: CheckSettings) -> AsyncIterator[CheckResult]:
    answers = await _version(api)
    yield answers
    if answers.status == "missing":
        return
    yield _clock(api)
    yield await _identity(api, settings)
    async for result in _rights(api, settings):
        yield result
    if settings.leader_elect and not own_namespace():
        advice = "set POD_NAMESPACE to the namespace of the Pod"
        yield _missing("the Lease's namespace", advice=advice)
    yield await _checkpoint(api, settings)


async def _version(api: Api) -> CheckResult:
    try:
        version = (await api.get("/version")).get("gitVersion", "of an unknown version")
    except ApiError as error:
        if error.reason == "Forbidden":  # where system:public-info-viewer was taken away
            return _note("the API server answers", advice=f"not with its version, though: {error}")
        advice = f"{error}; is it the right --kubeconfig and --context?"
        return _missing("the API server", advice=advice)
    return _ok(f"the API server answers: Kubernetes {version}")


def _clock(api: Api) -> CheckResult:
    now = api.now
    if now is None:
        return _note("clock", advice="the API server sends no Date header")
    ahead = time.time_ns() - now - SECOND // 2  # a Date header is half a second old, on average
    what = f"this machine's clock is {human(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"
    what += " the API server's"
    if abs(ahead) < _SKEW:
        return _ok(what)
    advice = "no span depends on it, but the times in the log do; synchronise the clocks"
    return _note(what, advice=advice)


async def _identity(api: Api, settings: CheckSettings) -> CheckResult:
    try:
        uid = settings.cluster_uid or await cluster_uid(api)
    except ApiError as error:
        return _missing("the cluster's uid", advice=str(error))
    if not uid:
        advice = "allow get of the namespace kube-system, or set --cluster-uid"
        return _note("the cluster's uid is not known", advice=advice)
    name = settings.cluster_name
    if not name:
        advice = "set --cluster-name where several clusters send to one back end"
        return _note(f"cluster {uid}, without a name", advice=advice)
    return _ok(f"cluster {name}, {uid}")


async def _rights(api: Api, settings: CheckSettings) -> AsyncIterator[CheckResult]:
    """What is allowed in one line, and of what is not one for each loss."""
    lease_in = own_namespace() if settings.leader_elect else ""
    wanted = rights_of_a_run(settings.watch_namespaces, lease=settings.lease, lease_in=lease_in)
    allowed: list[Right] = []
    missing: list[Right] = []
    try:
        for right in wanted:
            (allowed if await is_allowed(api, right) else missing).append(right)
    except ApiError as error:
        yield _missing("what may be read cannot be asked", advice=str(error))
        return
    if allowed:
        yield _ok(f"may {in_words(allowed)}")
    for lost in by_loss(missing):
        result = _note if lost[0].optional else _missing
        yield result(f"may not {in_words(lost)}", advice=advice_without(lost))


async def _checkpoint(api: Api, settings: CheckSettings) -> CheckResult:
    try:
        where = {"kubeconfig": settings.kubeconfig, "context": settings.context}
        store = stores.open_store(settings.place, api=api, **where)
    except CheckpointError as error:
        return _missing("the checkpoint", advice=str(error))
    if store is None:
        advice = "a restart begins anew; name a file by --checkpoint to go on instead"
        return _note("no checkpoint", advice=advice)
    return await _writable(store)


async def _writable(store: Store) -> CheckResult:
    is_config_map = isinstance(store, ConfigMapStore)
    try:
        saved = await store.read()
        await store.check_writable()
    except CheckpointError as error:
        advice = str(error)
        if is_config_map:
            advice += "; allow get, create and update of configmaps in the Role"
        return _missing("the checkpoint", advice=advice)
    kind = "" if is_config_map else "file "
    try:
        if saved is not None:
            decode(saved)
    except CheckpointError as error:
        return _note(f"the checkpoint {store} is of no use", advice=f"{error}; a run begins anew")
    return _ok(f"the checkpoint can be written: {kind}{store}")


async def _collector(settings: CheckSettings) -> AsyncIterator[CheckResult]:
    try:
        target = endpoint.resolve(os.environ)
    except endpoint.EndpointError as error:
        yield _missing("the OTLP endpoint", advice=str(error))
        return
    if told := endpoint.odd_timeout(target.timeout):
        yield _note("a request may last long", advice=told)
    yield await _taking(target, settings)


async def _taking(target: endpoint.Endpoint, settings: CheckSettings) -> CheckResult:
    """Whether a back end takes a span."""
    span, patience = _test_span(settings), min(target.timeout, _PATIENCE)
    try:
        async with client.connect(target) as sender, asyncio.timeout(patience):
            answer = await client.Otlp(sender).deliver([span])
    except ExportError as error:
        return _missing("the OTLP endpoint", advice=str(error))
    except TimeoutError:
        advice = f"no answer in time; {endpoint.HINT}"
        return _missing(f"the OTLP endpoint {target}", advice=advice)
    if not answer.accepted or answer.rejected:
        advice = f"{answer.reason}; {endpoint.HINT}"
        return _missing(f"the OTLP endpoint {target}", advice=advice)
    what = f"the OTLP endpoint {target} took a test span, trace {span.trace_id.hex()}"
    return _ok(what)


def _test_span(settings: CheckSettings) -> Span:
    now = time.time_ns()
    resource = (("service.name", SERVICE), ("k8s.cluster.name", settings.cluster_name))
    return Span(
        trace_id=secrets.token_bytes(16),
        span_id=secrets.token_bytes(8),
        parent_id=b"",
        kind="event",
        name="check",
        resource=tuple(pair for pair in resource if pair[1]),
        start=now - 1_000_000,
        end=now,
        attributes=(),
    )
