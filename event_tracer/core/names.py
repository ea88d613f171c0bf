"""Names as closed sets (law 13): what was generated of an object's or a component's becomes `*`.

Generators, by their own sources: apimachinery util/rand (SafeEncodeString's 27 characters),
apiserver names/generate.go (generateName: five of them, after 58 characters at most), ten at most
of a ReplicaSet's hash, cronjob_controllerv2.go (minutes), Knative kmeta (an MD5 sum for an end).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from event_tracer.core.chain import Chain, KubeObject

STAR = "*"
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
_DIGEST = "[4-9bcdf]{6,10}"  # of decimal digits (rand.SafeEncodeString): a ReplicaSet's hash
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LONG, _COMMON = 50, 20  # of names that were cut to make room for a hash, and what they share

# Kinds whose objects are named as a node is: its name is the cloud's.
_NODES = frozenset({
    "Node", "CSINode", "NodeMetrics", "NodeFeature", "NodeResourceTopology", "CiliumNode",
    "BlockAffinity", "Machine", "BareMetalHost", "CNINode", "TridentNode", "NodeNetworkState",
    "SriovNetworkNodeState", "NodeDiagnostic", "NodeImage", "NodePodProbe", "CSINodeTopology",
    "SelfNodeRemediation",
})  # fmt: skip
# Kinds that people name, whether their objects were read or not.
_CHOSEN = frozenset({
    "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Service", "Ingress", "Namespace",
    "HorizontalPodAutoscaler", "ConfigMap", "Secret", "ServiceAccount", "StorageClass",
})  # fmt: skip
# Kinds of which a person, or a pipeline of theirs, makes one after the other.
_COUNTED = re.compile(
    "Pod|.*Job|.*Run|.*Build|Workflow|.*Application|Backup|Restore|.*Migration|.*Snapshot|.*Claim|"
    "ReplicationController|CertificateRequest|Order|Challenge|AnalysisRun|Experiment|InstallPlan"
)
# Whole generated parts of kinds whose controllers name them, whatever else is in the name.
_ENDS = {
    # also GitLab's runners: `runner-<token>-project-1-concurrent-0-<eight characters>`
    "Pod": rf"(?:(?:-{_RANDOM}{{6,10}})?-{_RANDOM}{{5}}|-(?<=-concurrent-)\d+-[a-z0-9]{{8}})$",
    "ReplicaSet": rf"-{_RANDOM}{{6,10}}$",
    "ControllerRevision": rf"-{_RANDOM}{{6,10}}$",
    "AnalysisRun": rf"-{_RANDOM}{{6,10}}(?:-[a-z0-9]+)*$",
    "Experiment": rf"-{_RANDOM}{{6,10}}(?:-[a-z0-9]+)*$",
    "Revision": r"-\d{5}$",
}
_GENERATED_ENDS = {kind: re.compile(pattern) for kind, pattern in _ENDS.items()}

# A node of EKS (or an address alone), of GKE, of AKS, as it stands in names of what is on it.
_ADDRESS = r"(?:ip-)?\d{1,3}([-.])\d{1,3}\1\d{1,3}\1\d{1,3}(?:\.[a-z0-9.-]+\.internal)?"
_NODE = (
    rf"(?<![a-z0-9])(?:{_ADDRESS}|gk[e3]-[a-z0-9-]+?-[0-9a-f]{{8}}-[a-z0-9]{{4}}|"
    r"aks[a-z]*-[a-z0-9]+-\d{8}-vmss[a-z0-9]{6})(?![a-z0-9])"
)
_ON_NODE = re.compile(_NODE)
# In any name: a uuid; a ReplicaSet's hash and a pod's end; a date, of a run or a backup; a node.
_ANYWHERE = re.compile(
    rf"{_NODE}|{_UUID}|(?<=-){_RANDOM}{{6,10}}-{_RANDOM}{{5}}(?=-|$)|"
    r"\d{4}-\d\d-\d\d(?:[t-][\dhmsz:.-]*)?"
)
_PARTS = re.compile(r"([-.])")
# Also a commit's seven characters, and what is too long for a word: ULIDs, keys in base 64.
_HASH = re.compile(
    rf"(?=.*\d)(?:{_RANDOM}{{6,10}}|(?=.*[a-f])[0-9a-f]{{7,}})|"
    r"(?=(?:\D*\d){3})\w{20,}|[0-9a-f]{32,}"
)
_NUMBER = re.compile(r"\d{5,}")
# Five of generateName's characters; with a letter and a digit six of base 16, and five, or eight
# and more, of all (GitLab's runners).
_TOKEN = re.compile(
    rf"{_RANDOM}{{5}}|(?=.*\d)(?=.*[a-z])(?:[0-9a-f]{{6}}|[a-z0-9]{{5}}|[a-z0-9]{{8,}})"
)
_STARS = re.compile(r"\*(?:[-.](?:\*|\d+(?=[-.]|$)))+|(?<![^-.])\d+[-.]\*")


def object_name(chain: Chain) -> str:
    """`Kind name` of the chain's first object, `*` in place of what was generated."""
    return f"{chain[0].kind or 'Object'} {bounded_name(chain)}".rstrip()


def bounded_name(chain: Chain) -> str:
    """The object's name without what was generated of it.

    Of one whose name has that of an owner in it, it is the owner's with `-*` in place of the rest.
    """
    item = chain[0]
    if _is_node(item):
        return STAR
    for depth, above in enumerate(chain[1:], start=1):
        if (named := _after(item.name, above.name)) is not None:
            before, rest = named
            stem = f"{_cleaned(before) if before else ''}{bounded_name(chain[depth:])}"
            return _joined(f"{stem}-{STAR}") if rest else _joined(stem)
    return _own_name(item.kind, item.name, item.generate_name, item.known, item.other_owners)


def _is_node(item: KubeObject) -> bool:
    # Each kubelet holds a Lease of its node's name there (component-helpers node/lease).
    return item.kind in _NODES or (item.kind == "Lease" and item.namespace == "kube-node-lease")


def _after(name: str, owner: str) -> tuple[str, str] | None:
    """What stands before and after an owner's name in a name; None where it is not in it."""
    if not owner:
        return None
    at = name.find(owner)
    while at >= 0:
        before, rest = name[:at], name[at + len(owner) :]
        if before[-1:] in ("", "-", ".") and rest[:1] in ("", "-", "."):
            return before, rest
        at = name.find(owner, at + 1)
    is_cut = len(name) >= _LONG and name[:_COMMON] == owner[:_COMMON] and len(owner) >= _COMMON
    return ("", "-") if is_cut else None


@lru_cache(maxsize=1024)
def _own_name(
    kind: str, name: str, generate_name: str, known: bool, other_owners: tuple[str, ...]
) -> str:
    # Of a root for all below it.
    if generate_name and name.startswith(generate_name):
        return _joined(f"{_cleaned(generate_name.rstrip('-.'), anything=True)}-{STAR}")
    is_chosen = kind in _CHOSEN or (known and kind not in _GENERATED_ENDS)
    name = _ON_NODE.sub(STAR, _without_node(name, other_owners))
    if end := _GENERATED_ENDS.get(kind):
        name = end.sub(f"-{STAR}", name)
    if _COUNTED.fullmatch(kind):
        name = re.sub(r"(?:[-.]\d+)+$", f"-{STAR}", name)
    return _joined(_cleaned(name, anything=not is_chosen))


def _without_node(name: str, other_owners: tuple[str, ...]) -> str:
    # A static pod's name ends with its node's (kubelet config/common.go), which is its owner.
    for owner in other_owners:
        kind, _, node = owner.partition(" ")
        if kind == "Node" and name.endswith(f"-{node}"):
            return f"{name.removesuffix(node)}{STAR}"
    return name


def _cleaned(name: str, *, anything: bool = False) -> str:
    """`name` without uuids, hashes, dates and long numbers.

    `anything`: nobody chose it, so five random characters and short numbers are generated, too.
    """
    first, *others = _PARTS.split(_ANYWHERE.sub(STAR, name))
    is_all = not others and (_HASH.fullmatch(first) or first.isdigit())
    return "".join([STAR if is_all else first, *_replaced(others, anything=anything)])


def _replaced(parts: Iterable[str], *, anything: bool) -> Iterable[str]:
    for part in parts:
        is_generated = any(pattern.fullmatch(part) for pattern in (_HASH, _NUMBER))
        is_short = anything and (part.isdigit() or _TOKEN.fullmatch(part) is not None)
        yield STAR if is_generated or is_short else part


def _joined(name: str) -> str:
    """`name` with one `*` for all that stand side by side, and for numbers beside one."""
    while (shorter := _STARS.sub(STAR, name)) != name:
        name = shorter
    return name


# `<provisioner>_<hostname>_<uuid>` (sig-storage-lib-external-provisioner controller.go, and leader
# election's identities), or a pod's own name.
_INSTANCE = re.compile(rf"(?P<name>.+?)_[^_]+_{_UUID}")
_OWN = re.compile(
    rf"[-_ ]?{_UUID}$|(?:-(?:{_DIGEST}|(?=[a-z]*\d){_RANDOM}{{6,10}}))?-(?!https$){_RANDOM}{{5}}$|"
    rf"(?:^|[-_,/ ]+){_NODE}$"
)


@lru_cache(maxsize=4096)
def bounded_component(component: str) -> str:
    """A component's name without those of its pod, its host and its run."""
    if match := _INSTANCE.fullmatch(component):
        return match["name"]
    name = component
    while (shorter := _OWN.sub("", name)) != name:  # a pod's own name, and its run's
        name = shorter
    # Velero's data movers call themselves after what they move (pkg/datamover).
    return _joined(_cleaned(name)) or (component and STAR)
