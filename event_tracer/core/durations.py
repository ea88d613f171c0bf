"""Messages that state a duration (law 4): one line, one rule, each with what it looks like."""

import re

# A message that states its own duration (Go's time.Duration.String(), or in words).
_GO = r"([\dhmsµun.]+[a-z]|\d+(?:\.\d+)? (?:second|minute|hour)s?)\b"
DURATION = {
    # kubelet images/image_manager.go: "... in 2.1s (2.3s including waiting). Image size: 1 bytes.",
    # older ones without the brackets; the wait is the whole of it
    "Pulled": re.compile(
        r" in (?P<alone>[\dhmsµun.]+[a-z])(?: \((?P<took>[\dhmsµun.]+) including waiting\))?"
    ),
}
# What is over when it is said: "will be deleted in 5m0s" and "retrying after 30s" are not.
_OVER = (
    r"(?<!be )\b(?:finished|passed|completed|succeeded|failed|ready|created|deployed|installed|"
    r"upgraded|synced|reconciled|restored|migrated|provisioned|initialized|drained|timed out)"
)
_NOT = r"\b(?:failed to|did not|was not|not|never)(?: (?!will|retr|again|next)\w+){1,6}"
# Of any reason: those of Flux differ between versions (kustomization_controller.go: "info" before
# 2.0), Kueue's are of its scheduler.go and workload_controller.go, Kruise's of imagepuller_worker.go,
# Tekton's of taskrun.go, cluster-autoscaler's of clusterstate.go.
DURATIONS = (
    ("Flux", "Reconciliation finished in 9.04s, next run in 5m0s", re.compile(rf"{_OVER}(?: successfully)? in (?P<took>{_GO})")),
    ("Flux", "Reconciliation failed after 1.5s, next try in 2m0s", re.compile(rf"{_OVER}(?: waiting(?: [\w./-]+){{1,6}}?)? after (?P<took>{_GO})")),
    ("Kueue", "Quota reserved in ClusterQueue cq, wait time since queued was 42s", re.compile(rf"\bwait time(?: since [\w ]+?)? was (?P<took>{_GO})")),
    ("Kruise", "Image nginx:1.9, ecalpsedTime 2.3s", re.compile(rf"\be(?:cal|la)psed ?[Tt]ime:? (?P<took>{_GO})")),
    ("Tekton, cluster-autoscaler", 'TaskRun "build" failed to finish within "1m0s"', re.compile(rf'{_NOT} (?:in|within|after) "?(?P<took>{_GO})')),
    ("any", "Snapshot took 3.2s", re.compile(rf"\b(?:took|waited(?: for)?|elapsed:?) (?P<took>{_GO})")),
    ("any", "Successfully restored volume data-db-0 in 3m2s", re.compile(rf"Successfully \w+(?: [^\s,;]+){{0,6}}? in (?P<took>{_GO})")),
)  # fmt: skip
# "Container image %q already present on machine[ and can be accessed by the pod]": no pull, no
# duration, even where an older Pulling exists.
INSTANT = {"Pulled": "already present"}
