"""Measurements that anybody can repeat: `make bench`.

Each runs in a process of its own. Figures are CPU time where they can be: a machine's other work
shows in them less. What is generated is in bench/frames.py.
"""

import argparse
import importlib
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from event_tracer.core import story

SCENARIOS = {
    "core": "core.core", "pod_frames": "core.pod_frames", "export": "core.export",
    "growth": "core.growth", "story": "core.one_story",
    "storm": "core.storm", "start": "start.start", "show": "start.show",
    "replay": "live.replay", "live": "live.live", "cluster": "cluster.cluster",
    "peers": "peers.peers", "backlog": "live.backlog", "large": "live.large",
    "churn": "churn.churn", "page": "page.page",
}  # fmt: skip

WITH_STATUS = {"core", "storm", "show", "live", "cluster", "backlog", "large", "churn", "peers"}
"""Measured twice: objects read whole, and their metadata alone."""


def main() -> int:
    """Measure, print a table, write a file."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "scenario", nargs="*", default=[], help=f"of {', '.join(SCENARIOS)}; else all"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the amounts (default: 1)")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where to write")
    parser.add_argument("--status", choices=("on", "off"), help="default: both, where it matters")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=COMMAND",
        help="for `peers`: another program to run beside",
    )  # fmt: skip
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.scenario) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if options.inside:
        print(json.dumps(_run(options.scenario[0], options)))
        return 0
    core = "interpreted" if story.__file__.endswith(".py") else "compiled"
    python = f"Python {platform.python_version()} of {sys.base_prefix}"
    print(f"{_processor()}, {python}, core {core}", flush=True)
    found = {}
    for name in options.scenario or SCENARIOS:
        for status in [options.status] if options.status else ["on", "off"]:
            if name in WITH_STATUS or status != "off":
                title = f"{name}, status {status}" if name in WITH_STATUS else name
                found[title] = _apart(name, options, status)
                print(f"{title:<21} {_told(found[title])}", flush=True)
    options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return 0


def _told(found: dict[str, Any]) -> str:
    """Each figure; a line to each row, where there are rows."""
    return "; ".join(
        f"\n  {key:<22} {_told(value)}" if isinstance(value, dict) else f"{key} {value}"
        for key, value in found.items()
    ).replace("; \n", "\n")


def _apart(name: str, options: argparse.Namespace, status: str) -> dict[str, Any]:
    told = [f"--scale={options.scale}", f"--status={status}", "--inside"]
    told += [f"--peer={each}" for each in options.peer]
    command = [sys.executable, "-m", "bench", name, *told]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def _run(name: str, options: argparse.Namespace) -> dict[str, Any]:
    module, _, function = SCENARIOS[name].partition(".")
    how: dict[str, Any] = {"scale": options.scale}
    if name in WITH_STATUS:
        how["has_status"] = options.status == "on"
    if name == "peers":
        how["peer"] = options.peer
    scenario = getattr(importlib.import_module(f"bench.{module}"), function)
    made: dict[str, Any] = scenario(**how)
    return made


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
