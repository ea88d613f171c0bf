"""Exec plugins: scripts beside a kubeconfig."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.scenarios.fields import Raw

V1 = "client.authentication.k8s.io/v1"


def plugin(folder: Path, body: str, **more: Any) -> Raw:
    """A user of a script: it notes its environment in `runs`, then does `body`; `give(status)`."""
    folder.mkdir(exist_ok=True)
    script = folder / "plugin"
    script.write_text(
        f"#!{sys.executable} -I\n"
        "import json, os, pathlib, sys, time\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "with pathlib.Path(__file__).with_name('runs').open('a') as runs:\n"
        "    runs.write(json.dumps({**info['spec'], 'X': os.environ.get('X')}) + chr(10))\n"
        "number = len(pathlib.Path(__file__).with_name('runs').read_text().splitlines())\n"
        "def give(**status):\n"
        f"    print(json.dumps(dict(apiVersion={V1!r}, kind='ExecCredential', status=status)))\n"
        f"{body}\n"
    )
    script.chmod(0o755)
    about = {"apiVersion": V1, "command": str(script), "interactiveMode": "IfAvailable"}
    return {"exec": about | more}


def runs(folder: Path) -> list[Raw]:
    """What each run was told."""
    return [json.loads(line) for line in (folder / "runs").read_text().splitlines()]
