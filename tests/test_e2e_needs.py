"""What `make e2e` says before it begins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import needs


def test_a_bare_machine_is_told_what_to_install(tmp_path: Path) -> None:
    """One sentence with the line for apt-get, exit code 1, and nothing is built or tested."""
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": os.getcwd()}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.e2e.programs"], env=environ, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("make e2e needs Go 1.26 or newer and ")
    assert "(apt-get install --no-install-recommends " in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ((), ""),
        (("containerd", "runc"), "apt-get install --no-install-recommends containerd runc)"),
        (("/bin/busybox",), "apt-get install --no-install-recommends busybox-static)"),
        (("go",), "Go 1.26 or newer, or KUBECONFIG and JAEGER_URL of what runs already"),
        (("kubectl",), ""),
    ],
)
def test_no_more_is_asked_for_than_is_missing(
    lacks: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kubectl is built, and counts only where a cluster is given."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = needs.missing(is_given=False, is_built=False, is_there=lambda name: name not in lacks)
    assert told in said
    assert bool(said) == bool(told)


@pytest.mark.parametrize(
    ("lacks", "is_built", "told"),
    [
        ({"containerd", "runc", "openssl", "gcc"}, False, ""),
        ({"kubectl"}, False, "make e2e needs kubectl"),
        ({"kubectl", "go"}, False, "make e2e needs Go 1.26 or newer and kubectl"),
        ({"go"}, True, ""),
    ],
)
def test_a_cluster_that_is_given_takes_less(lacks: set[str], is_built: bool, told: str) -> None:
    """KUBECONFIG and JAEGER_URL: kubectl, and Go until the tests' own Jaeger is built."""
    given = needs.is_given({"KUBECONFIG": "config", "JAEGER_URL": "http://127.0.0.1:16686"})
    assert given
    assert told == needs.missing(
        is_given=given, is_built=is_built, is_there=lambda name: name not in lacks
    )
