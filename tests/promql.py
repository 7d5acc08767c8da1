"""What PromQL expressions ask for, and what a scrape has: names of metrics with their labels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

ALERTS = Path("deploy/prometheus/alerts.yml")
DASHBOARD = Path("deploy/grafana/dragoman.json")
SELECTOR = re.compile(r"\b((?:dragoman_\w+|up)\b)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"')
OF_GROUPS = re.compile(r"\bby \(([^)]*)\)")
OF_SCRAPES = {"job", "instance", "le"}  # what Prometheus adds, and what a histogram has

Asked = list[tuple[str, set[str]]]


def rules() -> list[dict[str, Any]]:
    """All rules of the file of alerts."""
    return [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard that show something."""
    return [
        panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"
    ]


def queries() -> list[str]:
    """The dashboard's expressions, as Prometheus gets them."""
    told = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [query.replace("$__rate_interval", "5m").replace("$job", "dragoman") for query in told]


def asked(expression: str) -> Asked:
    """The metrics of an expression, each with the labels that it is chosen and grouped by."""
    grouped = {
        label.strip() for group in OF_GROUPS.findall(expression) for label in group.split(",")
    }
    return [
        (name, {*LABEL.findall(chosen), *grouped} - OF_SCRAPES)
        for name, chosen in SELECTOR.findall(expression)
    ]


def scraped(text: str) -> dict[str, set[str]]:
    """The samples' names in the text of `/metrics`, with the labels that they have."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found
