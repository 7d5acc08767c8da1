"""The metrics of all processes of a running server, as Prometheus scrapes them: well named, and
all that alerts and dashboard ask for.
"""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.promql import asked, queries, rules, scraped
from tests.servers.process import missing, wait_until
from tests.servers.stack import Stack

pytestmark = pytest.mark.more

SERVICES = ("worker@", "notifier@", "sweeper@", "smtp@", "web@", "up@")
# Counts of what has not happened yet on this server, whose labels are known all the same.
BORN = (
    'dragoman_dead_letters_total{code="worker_lost",ledger="jobs"} 0.0',
    'dragoman_dead_letters_total{code="outbound_refused",ledger="outbox"} 0.0',
    'dragoman_retries_total{code="engine_busy",ledger="jobs"} 0.0',
    'dragoman_deliveries_total{channel="email",kind="final"} 0.0',
    'dragoman_characters_billed_total{engine="deepl"} 0.0',
    'dragoman_stage_seconds_count{engine="pseudo",stage="translate"} 0.0',
    'dragoman_jobs{stage="extract",state="dead"} 0.0',
)
BORN_IN_PROCESSES = (
    ("dragoman_mail_replies_total", 'code="550 5.7.1"'),
    ("dragoman_mail_refused_total", 'reason="unauthenticated"'),
    ("dragoman_mail_dropped_total", 'reason="auto_reply"'),
    ("dragoman_tasks_taken_total", 'task="pipeline.reconstruct"'),
    ("dragoman_child_deaths_total", 'child="smtp"'),
    ("dragoman_sweeper_sweeps_failed_total", 'service="sweeper@'),
)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory):
    """What a server says that has just come up and done nothing, once all its processes have
    said how they are.
    """
    with Stack(tmp_path_factory.mktemp("metrics") / "data", lease_s="4") as stack:
        told = {}

        def is_whole() -> bool:
            with urllib.request.urlopen(f"{stack.url}/metrics", timeout=10) as answer:
                told["text"] = answer.read().decode()
            ready = (
                "dragoman_broker_reachable 1.0" in told["text"]
                and "dragoman_mail_replies" in told["text"]
            )
            told["all"] = all(
                'dragoman_pulse_age_seconds{pid="' in told["text"] and name in told["text"]
                for name in SERVICES
            )
            return (
                ready
                and told["all"]
                and 'engine="pseudo",le' in told["text"]
                and "mail_replies_total{" in told["text"]
            )

        wait_until(is_whole, 90, "all processes have said how they are", 0.5)
        yield told["text"]


def test_names_are_as_prometheus_wants_them(text: str) -> None:
    promtool = shutil.which("promtool") or missing("promtool", "prometheus")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("source", ["alerts", "dashboard"])
def test_what_is_asked_for_exists_with_its_labels(text: str, source: str) -> None:
    found = scraped(text)
    expressions = [rule["expr"] for rule in rules()] if source == "alerts" else queries()
    lacking = [
        (name, labels - found.get(name, set()))
        for expression in expressions
        for name, labels in asked(expression)
        if name != "up" and (name not in found or labels - found[name])
    ]
    assert lacking == []


def test_counters_are_born_at_0(text: str) -> None:
    lines = text.splitlines()
    assert [line for line in BORN if line not in lines] == []
    for name, label in BORN_IN_PROCESSES:
        assert any(
            line.startswith(f"{name}{{") and label in line and line.endswith(" 0.0")
            for line in lines
        ), name


def test_reference_has_each_metric_that_is_told(text: str) -> None:
    page = Path("docs/reference/metrics.md").read_text()
    for name in scraped(text):
        plain = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        assert f"| `{plain}` |" in page
