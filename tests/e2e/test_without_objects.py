"""A real API server where nothing happens, for longer than etcd keeps history: all is well.

Its name is last: the minutes pass meanwhile.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.e2e import manifests
from tests.e2e.idle import MINUTES, Idle

pytestmark = pytest.mark.timeout(1200)

PROMTOOL = shutil.which("promtool") or ""
RULES = manifests.FOLDER / "components/monitoring/rules.yaml"
_TROUBLE = re.compile(
    r"event_tracer_(?:frames_dropped|gaps|gap_occurrences)_total[ {]|event_tracer_\w+_refused_"
    r'|\w+\{.*(?:result="(?:absent|forbidden|error|failed)"|error_type=|cause="error").*\}'
)
"""Series that count what went wrong."""
_SERIES = re.compile(r"(?m)^(\w+)(?:\{(.*)\})? (\S+)$")


def test_nothing_is_trouble(idle: Idle) -> None:
    """No warning is logged, no error counted; a watch ends in time alone, or for want of a word."""
    last = [line for line in idle.metrics()[-1].splitlines() if not line.startswith("#")]
    levels = {json.loads(line)["level"] for line in idle.said()}
    causes = set(re.findall(r'watch_restarts_total\{cause="(\w+)"', "\n".join(last)))
    counted = [line for line in last if _TROUBLE.match(line)]

    assert levels == {"info"}
    assert "timeout" in causes
    assert causes <= {"timeout", "silent"}
    assert counted
    assert [line for line in counted if float(line.rpartition(" ")[2])] == []


@pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed")
def test_no_alert_is_even_pending(idle: Idle, tmp_path: Path) -> None:
    """Of what Prometheus would have scraped, each minute."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(yaml.safe_load(RULES.read_text())["spec"]))
    expected = [
        {"expr": "ALERTS", "eval_time": f"{minute}m", "exp_samples": []}
        for minute in range(MINUTES)
    ]
    test = {"interval": "1m", "input_series": _series(idle), "promql_expr_test": expected}
    test_file = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test_file))
    command = [PROMTOOL, "test", "rules", "test.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def _series(idle: Idle) -> list[dict[str, str]]:
    """The metrics of each minute as promtool reads them: `_` where there was no such series."""
    found: dict[str, list[str]] = {}
    for minute, text in enumerate(idle.metrics()):
        for name, labels, value in _SERIES.findall(text):
            place = ",".join(filter(None, (labels, 'namespace="event-tracer"', 'pod="a"')))
            found.setdefault(f"{name}{{{place}}}", ["_"] * MINUTES)[minute] = value
    return [{"series": name, "values": " ".join(values)} for name, values in found.items()]
