"""Prometheus's own tool on what it will be given: rules, their tests, and the dashboard's
queries.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.promql import ALERTS, queries, rules
from tests.servers.process import missing


@pytest.fixture(scope="module")
def promtool() -> str:
    return shutil.which("promtool") or missing("promtool", "prometheus")


def run(*command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=120
    )


def test_rules_are_well_formed(promtool: str) -> None:
    done = run(promtool, "check", "rules", str(ALERTS))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_fires_when_it_should_and_none_on_a_healthy_server(promtool: str) -> None:
    tests = ALERTS.with_name("alerts_test.yml")
    done = run(promtool, "test", "rules", str(tests))
    assert done.returncode == 0, done.stdout + done.stderr
    fires = [
        sample["labels"]
        for group in yaml.safe_load(tests.read_text())["tests"]
        for one in group["promql_expr_test"]
        for sample in one["exp_samples"]
    ]
    for rule in rules():
        assert any(f'alertname="{rule["alert"]}"' in labels for labels in fires), rule["alert"]


def test_a_rule_that_does_not_fire_is_seen(promtool: str, tmp_path: Path) -> None:
    """So that the test above is known to be able to fail."""
    (tmp_path / "alerts.yml").write_text(ALERTS.read_text().replace("< 1e9", "< 1"))
    shutil.copy(ALERTS.with_name("alerts_test.yml"), tmp_path)
    done = run(promtool, "test", "rules", str(tmp_path / "alerts_test.yml"))
    assert done.returncode != 0
    assert "DragomanDiskLow" in done.stdout + done.stderr


def test_queries_of_the_dashboard_are_promql(promtool: str, tmp_path: Path) -> None:
    records = [
        {"record": f"query:{number}", "expr": query} for number, query in enumerate(queries())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": records}]}))
    done = run(promtool, "check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
