"""Dashboards and alerts name only what exists, and every alert has a runbook and a test."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.generate.dashboards import DASHBOARDS
from deploy.generate.panels import Dashboard
from deploy.generate.runbooks import readdressed
from tests.deploy.names import existing, grouped, used

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
CASES = Path(__file__).parent / "alerts_test.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
EXISTING = existing()


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [r for g in yaml.safe_load(ALERTS.read_text())["groups"] for r in g["rules"]]
    return found


def unknown(expr: str) -> list[str]:
    """What a query names and nobody shows."""
    plain = expr.replace("$__rate_interval", "1m").replace("$workspace", ".*")
    found = [name for name, labels in used(plain) if name not in EXISTING or not labels <= EXISTING[name]]
    labels = frozenset[str]().union(*(EXISTING.get(name, frozenset()) for name, _ in used(plain)))
    return [*found, *(grouped(plain) - labels)]


def test_there_are_the_four_dashboards() -> None:
    assert [one.title for one in DASHBOARDS] == ["Overview", "Routing and agents", "SLA", "Pipeline health"]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_every_panel_asks_for_metrics_and_labels_that_exist(dashboard: Dashboard) -> None:
    wrong = {panel.title: unknown(query.expr) for panel in dashboard.panels for query in panel.queries}
    assert {title: names for title, names in wrong.items() if names} == {}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_every_panel_says_what_it_shows(dashboard: Dashboard) -> None:
    assert [panel.title for panel in dashboard.panels if len(panel.about) < 20 or not panel.about.endswith(".")] == []


def test_runbooks_can_be_said_to_be_elsewhere() -> None:
    alerts = readdressed(ALERTS.read_text(), "https://support.example.com/")
    found = [r["annotations"]["runbook_url"] for g in yaml.safe_load(alerts)["groups"] for r in g["rules"]]
    assert found == [f"https://support.example.com/runbooks#{rule['alert'].lower()}" for rule in rules()]
    assert readdressed(alerts, "http://127.0.0.1:8800") == ALERTS.read_text()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_no_two_panels_cover_each_other_and_each_has_a_name_of_its_own(dashboard: Dashboard) -> None:
    path = ROOT / "deploy" / "grafana" / "dashboards" / f"{dashboard.uid}.json"
    panels = json.loads(path.read_text())["panels"]
    places = [one["gridPos"] for one in panels]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["title"] for panel in panels}) == len(panels)


def test_a_metric_or_label_that_nobody_shows_would_be_found() -> None:
    assert unknown("sum(pasokh_no_such_thing)") == ["pasokh_no_such_thing"]
    assert unknown('sum by (tame) (pasokh_waiting{team="a"})') == ["tame"]
    assert unknown('pasokh_waiting{tame="a"}') == ["pasokh_waiting"]
    assert unknown('sum by (team) (pasokh_waiting{workspace="a"})') == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_what_exists_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert unknown(rule["expr"]) == []
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["runbook_url"] == f"http://127.0.0.1:8800/runbooks#{rule['alert'].lower()}"
    assert (
        f'<h2 id="{rule["alert"].lower()}">' in (ROOT / "services" / "console" / "files" / "runbooks.html").read_text()
    )
    assert f"\n## {rule['alert']}\n" in RUNBOOKS.read_text()


def test_every_runbook_belongs_to_an_alert_and_every_alert_is_tested() -> None:
    names = {rule["alert"] for rule in rules()}
    assert set(re.findall(r"^## (\w+)$", RUNBOOKS.read_text(), re.MULTILINE)) == names
    cases = yaml.safe_load(CASES.read_text())["tests"]
    fired = {one["alertname"] for case in cases for one in case["alert_rule_test"] if one["exp_alerts"]}
    assert fired == names


@pytest.mark.parametrize(
    "command",
    [
        ["promtool", "test", "rules", str(CASES)],
        ["promtool", "check", "config", str(ROOT / "deploy" / "prometheus" / "prometheus.yaml")],
        ["amtool", "check-config", str(ROOT / "deploy" / "alertmanager" / "alertmanager.yaml")],
    ],
    ids=["alerts", "prometheus", "alertmanager"],
)
def test_what_prometheus_itself_checks(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        if os.environ.get("PASOKH_REQUIRE_LIVE") == "1":
            pytest.fail(f"PASOKH_REQUIRE_LIVE=1: {command[0]} is not installed")
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
