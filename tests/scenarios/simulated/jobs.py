"""The job controller (pkg/controller/job)."""

from typing import ClassVar

from event_tracer.core.times import parse_timestamp
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.simulated.controller import Controller, is_active, is_ready, present

_BACK_OFF = 10


class Jobs(Controller):
    """Pods until enough have succeeded, or too many have failed."""

    resource: ClassVar[str] = "jobs"
    name: ClassVar[str] = "job-controller"

    def reconcile(self, item: Raw) -> None:
        """One step, then its status."""
        if item["status"].get("conditions"):
            return
        pods = self.api.owned("pods", item)
        failed = [pod for pod in pods if pod["status"].get("phase") == "Failed"]
        done = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
        active = [pod for pod in pods if is_active(pod)]
        spec = item["spec"]
        if done >= spec["completions"]:
            self._end(item, "Complete", done, len(failed))
        elif len(failed) > spec["backoffLimit"]:
            self._end(item, "Failed", done, len(failed))
        else:
            self._start(item, active, failed, done)
            self._tell(item, done=done, failed=len(failed))

    def _start(self, item: Raw, active: list[Raw], failed: list[Raw], done: int) -> None:
        spec = item["spec"]
        lacking = min(spec["parallelism"], spec["completions"] - done) - len(active)
        wait = self._back_off(failed)
        if lacking > 0 and wait > 0:
            self.later(item, wait + 0.01)
            return
        for _ in range(lacking):
            pod = self.create_pod(item)
            self.event(item, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _back_off(self, failed: list[Raw]) -> float:
        if not failed:
            return 0
        ends = [
            parse_timestamp(state["finishedAt"]) or 0
            for pod in failed
            for state in [pod["status"]["containerStatuses"][0]["state"]["terminated"]]
        ]
        due = max(ends) + int(min(600, _BACK_OFF * 2 ** (len(failed) - 1)) * SECOND)
        return (due - self.api.now) / SECOND

    def _tell(self, item: Raw, *, done: int, failed: int) -> None:
        active = [pod for pod in self.api.owned("pods", item) if is_active(pod)]
        status: Raw = {
            "startTime": item["status"].get("startTime") or stamp(self.api.now),
            "active": len(active), "failed": failed, "succeeded": done, "terminating": 0,
            "uncountedTerminatedPods": {}, "ready": sum(map(is_ready, active)),
        }  # fmt: skip
        self.api.write_status(item, present(status))

    def _end(self, item: Raw, word: str, done: int, failed: int) -> None:
        now = stamp(self.api.now)
        names = (
            ("SuccessCriteriaMet", "Complete")
            if word == "Complete"
            else ("FailureTarget", "Failed")
        )
        reason = "CompletionsReached" if word == "Complete" else "BackoffLimitExceeded"
        text = (
            "Job has reached the specified backoff limit"
            if word == "Failed"
            else "Reached expected number of succeeded pods"
        )
        status: Raw = {
            "startTime": item["status"]["startTime"], "failed": failed, "succeeded": done,
            "terminating": 0, "uncountedTerminatedPods": {}, "ready": 0,
        }  # fmt: skip
        if word == "Complete":
            status["completionTime"] = now
        for number, _ in enumerate(names, start=1):
            conditions = [
                {
                    "type": name, "status": "True", "lastProbeTime": now,
                    "lastTransitionTime": now, "reason": reason, "message": text,
                }
                for name in names[:number]
            ]  # fmt: skip
            self.api.write_status(item, present({**status, "conditions": conditions}))
        if word == "Complete":
            self.event(item, "Completed", "Job completed")
        else:
            self.event(item, reason, text, type_="Warning")
