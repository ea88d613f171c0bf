"""The scheduler's and the kubelet's part: a pod from its creation to its end."""

from collections.abc import Iterator, Sequence
from functools import partial

from tests.scenarios.fields import Raw, stamp
from tests.scenarios.simulated.api import NODE, Api
from tests.scenarios.simulated.life import NEVER, Life
from tests.scenarios.simulated.recorder import Recorder
from tests.scenarios.simulated.status import PodState

_FIRST_BACK_OFF = 10.0
_LONGEST_BACK_OFF = 300.0
_KILLS = 4
_SYNC = 13.0  # the kubelet looks at a pod again every 10 to 15 s
Lives = dict[str, Sequence[Life]]
Process = Iterator[float]


class Kubelet:
    """All pods; the n-th pod of an image has its n-th life, or its last."""

    def __init__(self, api: Api, recorder: Recorder, lives: Lives) -> None:
        self._api = api
        self._recorder = recorder
        self._lives = lives
        self._counts: dict[str, int] = {}
        self._pods: dict[str, _Pod] = {}
        api.watchers.append(self._seen)

    def _seen(self, resource: str, item: Raw) -> None:
        if resource != "pods":
            return
        uid = item["metadata"]["uid"]
        pod = self._pods.get(uid)
        if pod is None:
            image = item["spec"]["containers"][0]["image"]
            number = self._counts[image] = self._counts.get(image, -1) + 1
            lives = self._lives[image]
            pod = _Pod(self._api, self._recorder, item, lives[min(number, len(lives) - 1)])
            self._pods[uid] = pod
            self._api.spawn(pod.live())
        elif "deletionTimestamp" in item["metadata"] and not pod.is_asked:
            pod.is_asked = True
            self._api.spawn(pod.go())


class _Pod:
    """One pod on its node."""

    def __init__(self, api: Api, recorder: Recorder, item: Raw, life: Life) -> None:
        self._api = api
        self._item = item
        self._life = life
        container = item["spec"]["containers"][0]
        self._name, self._image = container["name"], container["image"]
        self._event = partial(recorder.event, item, component="kubelet")
        self._schedule_event = partial(recorder.by_scheduler, item)
        self._state = PodState(api, item, life)
        self.is_asked = False

    def live(self) -> Process:
        """From its creation; ends where nothing more happens by itself, or it was asked to go."""
        for pause in self._live():
            yield pause
            if self.is_asked:
                return

    def _live(self) -> Process:
        yield from self._schedule()
        yield self._api.jitter(0.008, 0.02)
        self._write()
        for number, length in enumerate(self._life.init):
            yield from self._initialize(number, length)
        yield from self._pull()
        for _ in range(self._life.misconfigured):
            yield from self._lack_config()
        yield from self._run_for_ever()

    def _schedule(self) -> Process:
        meta = self._item["metadata"]
        if self._life.schedule > 1:
            yield 0.005
            message = "0/1 nodes are available: 1 Insufficient memory."
            self._api.bind(self._item, _condition("False", self._api.now, "Unschedulable", message))
            self._schedule_event("FailedScheduling", message, type_="Warning")
        if self._life.schedule == NEVER:
            while True:
                yield 3600
        yield self._life.schedule
        self._api.bind(self._item, _condition("True", self._api.now))
        text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {NODE}"
        self._schedule_event("Scheduled", text)

    def _initialize(self, number: int, length: float) -> Process:
        container = self._state.inits[number]
        path = f"spec.initContainers{{{container.name}}}"
        self._present(path)
        yield 0.02
        self._event("Created", message=f"Created container: {container.name}", path=path)
        yield 0.08
        container.start(self._api)
        self._event("Started", message=f"Started container {container.name}", path=path)
        yield min(0.7, length / 2)
        self._write()
        yield length - min(0.7, length / 2)
        container.end(self._api, 0, "Completed")
        yield 0.9
        self._write()

    def _present(self, path: str) -> None:
        text = f'Container image "{self._image}" already present on machine'
        self._event("Pulled", message=text, path=path)

    @property
    def _path(self) -> str:
        return f"spec.containers{{{self._name}}}"

    def _pull(self) -> Process:
        yield self._api.jitter(0.1, 0.3)
        pause = _FIRST_BACK_OFF
        for _ in range(self._life.failed_pulls):
            yield from self._fail_to_pull(pause)
            pause = min(2 * pause, _LONGEST_BACK_OFF)
        if not self._life.pull:
            self._present(self._path)
            return
        self._event("Pulling", message=f'Pulling image "{self._image}"', path=self._path)
        yield self._life.pull
        took = f"{self._life.pull:.3f}s"
        text = (
            f'Successfully pulled image "{self._image}" in {took} ({took} including waiting). '
            "Image size: 3 bytes."
        )
        self._event("Pulled", message=text, path=self._path)

    def _fail_to_pull(self, pause: float) -> Process:
        warn = partial(self._event, type_="Warning", path=self._path)
        self._event("Pulling", message=f'Pulling image "{self._image}"', path=self._path)
        yield 0.4
        why = f'failed to pull and unpack image "{self._image}": connection refused'
        warn("Failed", message=f'Failed to pull image "{self._image}": {why}')
        warn("Failed", message="Error: ErrImagePull")
        yield 0.9
        self._state.main.wait("ErrImagePull", why)
        self._write()
        until = pause
        while until > 0:
            text = f'Back-off pulling image "{self._image}"'
            self._event("BackOff", message=text, path=self._path)
            warn("Failed", message="Error: ImagePullBackOff")
            self._state.main.wait("ImagePullBackOff", f"{text}: ErrImagePull: {why}")
            self._write()
            yield min(_SYNC, until)
            until -= _SYNC

    def _lack_config(self) -> Process:
        why = 'configmap "nowhere" not found'
        self._event("Failed", message=f"Error: {why}", type_="Warning", path=self._path)
        yield 0.8
        self._state.main.wait("CreateContainerConfigError", why)
        self._write()
        yield self._api.jitter(10, 14)
        self._present(self._path)

    def _run_for_ever(self) -> Process:
        pause, number = 0.0, 0
        while True:
            if number:
                self._present(self._path)
            yield 0.02
            self._event("Created", message=f"Created container: {self._name}", path=self._path)
            yield 0.08
            self._state.main.start(self._api)
            self._event("Started", message=f"Started container {self._name}", path=self._path)
            if self._life.kills is not None and number <= _KILLS:
                self._state.set_ready(self._life.ready is None)
            length, code = self._life.run(number)
            yield from self._run(length)
            self._state.main.end(self._api, code, "Completed" if code == 0 else self._life.reason)
            yield self._api.jitter(0.6, 1.1)
            if self._item["spec"]["restartPolicy"] == "Never":
                yield from self._finish(code)
                return
            if self._life.kills is not None and number < _KILLS:
                number += 1  # the kubelet starts it again at once, and writes no status between
                continue
            if length >= 600:  # the longest back-off twice: kubelet.go, backOffPeriod's reset
                pause = 0
            yield from self._back_off(pause)
            pause = min(2 * pause, _LONGEST_BACK_OFF) if pause else _FIRST_BACK_OFF
            number += 1

    def _finish(self, code: int) -> Process:
        self._state.finish(code)
        self._write(phase="Running")
        yield self._api.jitter(0.9, 1.2)
        self._write(phase="Succeeded" if code == 0 else "Failed")

    def _back_off(self, pause: float) -> Process:
        self._state.set_ready(False)
        if not pause:
            self._write()
            return
        until = pause
        meta = self._item["metadata"]
        pod = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        text = f"Back-off restarting failed container {self._name} in pod {pod}"
        while until > 0:
            self._event("BackOff", message=text, type_="Warning", path=self._path)
            self._write()
            why = f"back-off {int(pause)}s restarting failed container={self._name}"
            self._state.main.wait("CrashLoopBackOff", why)
            yield min(_SYNC, until)
            until -= _SYNC

    # -- a run of its container

    def _run(self, length: float) -> Process:
        done = 0.0
        for at, what in sorted(self._life.steps(self._api.jitter(0.3, 1.1))):
            if at >= length:
                break
            yield at - done
            done = at
            self._do(what)
        if length == NEVER:
            while True:
                yield 86_400
        yield length - done

    def _do(self, what: str) -> None:
        match what:
            case "seen":
                self._write()
            case "ready" | "unready":
                self._become(what == "ready")
            case "open":
                self._state.gate_is_open = True
                self._write()
            case "warn":
                self._warn()
            case "ill":
                self._warn("Liveness")
            case "kill":
                self._warn("Liveness")
                text = f"Container {self._name} failed liveness probe, will be restarted"
                self._event("Killing", message=text, path=self._path)

    def _warn(self, probe: str = "Readiness") -> None:
        text = f"{probe} probe failed: "
        self._event("Unhealthy", message=text, type_="Warning", path=self._path)

    def _become(self, ready: bool) -> None:
        self._state.set_ready(ready)
        self._write()

    # -- its end

    def go(self) -> Process:
        """It was asked to go."""
        yield 0.01
        if not self._item["spec"].get("nodeName"):
            self._api.remove(self._item)
            return
        was_running = self._state.main.is_running
        if was_running:
            text = f"Stopping container {self._name}"
            self._event("Killing", message=text, path=self._path)
        yield 0.05
        left = self._life.stop
        while self._life.ails and left > 4:
            yield 2
            left -= 2
            self._warn()
        yield left
        if was_running:
            self._state.main.end(
                self._api, 137 if self._life.stop >= self._life.grace else 143, "Error"
            )
        yield 0.6
        self._state.finish(1)
        self._write(phase="Failed")
        yield 0.4
        self._api.ask_to_go(self._item, grace=0)
        yield 0.002
        self._api.remove(self._item)

    def _write(self, *, phase: str = "") -> None:
        self._state.write(phase)


def _condition(status: str, now: int, reason: str = "", message: str = "") -> Raw:
    made: Raw = {"type": "PodScheduled", "status": status, "lastProbeTime": None}
    made["lastTransitionTime"] = stamp(now)
    return made | ({"reason": reason, "message": message} if reason else {})
