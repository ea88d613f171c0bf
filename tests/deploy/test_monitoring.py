"""Alerts and dashboard: of metrics that exist, and when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest
import yaml

from event_tracer.core.filters import Rule
from event_tracer.runtime.telemetry import Telemetry
from tests.deploy.manifests import COMPONENTS, ROOT, Object

PROMTOOL = shutil.which("promtool") or ""


def rules() -> Object:
    """The spec of the PrometheusRule, which is a rule file of Prometheus."""
    spec: Object = yaml.safe_load((COMPONENTS / "monitoring/rules.yaml").read_text())["spec"]
    return spec


def alerts() -> list[Object]:
    """All alerting rules."""
    return [rule for group in rules()["groups"] for rule in group["rules"]]


def test_the_metrics_exist() -> None:
    """Rules and dashboard name what /metrics has once everything has happened."""
    telemetry = Telemetry(exporter="otlp_grpc_span_exporter", rules=get_args(Rule))
    telemetry.restarted("pods", "error")
    telemetry.lag(1)
    telemetry.operation(1)
    telemetry.watch_leader(lambda: True)
    known = set(re.findall(r"(?m)^(\w+)[ {]", telemetry.text().decode()))
    telemetry.shutdown()
    dashboard = json.loads((COMPONENTS / "monitoring/event-tracer.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries = [*shown, *(rule["expr"] for rule in alerts())]

    used = set(re.findall(r"\b(?:event_tracer|otel)_\w+", " ".join(queries)))

    assert used - known == set()


def test_each_alert_has_its_paragraph() -> None:
    """`runbook_url` leads to a heading, and no heading is left over."""
    headings = re.findall(r"(?m)^## (.+)$", (ROOT / "docs/runbook.md").read_text())

    assert headings == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert path.endswith("/docs/runbook.md")
        assert anchor == rule["alert"].lower()


@pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed")
def test_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    """As rules.yaml tells, by Prometheus' own means."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules()))
    shutil.copy(ROOT / "tests/deploy/rules.yaml", tmp_path / "test.yaml")
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", "test.yaml"]):
        done = subprocess.run([PROMTOOL, *command], cwd=tmp_path, capture_output=True, text=True)

        assert done.returncode == 0, done.stdout + done.stderr
