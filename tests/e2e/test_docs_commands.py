"""Every command of README, tutorial and how-tos is run as it is printed: page by page, in one
shell, in a fresh copy of the clone.

Each page has a network of its own (Linux's namespaces, as root), so that the ports that it prints
are free. What cannot be run here stands in ELSEWHERE, with the reason and the test that proves it
instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from ops.cli import app
from tests.image.containers import network_of_its_own
from tests.patience import patience
from tests.printed import (
    ANYTHING,
    COMMANDS,
    OUTPUT,
    PAGES,
    ROOT,
    Fence,
    commands,
    fences,
    inline_commands,
    occurs,
    outputs,
)

PAGE_WITHIN_S = 180.0
NO_PART = (
    ".git",
    ".venv",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "dragoman-demo*",
    "dragoman-data",
    "D",
)
WORD = re.compile(
    r"(dragoman|\.venv/bin/\w+|make|curl|docker|apt-get|apt-cache|apertium|sudo|swaks|cp|mv|ls|cat|head|export|kill|until|sleep"
    r"|postconf|openssl|chmod|git|promtool|systemctl|setcap|python|pip|uv|jq|pkill|chronyc|\.)( |$)"
)
PRELUDE = """
set -eE
trap 'echo "FAILED: $BASH_COMMAND" >&2' ERR
"""
# Pages of commands that change the machine itself (users, units, /etc): none of theirs is run by
# this test.
CHANGE_THE_MACHINE = ("behind-a-proxy", "run-as-a-service", "several-hosts", "sizing", "upgrade")
IN_MAKE_TEST = ("README.md",)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Why commands that begin so are not run here, and the file that proves what they do
    instead.
    """

    reason: str
    proof: str


COMPOSE = Elsewhere(
    "needs Docker's engine; the image and its services are run without it",
    "tests/image/test_image.py",
)
MODELS = Elsewhere(
    "asks Mozilla's server; a server of the tests has the same list",
    "tests/integration/test_models_command.py",
)
STORE = Elsewhere(
    "asks, and needs a store with the marks of another database", "tests/contracts/test_marker.py"
)
POSTFIX = Elsewhere(
    "changes this machine's mail server", "tests/integration/test_postfix_in_front.py"
)

ELSEWHERE: Mapping[str, Elsewhere] = {
    "make test": Elsewhere("a test run in a test run has no end", ".ci/run"),
    "make test-all": Elsewhere("all tests, and so this one", ".ci/run"),
    "make lint types": Elsewhere(
        "minutes of a type checker, which promise nothing but their own end", "Makefile"
    ),
    "docker": COMPOSE,
    "curl -F file=@report.pdf": COMPOSE,
    "dragoman models": MODELS,
    "postconf -e": POSTFIX,
    "swaks --server mail.example.org": POSTFIX,
    "curl -i -H 'X-Forwarded-Email": Elsewhere(
        "a proxy of your own; the tests run nginx", "tests/integration/web/test_web_sign_in.py"
    ),
    "dragoman store adopt": STORE,
    "dragoman clean-up --orphans": STORE,
    "dragoman restore backup-1 --replace": Elsewhere(
        "wants all services stopped", "tests/e2e/test_backup.py"
    ),
    "dragoman db copy": Elsewhere(
        "wants a PostgreSQL, and all services stopped", "tests/contracts/test_moving.py"
    ),
    "sudo chown": COMPOSE,
    "dragoman doctor --live": Elsewhere("has to have a Slack", "tests/e2e/test_doctor_live.py"),
}

# What a page takes for granted, as its first sentences say: Dragoman runs beside it, and there is a
# job.
RUNNING = """
. .venv/bin/activate
export DRAGOMAN_ENGINE=pseudo DRAGOMAN_ALLOWED_SENDERS=@example.org
dragoman up --data D 2> up.log &
until curl --silent --fail http://127.0.0.1:8000/readyz; do sleep 0.5; done
TOKEN=$(cat D/api_token)
curl -s -F file=@dragoman/sample.pdf -F target_lang=pt -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/api/v1/upload
until dragoman jobs list --data D | grep COMPLETED; do sleep 0.5; done
ID=$(dragoman jobs list --data D | awk 'NR == 2 {print $1}')
"""
BEFORE: Mapping[str, str] = {
    "docs/howto/back-up-and-restore.md": RUNNING,
    "docs/howto/forget-documents.md": RUNNING,
    "docs/howto/troubleshooting.md": RUNNING,
    "docs/howto/watch-and-repair.md": RUNNING,
    "docs/howto/webhooks.md": RUNNING,
}
# nothing of the machine is changed
INSTALL, TRIED = "sudo apt-get install", "apt-get --simulate install"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def cases() -> list[object]:
    """The pages that have commands to run here, each marked as to which of the two test
    commands runs it.
    """
    harmless = [page for page in PAGES if page.stem not in CHANGE_THE_MACHINE]
    with_commands = [page for page in harmless if any(runs_here(fence) for fence in fences(page))]
    marks = {
        page: () if named(page) in IN_MAKE_TEST else (pytest.mark.more,) for page in with_commands
    }
    return [pytest.param(page, id=page.stem, marks=mark) for page, mark in marks.items()]


def runs_here(fence: Fence) -> bool:
    return fence.info == COMMANDS and any(
        elsewhere(command) is None for _, command in commands(fence)
    )


def elsewhere(command: str) -> str | None:
    """The key of ELSEWHERE that a command begins with."""
    return next(
        (key for key in sorted(ELSEWHERE, key=len, reverse=True) if command.startswith(key)), None
    )


def script_of(page: Path) -> str:
    """All that a page tells its reader to type, but for what is run elsewhere."""
    printed = [
        command
        for fence in fences(page)
        if fence.info == COMMANDS
        for _, command in commands(fence)
    ]
    here = [command.replace(INSTALL, TRIED) for command in printed if elsewhere(command) is None]
    return "\n".join([PRELUDE, BEFORE.get(named(page), ""), *here]) + "\n"


def copy_of_the_clone(folder: Path) -> Path:
    """The project's files as they are now, with the virtual environment that is here."""
    clone = folder / "dragoman"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*NO_PART))
    (clone / ".venv").symlink_to(Path(sys.prefix))
    return clone


@pytest.mark.parametrize("page", cases())
def test_every_command_of_a_page_runs_as_printed_and_prints_what_the_page_shows(
    page: Path, tmp_path: Path
) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("pages are run in a network of their own, which only root on Linux can make")
    clone = copy_of_the_clone(tmp_path)
    script = tmp_path / "page.sh"
    script.write_text(script_of(page))
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    environment = {**kept, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "COLUMNS": "300"}
    # All that the page starts ends with its shell, which is process 1 of its namespace, and that
    # with this test.
    alone = [
        "setpriv",
        "--pdeathsig=KILL",
        "--",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child=KILL",
        "--mount-proc",
        "--",
    ]
    with (tmp_path / "said").open("wb") as said, network_of_its_own():
        done = subprocess.run(
            [*alone, "bash", str(script)],
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=patience(PAGE_WITHIN_S),
            check=False,
        )
    text = (tmp_path / "said").read_text(errors="replace")
    assert done.returncode == 0, text[-6000:]
    assert [line for line in outputs(page) if not occurs(line, text)] == [], text[-6000:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_stand_in_sh_fences_alone(page: Path) -> None:
    others = [fence for fence in fences(page) if fence.info not in (COMMANDS, OUTPUT)]
    lines = [line for fence in others for line in fence.lines]
    assert [line for line in lines if WORD.match(line.lstrip("$ "))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_within_a_sentence_is_one_of_ours(page: Path) -> None:
    root = typer.main.get_command(app)
    wrong = [
        words
        for words in inline_commands(page, "dragoman")
        if ANYTHING not in words and not parses(root, words)
    ]
    assert wrong == []


def parses(root: Any, words: list[str]) -> bool:
    """Whether there is such a command, and it has these options."""
    command, rest = root, words[1:]
    while hasattr(command, "commands") and rest:
        command = command.commands.get(rest.pop(0))
        if command is None:
            return False
    known = {option for param in command.params for option in param.opts}
    return all(word.partition("=")[0] in known for word in rest if word.startswith("-"))


def test_what_is_run_elsewhere_is_printed_somewhere_and_proved() -> None:
    printed = [
        command
        for page in PAGES
        for fence in fences(page)
        if fence.info == COMMANDS
        for _, command in commands(fence)
    ]
    assert set(ELSEWHERE) == {elsewhere(command) for command in printed} - {None}
    assert [one.proof for one in ELSEWHERE.values() if not (ROOT / one.proof).exists()] == []


def test_a_command_that_does_not_exist_does_not_parse() -> None:
    root = typer.main.get_command(app)
    assert parses(root, ["dragoman", "jobs", "list", "--since", "3d"])
    assert not parses(root, ["dragoman", "jobs", "lost"])
    assert not parses(root, ["dragoman", "jobs", "list", "--sinse", "3d"])
