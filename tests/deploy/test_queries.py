"""What the queries of panels come to, as Prometheus itself computes them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.generate.queries import sla_attainment

FULFILLED = 'pasokh_sla_fulfilled_total{{workspace="shop", metric="{}", instance="a"}}'
BREACHED = 'pasokh_sla_breached_total{{workspace="shop", metric="{}", instance="a"}}'
THREE_A_MINUTE, ONE_A_MINUTE = "0+3x90", "0+1x90"


def computes(folder: Path, expr: str, series: dict[str, str], wanted: dict[str, float]) -> None:
    """Hold a query to what it says after 80 minutes of these series (values as promtool writes them)."""
    if shutil.which("promtool") is None:
        if os.environ.get("PASOKH_REQUIRE_LIVE") == "1":
            pytest.fail("PASOKH_REQUIRE_LIVE=1: promtool is not installed")
        pytest.skip("needs promtool")
    samples = [{"labels": labels, "value": value} for labels, value in wanted.items()]
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expr.replace("$workspace", ".*"), "eval_time": "80m", "exp_samples": samples}],
    }
    path = folder / "case.yaml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [case]}))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_share_of_kept_promises_counts_both(tmp_path: Path) -> None:
    series = {FULFILLED.format("pickup"): THREE_A_MINUTE, BREACHED.format("pickup"): ONE_A_MINUTE}
    computes(tmp_path, sla_attainment(), series, {"{}": 0.75})


def test_who_kept_every_promise_has_kept_all_of_them(tmp_path: Path) -> None:
    computes(tmp_path, sla_attainment(), {FULFILLED.format("pickup"): THREE_A_MINUTE}, {"{}": 1.0})


def test_who_broke_every_promise_has_kept_none_of_them(tmp_path: Path) -> None:
    computes(tmp_path, sla_attainment(), {BREACHED.format("pickup"): ONE_A_MINUTE}, {"{}": 0.0})


def test_each_promise_has_a_share_of_its_own_though_one_was_never_kept_and_one_never_broken(tmp_path: Path) -> None:
    series = {FULFILLED.format("pickup"): THREE_A_MINUTE, BREACHED.format("first_response"): ONE_A_MINUTE}
    wanted = {'{metric="pickup"}': 1.0, '{metric="first_response"}': 0.0}
    computes(tmp_path, sla_attainment("metric"), series, wanted)
