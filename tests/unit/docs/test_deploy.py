"""Alerts and dashboard are sound by themselves; whether their metrics exist is tried on a
running server (tests/e2e).
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from dragoman.db.queries import known_labels
from dragoman.errors import Blame, DragomanError
from tests.promql import DASHBOARD, panels, queries, rules

COLUMNS = 24  # of Grafana's grid
PACKAGES = ("dragoman", "ingress", "pipeline", "notifier", "ops")
DEFINED = re.compile(r"^    code = ", re.MULTILINE)


def all_errors() -> list[type[DragomanError]]:
    """The classes of the tree, also those that are defined beside the code that raises them."""
    for file in sorted(file for package in PACKAGES for file in Path(package).rglob("*.py")):
        if DEFINED.search(file.read_text()):
            importlib.import_module(".".join(file.with_suffix("").parts))
    found, waiting = list[type[DragomanError]](), [DragomanError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.append(kind)
    return [kind for kind in found if kind.__module__.partition(".")[0] in PACKAGES]


def test_each_alert_says_how_bad_it_is_what_it_means_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["do"]


def test_what_senders_have_to_mend_wakes_no_admin() -> None:
    [rule] = [rule for rule in rules() if rule["alert"] == "DragomanDeadLetters"]
    left_out = set(re.search(r'code!~"([^"]+)"', rule["expr"])[1].split("|"))
    assert left_out == {kind.code for kind in all_errors() if kind.blame is Blame.SENDER}
    assert left_out < set(known_labels.codes())


def test_each_error_is_counted_from_0_on() -> None:
    assert {kind.code for kind in all_errors()} <= {*known_labels.codes()}


def test_the_how_to_names_each_alert() -> None:
    told = re.findall(r"`(Dragoman\w+)`", Path("docs/howto/watch-and-repair.md").read_text())
    assert told == [rule["alert"] for rule in rules()]


def test_codes_that_alerts_name_are_codes_of_errors() -> None:
    for rule in rules():
        for pattern in re.findall(r'code=~"([^"]+)"', rule["expr"]):
            assert all(
                any(re.fullmatch(one, code) for code in known_labels.codes())
                for one in pattern.split("|")
            )


def test_dashboard_is_what_grafana_imports() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["uid"] == "dragoman"
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "job"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_panel_takes_the_chosen_source_and_says_something_without_data(panel) -> None:
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["noValue"]
    for target in panel["targets"]:
        assert 'job="$job"' in target["expr"]
        if panel["type"] == "stat":
            assert target["expr"].endswith("or vector(0)")


def test_there_are_queries() -> None:
    assert len(queries()) > 20
