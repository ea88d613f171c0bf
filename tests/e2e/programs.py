"""The programs of a cluster, built from Go modules whose versions go.mod and go.sum pin."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).with_name("modules")
KUBERNETES = "v1.34.4"
PACKAGES = {
    "collector": [],
    "etcd": ["."],
    "jaeger": ["github.com/jaegertracing/jaeger/cmd/jaeger"],
    "kubernetes": [
        f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl",
        )
    ],
}  # fmt: skip
_FLAGS = f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}"


def cache() -> Path:
    """The folder of what is built, which may be removed at any time."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "event-tracer" / "e2e"


def is_built(name: str) -> bool:
    """Whether the programs of this module are there."""
    return _target(name).exists()


def _target(name: str) -> Path:
    parts = (path.read_bytes() for path in sorted((SOURCES / name).iterdir()))
    return cache() / f"{name}-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}"


def build(name: str) -> Path:
    """The folder with the programs of this module, built unless they are there already."""
    target, go = _target(name), shutil.which("go")
    if target.exists():
        return target
    if not go:
        raise SystemExit("make e2e needs Go, or KUBECONFIG and JAEGER_URL of what runs already")
    sys.stderr.write(f"building {name} into {target} ...\n")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    make = _generate if name == "collector" else _compile
    make(go, name, part)
    part.rename(target)
    return target


def _compile(go: str, name: str, target: Path) -> None:
    command = [go, "build", "-mod=readonly", "-trimpath", "-ldflags", _FLAGS, "-o", f"{target}/"]
    _run([*command, *PACKAGES[name]], folder=SOURCES / name)


def _generate(go: str, name: str, target: Path) -> None:
    """The collector's builder writes a module, and compiles it."""
    folder = target / "source"
    shutil.copytree(SOURCES / name, folder)
    _run([go, "tool", "builder", "--config", "manifest.yaml", "--ldflags", "-s -w"], folder=folder)
    shutil.move(folder / "otelcol" / "otelcol", target)
    shutil.rmtree(folder)


def _run(command: list[str], *, folder: Path) -> None:
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    subprocess.run(command, cwd=folder, env=environ, check=True)


if __name__ == "__main__":
    for program in PACKAGES:
        sys.stdout.write(f"{build(program)}\n")
