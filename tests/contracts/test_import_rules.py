"""Each import rule of pyproject.toml finds a violation, also in modules that did not exist when the
rule was written.

All violations are planted in one copy of the tree, and import-linter looks once.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.patience import patience

ROOT = Path(__file__).parents[2]
PACKAGES = ("dragoman", "ingress", "notifier", "ops", "pipeline")
OF_NOTIFIER = re.compile(r"^\s*(?:from|import) notifier\.(\w+)", re.MULTILINE)
RULES = [
    one["name"]
    for one in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
]


@dataclass(frozen=True, slots=True)
class Planted:
    """A module that breaks the rule, by its beginning, and what it imports; `also`: another module,
    None: one is enough.

    `told`: what the report says of it, "": the module's name.
    """

    rule: str
    module: str
    imports: str
    also: tuple[str, str] | None = None
    told: str = ""

    @property
    def files(self) -> list[tuple[str, str]]:
        return [(self.module, self.imports), *([self.also] if self.also else [])]


PLANTED = [
    Planted("ops knows everybody", "dragoman.app.planted_ops", "ops.health"),
    Planted("ops knows everybody", "pipeline.jobs.planted_ops", "ops.health"),
    Planted("ops knows everybody", "ingress.web.requests.planted_sibling", "notifier.tasks"),
    Planted("ops knows everybody", "dragoman.planted_channel", "notifier.delivery.answers"),
    Planted("ops knows everybody", "notifier.email.planted_sibling", "pipeline.stages.tone"),
    Planted(
        "No circle",
        "pipeline.engines.planted_one",
        "pipeline.engines.planted_two",
        ("pipeline.engines.planted_two", "pipeline.engines.planted_one"),
    ),
    Planted(
        "Front ends never import each other", "ingress.slack.planted_front", "ingress.web.parse"
    ),
    Planted("Front ends never import each other", "ingress.planted_fax", "ingress.web.parse"),
    Planted(
        "The core imports only downwards", "dragoman.db.queries.planted_up", "dragoman.app.quotas"
    ),
    Planted(
        "The core imports only downwards",
        "dragoman.app.planted_channel",
        "dragoman.channels.slack.slack_api",
    ),
    Planted("The core imports only downwards", "dragoman.planted_homeless", "dragoman.errors"),
    Planted("Domain", "dragoman.domain.wishes.planted_up", "dragoman.domain.costs.prices"),
    Planted("Domain", "dragoman.domain.planted_homeless", "dragoman.errors"),
    Planted("Database", "dragoman.db.records.planted_up", "dragoman.db.ledgers.lease"),
    Planted("Database", "dragoman.db.planted_homeless", "dragoman.errors"),
    Planted("Email", "ingress.email.mime.planted_up", "ingress.email.auth.policy"),
    Planted("Email", "ingress.email.planted_homeless", "dragoman.errors"),
    Planted("Web", "ingress.web.security.planted_up", "ingress.web.requests.guard"),
    Planted("Web", "ingress.web.planted_homeless", "dragoman.errors"),
    Planted("Pipeline:", "pipeline.attempt.planted_up", "pipeline.jobs.stage_work"),
    Planted("Pipeline:", "pipeline.planted_homeless", "dragoman.errors"),
    Planted("PDF", "pipeline.pdf.model.planted_up", "pipeline.pdf.reading.formulas"),
    Planted("PDF", "pipeline.pdf.planted_homeless", "dragoman.errors"),
    Planted(
        "No circle",
        "notifier.delivery.planted_up",
        "notifier.email.reply",
        told="No cycles are allowed in notifier.",
    ),
    Planted(
        "Pipeline and notifier have no use for intake",
        "notifier.slack.planted_intake",
        "dragoman.app.intake",
    ),
    Planted("Front ends reach inbox", "ingress.slack.planted_ledger", "dragoman.db.ledgers.jobs"),
    Planted(
        "Front ends reach inbox", "ingress.web.api.planted_ledger", "dragoman.db.ledgers.outbox"
    ),
    Planted("Pure modules", "pipeline.stages.planted_settings", "dragoman.settings"),
    Planted("Pure modules", "pipeline.pdf.writing.planted_library", "sqlalchemy"),
    Planted("Pure modules", "ingress.email.mime.planted_socket", "socket"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the tree in which everything is planted."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for module, imports in (one for planted in PLANTED for one in planted.files):
        folder.joinpath(*module.split(".")).with_suffix(".py").write_text(
            f'"""Planted."""\n\nimport {imports}\n'
        )
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=patience(120), check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def section(said: str, rule: str) -> str:
    """The part of the report that is about a broken rule; it stands under the rule's whole name
    and a line.
    """
    name = next(one for one in RULES if one.startswith(rule))
    _, _, broken = said.partition("Broken contracts")
    words = r"\s+".join(map(re.escape, name.split()))
    found = re.search(rf"{words}\n-+\n(.*?)(?=\n[^\n]+\n-{{5,}}\n|\Z)", broken, re.DOTALL)
    return found[1] if found else ""


def known_to(way_back: str) -> set[str]:
    """Which parts of the notifier a way back imports besides its own."""
    files = (ROOT / "notifier" / way_back).rglob("*.py")
    return {found for file in files for found in OF_NOTIFIER.findall(file.read_text())} - {way_back}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.module)
def test_each_rule_sees_what_breaks_it(said: str, planted: Planted) -> None:
    told = section(said, planted.rule)
    assert (planted.told or planted.module.rpartition(".")[2]) in told


def test_a_way_back_knows_delivery_alone() -> None:
    """No list of them in a contract: a channel that is added is its folder and one line."""
    ways = sorted(
        one.parent.name
        for one in (ROOT / "notifier").glob("*/__init__.py")
        if one.parent.name != "delivery"
    )
    assert [way for way in ways if not known_to(way) <= {"delivery"}] == []
    assert {"email", "slack"} <= set(ways)
    assert known_to("delivery") == set()


def test_something_is_planted_for_each_rule() -> None:
    assert [rule for rule in RULES if not any(rule.startswith(one.rule) for one in PLANTED)] == []
