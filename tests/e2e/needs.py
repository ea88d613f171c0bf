"""What `make e2e` needs of a machine, told in one sentence before anything is built."""

import os
import shutil
from collections.abc import Callable, Mapping

_PACKAGES = {
    "busybox-static": "/bin/busybox", "containerd": "containerd", "gcc": "gcc",
    "libc6-dev": "/usr/include/stdio.h", "openssl": "openssl", "runc": "runc",
}  # fmt: skip
"""Debian's, each with a file of it."""
_APT = "apt-get install --no-install-recommends"
_INSTEAD = "KUBECONFIG and JAEGER_URL of what runs already"


def is_given(environ: Mapping[str, str]) -> bool:
    """Whether a cluster and a Jaeger run already."""
    return "KUBECONFIG" in environ and "JAEGER_URL" in environ


def is_there(file: str) -> bool:
    """Whether there is such a program, or a file of that path."""
    return shutil.which(file, os.F_OK) is not None


def missing(
    *, is_given: bool, is_built: bool, is_there: Callable[[str], bool] = is_there
) -> str:  # fmt: skip
    """A sentence about what is not there; empty where nothing is missing.

    Only what is not built yet takes Go, and only a cluster of our own the rest.
    """
    wanted = [] if is_built or is_there("go") else ["Go 1.26 or newer"]
    if is_given:
        wanted += [] if is_there("kubectl") else ["kubectl"]
        return f"make e2e needs {' and '.join(wanted)}" if wanted else ""
    if os.geteuid():
        wanted.append("root")
    packages = " ".join(name for name, file in _PACKAGES.items() if not is_there(file))
    if packages:
        wanted.append(f"packages of Debian ({_APT} {packages})")
    return f"make e2e needs {' and '.join(wanted)}, or {_INSTEAD}" if wanted else ""
