"""The product's image without a container engine: the Dockerfile's result, from this Python."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PACKAGES = "/opt/event-tracer"
ENVIRON = (
    f"PATH={_PACKAGES}/bin", f"PYTHONPATH={_PACKAGES}", "PYTHONDONTWRITEBYTECODE=1",
)  # fmt: skip
_BASE = Path(sys.base_prefix)
_LIBRARY = Path("lib") / f"python{sys.version_info.major}.{sys.version_info.minor}"
_LEFT_OUT = {"site-packages", "test", "idlelib", "ensurepip", "tkinter", "lib2to3"}


def layer(folder: Path) -> bytes:
    """A tar of an interpreter, its shared objects and what requirements.lock pins."""
    packages = folder / "packages"
    _install(packages)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", dereference=True) as tar:
        binary = (_BASE / "bin" / "python3").resolve()
        library = [path for path in sorted((_BASE / _LIBRARY).iterdir()) if _is_needed(path)]
        for path in (binary, *library, *_shared([binary, _BASE / _LIBRARY, packages])):
            tar.add(path, str(path), filter=_open)
        tar.add(packages, _PACKAGES, filter=_open)
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(tmp)
    return made.getvalue()


def _install(target: Path) -> None:
    # The script's first line names the Python that installs it.
    pip = [
        str((_BASE / "bin" / "python3").resolve()), "-m", "pip", "install", "-q", "--no-deps",
        "--disable-pip-version-check", "--root-user-action=ignore", "--target", str(target),
    ]  # fmt: skip
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"], check=True)
    source = target.with_name("source")
    shutil.copytree(ROOT / "event_tracer", source / "event_tracer")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
            "--disable-pip-version-check", "-w", str(source), str(source),
        ],
        env=os.environ | {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "1"}, check=True,
    )  # fmt: skip
    # Without --upgrade pip leaves bin/ as it is.
    subprocess.run([*pip, "--upgrade", *source.glob("*.whl")], check=True)


def _is_needed(path: Path) -> bool:
    return path.name not in _LEFT_OUT and not path.name.startswith("config-")


def _shared(places: list[Path]) -> Iterator[Path]:
    """The libraries that programs and modules below `places` are linked with."""
    found: set[str] = set()
    for place in places:
        files = [place] if place.is_file() else [*place.rglob("*.so"), *place.rglob("*.so.*")]
        for start in range(0, len(files), 100):
            batch = [str(file) for file in files[start : start + 100]]
            told = subprocess.run(["ldd", *batch], capture_output=True, text=True).stdout
            found |= {word for word in told.split() if word.startswith("/") and word[-1] != ":"}
    return (Path(name) for name in sorted(found) if not name.startswith(str(places[-1])))


def _open(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Root's, and readable by all, as in an image."""
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mode |= 0o555 if info.isdir() or info.mode & 0o100 else 0o444
    return info
