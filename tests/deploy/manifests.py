"""What tests of manifests/ share: building it, and picking from what is built."""

import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
COMPONENTS = MANIFESTS / "components"
OVERLAYS = sorted(path.name for path in COMPONENTS.iterdir())
BUILDS = [".", *(f"overlays/{name}" for name in OVERLAYS)]
KUBECTL = shutil.which("kubectl") or ""
needs_kubectl = pytest.mark.skipif(not KUBECTL, reason="kubectl is not installed")
Object = dict[str, Any]


def kustomize(folder: Path) -> tuple[Object, ...]:
    """All objects of a kustomization."""
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


@cache
def build(name: str) -> tuple[Object, ...]:
    """All objects of `kubectl kustomize manifests/<name>`."""
    return kustomize(MANIFESTS / name)


def of(objects: Iterable[Object], *kinds: str) -> dict[str, Object]:
    """Those of some kinds, by namespace/name."""
    found = (item for item in objects if item["kind"] in kinds)
    return {
        f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item
        for item in found
    }


def settings(name: str) -> dict[str, str]:
    """What the ConfigMap of settings says."""
    maps = of(build(name), "ConfigMap")
    (found,) = (item for key, item in maps.items() if "/event-tracer-settings-" in key)
    return dict(found["data"])
