"""What `kubectl apply -k manifests/` applies, as objects."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.e2e.kube import Kube, Raw

FOLDER = Path(__file__).parents[2] / "manifests"
NAMESPACE = "event-tracer"
_RIGHTS = (
    "Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
)  # fmt: skip


def built(kube: Kube, folder: str = "") -> list[Raw]:
    """The objects of a kustomization below manifests/."""
    text = kube.run("kustomize", str(FOLDER / folder))
    return [made for made in yaml.safe_load_all(text) if made]


def rights(kube: Kube, folder: str = "") -> list[Raw]:
    """Those that say who may do what, Namespace first."""
    found = [made for made in built(kube, folder) if made["kind"] in _RIGHTS]
    return sorted(found, key=lambda made: _RIGHTS.index(made["kind"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """One verb on one resource, of a rule in a role."""

    role: str
    rule: int
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb}-{self.resource}"


def kubeconfig_of(kube: Kube, namespace: str, file: Path) -> Path:
    """A kubeconfig with a token of the product's ServiceAccount in this namespace."""
    token = kube.run("create", "token", "event-tracer", f"--namespace={namespace}").strip()
    config = yaml.safe_load(kube.run("config", "view", "--raw", "--flatten", "--minify"))
    for user in config["users"]:
        user["user"] = {"token": token}
    file.write_text(yaml.safe_dump(config))
    return file


def verbs(objects: list[Raw]) -> Iterator[Verb]:
    """Each that the roles among these give."""
    for role in objects:
        for number, rule in enumerate(role.get("rules") or []):
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    name = role["metadata"]["name"]
                    yield Verb(role=name, rule=number, resource=resource, verb=verb)


def without(objects: list[Raw], gone: Verb, *, namespace: str) -> list[Raw]:
    """The same rights but one, for the ServiceAccount of another namespace."""
    return [_without(made, gone, namespace) for made in copy.deepcopy(objects)]


def _without(made: Raw, gone: Verb, namespace: str) -> Raw:
    is_cluster_wide = made["kind"].startswith("Cluster")
    if made["metadata"]["name"] == gone.role and made.get("rules"):
        made["rules"] = list(_rules(made["rules"], gone))
    if made["kind"] == "Namespace":
        made["metadata"]["name"] = namespace
    elif is_cluster_wide:
        # Names of their own; and no aggregation, which would bring the verb back.
        made["metadata"] = {"name": f"{namespace}-{made['metadata']['name']}"}
        made.pop("aggregationRule", None)
    else:
        made["metadata"]["namespace"] = namespace
    for subject in made.get("subjects", []):
        subject["namespace"] = namespace
    if made["kind"] == "ClusterRoleBinding":
        made["roleRef"]["name"] = f"{namespace}-event-tracer-built-in-kinds"
    return made


def _rules(rules: list[Raw], gone: Verb) -> Iterator[Raw]:
    for number, rule in enumerate(rules):
        if number != gone.rule:
            yield rule
            continue
        for resource in rule["resources"]:
            left = [
                verb for verb in rule["verbs"] if (resource, verb) != (gone.resource, gone.verb)
            ]
            if left:
                yield {**rule, "resources": [resource], "verbs": left}
