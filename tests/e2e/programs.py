"""The programs of a cluster, built from Go modules whose versions go.mod and go.sum pin.

As a program of its own it builds all that `make e2e` needs, so that no test waits for a compiler.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import needs

SOURCES = Path(__file__).with_name("modules")
KUBERNETES = "v1.37.2"
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
_TOLD_EACH = 15.0  # seconds
_LAST = 4000  # characters of what Go said


def cache() -> Path:
    """The folder of what is built, which may be removed at any time."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "event-tracer" / "e2e"


def is_built(name: str) -> bool:
    """Whether the programs of this module are there."""
    return _target(name).exists()


def built(name: str) -> Path:
    """The folder with the programs of this module."""
    assert is_built(name), f"{name} is not built; make e2e builds it"
    return _target(name)


def main(environ: dict[str, str]) -> None:
    """Build what is not there yet, telling how far it is. SystemExit where something is missing."""
    is_given = needs.is_given(environ)
    # The tests start a Jaeger of their own beside the one that is given.
    names = ["jaeger"] if is_given else list(PACKAGES)
    if told := needs.missing(is_given=is_given, is_built=all(map(is_built, names))):
        raise SystemExit(told)
    cache().mkdir(parents=True, exist_ok=True)
    with _alone():
        wanted = [name for name in names if not is_built(name)]
        began = time.monotonic()
        for number, name in enumerate(wanted, 1):
            _build(name, told=f"building {name}, {number} of {len(wanted)}", began=began)


def _target(name: str) -> Path:
    parts = (path.read_bytes() for path in sorted((SOURCES / name).iterdir()))
    return cache() / f"{name}-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}"


@contextmanager
def _alone() -> Iterator[None]:
    """One build at a time: a second one waits, and finds all of it built."""
    with (cache() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("another build is running, and is waited for")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in cache().glob("*.part"):
            shutil.rmtree(left)
        yield


def _build(name: str, *, told: str, began: float) -> None:
    """Build one module's programs under another name, so that what has theirs is whole."""
    part = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".part", dir=cache()))
    folder, command = (_generated if name == "collector" else _compiled)(name, part)
    log = cache() / f"{name}.log"
    if not _is_done(command, folder=folder, log=log, told=told, began=began):
        _tell(log.read_text(errors="replace")[-_LAST:])
        raise SystemExit(f"{name} cannot be built; {log} has all that Go said")
    if name == "collector":
        shutil.move(folder / "otelcol" / "otelcol", part)
        shutil.rmtree(folder)
    part.rename(_target(name))


def _compiled(name: str, part: Path) -> tuple[Path, list[str]]:
    flags = ["-mod=readonly", "-trimpath", "-ldflags", _FLAGS, "-o", f"{part}/"]
    return SOURCES / name, ["go", "build", *flags, *PACKAGES[name]]


def _generated(name: str, part: Path) -> tuple[Path, list[str]]:
    """The collector's builder writes a module, and compiles it."""
    folder = part / "source"
    shutil.copytree(SOURCES / name, folder)
    flags = ["--config", "manifest.yaml", "--ldflags", "-s -w"]
    return folder, ["go", "tool", "builder", *flags]


def _is_done(command: list[str], *, folder: Path, log: Path, told: str, began: float) -> bool:
    """Run it to its end, and tell now and then that it runs."""
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=out)
    try:
        while True:
            _tell(f"{told}: {time.monotonic() - began:.0f} s so far")
            try:
                return process.wait(_TOLD_EACH) == 0
            except subprocess.TimeoutExpired:
                continue
    finally:
        process.kill()  # nothing, where it has ended


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(dict(os.environ))
