"""A pod's status as the kubelet writes it (pkg/kubelet/status/generate.go, kubelet_pods.go)."""

from dataclasses import dataclass, field

from tests.scenarios.fields import Raw, stamp
from tests.scenarios.simulated.api import Api
from tests.scenarios.simulated.life import Life

Condition = tuple[str, str, str]  # status, reason, message


@dataclass
class Container:
    """One container: its state, the last one, and how often it was started again."""

    name: str
    image: str
    state: Raw = field(default_factory=dict)
    last: Raw = field(default_factory=dict)
    container_id: str = ""
    restarts: int = 0
    is_ready: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return "running" in self.state

    @property
    def is_over(self) -> bool:
        """Whether it has ended well."""
        return bool(self.state.get("terminated", {}).get("exitCode") == 0)

    def start(self, api: Api) -> None:
        """A new instance of it."""
        ended = self.state if "terminated" in self.state else self.last
        if self.container_id:
            self.restarts += 1
        self.last = ended
        self.container_id = f"containerd://{api.random.getrandbits(256):064x}"
        self.state = {"running": {"startedAt": stamp(api.now)}}

    def end(self, api: Api, code: int, reason: str) -> None:
        """It exits."""
        self.is_ready = False
        self.state = {
            "terminated": {
                "exitCode": code, "reason": reason, "finishedAt": stamp(api.now),
                "startedAt": self.state["running"]["startedAt"],
                "containerID": self.container_id,
            }
        }  # fmt: skip

    def wait(self, reason: str, message: str = "") -> None:
        """It waits; its end, if any, becomes its last state."""
        if "terminated" in self.state:
            self.last = self.state
        self.state = {"waiting": {"reason": reason} | ({"message": message} if message else {})}

    def written(self) -> Raw:
        """Its part of the status."""
        return {
            "name": self.name, "state": self.state, "lastState": self.last,
            "ready": self.is_ready, "restartCount": self.restarts, "image": self.image,
            "imageID": "sha256:0" if self.container_id else "", "started": self.is_running,
        } | ({"containerID": self.container_id} if self.container_id else {})  # fmt: skip


class PodState:
    """What the kubelet knows of a pod."""

    def __init__(self, api: Api, item: Raw, life: Life) -> None:
        self._api = api
        self._item = item
        image = item["spec"]["containers"][0]["image"]
        self.inits = [Container(f"init-{n}", image) for n, _ in enumerate(life.init)]
        self.main = Container(item["spec"]["containers"][0]["name"], image)
        waits = "PodInitializing" if self.inits else "ContainerCreating"
        for container in (*self.inits, self.main):
            container.wait(waits)
        self._has_gate = life.gate is not None
        self.gate_is_open = False
        self._finished = ""
        self._since: dict[str, tuple[str, str]] = {}
        self._began = ""

    def set_ready(self, ready: bool) -> None:
        """Its container's probe says so."""
        self.main.is_ready = ready and self.main.is_running

    def finish(self, code: int) -> None:
        """All its containers have ended for good."""
        self._finished = "PodCompleted" if code == 0 else "PodFailed"

    def write(self, phase: str = "") -> None:
        """Write the status, if it has changed."""
        self._began = self._began or stamp(self._api.now)
        old = self._item["status"]
        conditions = [
            self._written(kind, *condition) for kind, condition in self._conditions(phase)
        ]
        mine = {each["type"] for each in conditions}
        kept = [each for each in old.get("conditions", ()) if each["type"] not in mine]
        status: Raw = {
            "observedGeneration": self._item["metadata"]["generation"],
            "phase": phase or self._phase, "conditions": [*conditions, *kept],
            "startTime": self._began, "containerStatuses": [self.main.written()],
            "qosClass": "BestEffort",
        }  # fmt: skip
        if self.inits:
            status["initContainerStatuses"] = [each.written() for each in self.inits]
        self._api.write_status(self._item, status, manager="kubelet")

    @property
    def _phase(self) -> str:
        return "Running" if self.main.container_id else "Pending"

    def _conditions(self, phase: str) -> list[tuple[str, Condition]]:
        is_over = phase in ("Succeeded", "Failed")
        is_up = bool(self.main.container_id or any(c.container_id for c in self.inits))
        initialized = all(each.is_over for each in self.inits)
        if self._finished:
            ready: Condition = ("False", self._finished, "")
            containers = ready
        elif self.main.is_ready:
            containers = ("True", "", "")
            is_closed = self._has_gate and not self.gate_is_open
            gate = (
                "False",
                "ReadinessGatesNotReady",
                "the status of pod readiness gate is not True",
            )
            ready = gate if is_closed else containers
        else:
            text = f"containers with unready status: [{self.main.name}]"
            containers = ready = ("False", "ContainersNotReady", text)
        first: Condition = ("True", "", "")
        if not initialized:
            text = f"containers with incomplete status: [{self.inits[-1].name}]"
            first = ("False", "ContainersNotInitialized", text)
        return [
            ("PodReadyToStartContainers", ("True" if is_up and not is_over else "False", "", "")),
            ("Initialized", first),
            ("Ready", ready),
            ("ContainersReady", containers),
        ]

    def _written(self, kind: str, status: str, reason: str, message: str) -> Raw:
        known, since = self._since.get(kind, ("", ""))
        if known != status:
            since = stamp(self._api.now)
            self._since[kind] = (status, since)
        made: Raw = {"type": kind, "status": status, "lastProbeTime": None}
        made |= {"reason": reason} if reason else {}
        made |= {"message": message} if message else {}
        return made | {"lastTransitionTime": since}
