"""The reference pages say neither less nor more than the program."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import typer

from dragoman.domain.job import RowState, Status, percent
from dragoman.domain.retry import PERMANENT_ATTEMPTS, attempts_for
from dragoman.errors import DragomanError
from dragoman.settings import Settings, process_secrets
from ops.cli import app

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
PACKAGES = ("dragoman", "ingress", "pipeline", "notifier", "ops")
CLASS = re.compile(r"^class (\w+)\((\w+)\):", re.MULTILINE)
DEPTH = 3  # of the tree of errors
TRIED_AGAIN = {1: "no", 2: "once", 3: "twice", 8: "yes"}


def rows_of(page: str, first: str) -> list[list[str]]:
    """The cells of table rows whose first cell is `code` that matches `first`."""
    lines = [line for line in (REFERENCE / page).read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if re.fullmatch(f"`{first}`", row[0])]


def test_settings_page_has_a_line_for_each_setting_with_its_default() -> None:
    told = {
        row[0].strip("`"): row[1].strip("`")
        for row in rows_of("settings.md", "DRAGOMAN_[A-Z_0-9]+")
    }
    assert told == {
        f"DRAGOMAN_{name.upper()}": shown(info.default)
        for name, info in Settings.model_fields.items()
    }


def test_readme_names_only_settings_that_exist() -> None:
    table = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE)
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_errors_page_has_a_line_for_each_error_with_its_numbers() -> None:
    told = {row[0].strip("`"): tuple(row[1:4]) for row in rows_of("errors.md", "[A-Z]\\w+")}
    real = {
        kind.__name__: (f"`{kind.code}`", str(kind.exit_code), str(kind.http_status))
        for kind in all_errors()
    }
    assert told == real


def test_errors_page_says_how_often_a_job_is_tried_again() -> None:
    told = {
        row[0].strip("`"): row[4]
        for row in rows_of("errors.md", "[A-Z]\\w+")
        if row[4] != "60 times"
    }
    assert told == {
        kind.__name__: TRIED_AGAIN[attempts_for(kind())]
        for kind in all_errors()
        if kind.__name__ in told
    }
    assert TRIED_AGAIN[PERMANENT_ATTEMPTS] == "no"


def test_states_page_has_a_line_for_each_status_and_state() -> None:
    text = (REFERENCE / "states.md").read_text()
    assert re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE) == list(Status)
    table = text.partition("## What stands in the row")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z]+)`", table, re.MULTILINE) == list(RowState)


def test_states_page_gives_the_percent_of_each_stage() -> None:
    from dragoman.domain.job import STAGES, status_of

    told = {row[0].strip("`"): row[2] for row in rows_of("states.md", "[A-Z_]+")}
    real = {
        status_of(stage, RowState.RUNNING, 1): f"{percent(stage, 0)} to {percent(stage, 1)}"
        for stage in STAGES
    }
    assert {status: told[status] for status in real} == real


def test_command_page_has_a_heading_for_each_command_and_names_its_options() -> None:
    text = (REFERENCE / "command-line.md").read_text()
    parts = re.split(r"^###? ", text, flags=re.MULTILINE)[1:]
    told = {
        part.partition("\n")[0].strip("`"): part for part in parts if part.startswith("`dragoman ")
    }
    real = dict(commands(typer.main.get_command(app), "dragoman"))
    assert sorted(told) == sorted(real)
    missing = {
        name: sorted(o for o in options if f"`{o}" not in told[name])
        for name, options in real.items()
    }
    assert not {name: lost for name, lost in missing.items() if lost}


def test_http_page_names_each_operation_of_the_api() -> None:
    from ingress.web.api import api_routes, dead_letters, health, server_info
    from ingress.web.pages import page_routes

    text = (REFERENCE / "http.md").read_text()
    paths = {
        route.path
        for router in (
            api_routes.router,
            dead_letters.router,
            server_info.router,
            health.router,
            page_routes.router,
        )
        for route in router.routes
    }
    assert not sorted(path for path in paths if path not in text)


def test_metrics_page_has_a_line_for_each_metric() -> None:
    from ingress.web.monitoring import metrics

    families = [
        *metrics.of_mail({}),
        *metrics.of_pulses([]),
        *metrics.of_tallies([]),
        *metrics.BrokerCollector("reachable", {}).collect(),
        *metrics.TriesCollector({}).collect(),
    ]
    real = {one.name + ("_total" if one.type == "counter" else "") for one in families}
    real |= {"dragoman_jobs", "dragoman_heartbeat_age_seconds"}
    real |= {f"dragoman_ledger_{name.replace('_s', '_seconds')}" for name, _ in metrics.OF_LEDGERS}
    assert {row[0].strip("`") for row in rows_of("metrics.md", "dragoman_\\w+")} == real


def test_settings_page_says_which_process_needs_which_secret() -> None:
    told = {
        row[0].strip("`"): row[1:]
        for row in rows_of("settings.md", "[a-z]+")
        if row[0].strip("`") in process_secrets.NEEDS
    }
    assert set(told) == set(process_secrets.NEEDS) - {"commands"}
    for process, (secrets, store) in told.items():
        assert {one.lower() for one in re.findall(r"`(\w+)`", secrets)} == process_secrets.NEEDS[
            process
        ]
        assert (store == "yes") == (process in process_secrets.OPENS_STORE)


def shown(default: object) -> str:
    if default is None or default in ("", ()):
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)


def commands(command: Any, name: str) -> list[tuple[str, list[str]]]:
    if hasattr(command, "commands"):
        return [
            found
            for word, one in command.commands.items()
            for found in commands(one, f"{name} {word}")
        ]
    return [(name, [opt for param in command.params for opt in param.opts if opt.startswith("-")])]


def all_errors() -> list[type[DragomanError]]:
    """The classes of the tree, also those that are defined beside the code that raises them."""
    found: dict[str, type[DragomanError]] = {"DragomanError": DragomanError}
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    derived = [(file, *match) for file in files for match in CLASS.findall(file.read_text())]
    for _ in range(DEPTH):
        for file, name, base in derived:
            if name not in found and base in found:
                module = importlib.import_module(
                    ".".join(file.relative_to(ROOT).with_suffix("").parts)
                )
                found[name] = getattr(module, name)
    return list(found.values())
