"""Each process has the secrets that its code asks for, and no others."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from dragoman.domain.specs.channel_specs import channels, processes
from dragoman.domain.specs.engine_specs import engines
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings, process_secrets
from dragoman.settings.secret_files import is_secret
from ops.up.environment import environment

ROOT = Path(__file__).parents[4]
OURS = ("dragoman", "ingress", "pipeline", "notifier", "ops")
# The modules that a process is begun with; whatever they import, inside functions too, is its code.
# What specs name is loaded by name.
TAKE_BACK = tuple(one.take_back.partition(":")[0] for one in channels() if one.take_back)
BEGINS_WITH = {
    "worker": (
        "pipeline.worker.process",
        "pipeline.worker.tasks",
        *(one.build.partition(":")[0] for one in engines()),
        *(one.tasks for one in channels() if one.tasks),
        *TAKE_BACK,
    ),
    "notifier": (
        "notifier.worker",
        "notifier.tasks",
        *(one.reply.partition(":")[0] for one in channels() if one.reply),
    ),
    "sweeper": ("pipeline.worker.sweeper", "dragoman.app.store.admission"),
    "beat": ("pipeline.worker.schedule",),
    "flower": ("ops.flower",),
    **{
        one.name: (one.run.partition(":")[0], "dragoman.app.store.admission") for one in processes()
    },
}
BEGINS_WITH["web"] += (
    *(one.reply_field.read.partition(":")[0] for one in channels() if one.reply_field),
    *(served.make.partition(":")[0] for one in channels() for served in one.served),
    *TAKE_BACK,
)
# What else reads a secret: properties of the settings.
READ_BY = {
    "tokens": "api_tokens",
    "slack_speaks": "slack_bot_token",
    "database": "database_url",
}
# In their code, but not on their way: nothing of theirs deletes what was shown in Slack (a test
# below).
NOT_CALLED = {("smtp", "slack_bot_token"), ("sweeper", "slack_bot_token")}
DELETES = {"dragoman.app.retention", "dragoman.app.intake"}
LONG = "a-secret-that-is-long-enough"
VALUES = {
    "database_url": f"postgresql+psycopg://dragoman:{LONG}@127.0.0.1/x",
    "broker_url": f"redis://:{LONG}@127.0.0.1/0",
    "api_tokens": f"anna:{LONG}",
    "outbound_smtp_url": f"smtp://anna:{LONG}@mail.example.org",
    "sent_imap_url": f"imaps://anna:{LONG}@mail.example.org/Sent",
    "slack_bot_token": f"xoxb-{LONG}",
    "slack_app_token": f"xapp-{LONG}",
    "flower_auth": f"admin:{LONG}",
}


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next(
        (one for one in (path / "__init__.py", path.with_suffix(".py")) if one.exists()), None
    )


@cache
def parsed(module: str) -> ast.Module:
    file = file_of(module)
    assert file, module
    return ast.parse(file.read_text())


def imported(module: str) -> Iterator[str]:
    yield module.rpartition(".")[0]
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def code_of(begins_with: Iterable[str]) -> set[str]:
    found, waiting = set[str](), list(begins_with)
    while waiting:
        module = waiting.pop()
        if module not in found and module.split(".")[0] in OURS and file_of(module):
            found.add(module)
            waiting += imported(module)
    return found


def is_settings(node: ast.expr) -> bool:
    """Whether a value is called `settings`, at whatever object it is: other things have
    `tokens`, too.
    """
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return str(name).lstrip("_") == "settings"


def named_in(module: str) -> Iterator[str]:
    """The settings that are read by their names: `settings.given("…")`, or `text(settings,
    "…")`.
    """
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            "given",
            "text",
        ):
            yield from (
                one.value
                for one in node.args
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def asked_for(process: str) -> set[str]:
    """The secrets that are read as attributes somewhere in the code of a process."""
    found = set()
    for module in code_of(BEGINS_WITH[process]):
        if not module.startswith("dragoman.settings"):
            read = [node for node in ast.walk(parsed(module)) if isinstance(node, ast.Attribute)]
            found |= {node.attr for node in read} & process_secrets.SECRETS
            found |= set(named_in(module)) & process_secrets.SECRETS
            found |= {
                READ_BY[node.attr]
                for node in read
                if node.attr in READ_BY and is_settings(node.value)
            }
    return {one for one in found if (process, one) not in NOT_CALLED}


def given(process: str, **more: str) -> dict[str, str]:
    """The environment of a child of `dragoman up`, which has all secrets itself."""
    return environment(Settings.from_env(**more), process)


def test_each_secret_is_needed_by_somebody() -> None:
    fields = {name for name, field in Settings.model_fields.items() if is_secret(name, field)}
    assert fields == process_secrets.SECRETS, (
        "say in dragoman/settings/process_secrets.py which process needs it"
    )


def test_each_process_is_known() -> None:
    assert set(BEGINS_WITH) == set(process_secrets.NEEDS) - {"commands"}


@pytest.mark.parametrize("process", BEGINS_WITH)
def test_a_process_has_what_its_code_asks_for_and_nothing_else(process: str) -> None:
    assert asked_for(process) == process_secrets.NEEDS[process]


@pytest.mark.parametrize("process", sorted(process for process, _ in NOT_CALLED))
def test_who_has_no_token_for_slack_deletes_nothing_there(process: str) -> None:
    for module in code_of(BEGINS_WITH[process]) - DELETES:
        called = {node.attr for node in ast.walk(parsed(module)) if isinstance(node, ast.Attribute)}
        assert not called & {"purge", "take_back"}, module


@pytest.mark.parametrize("process", process_secrets.NEEDS)
def test_a_process_reads_no_secret_but_its_own(
    process: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in process_secrets.SECRETS:
        monkeypatch.setenv(f"DRAGOMAN_{name.upper()}", VALUES.get(name, LONG))
    monkeypatch.setenv("DRAGOMAN_FLOWER_AUTH_FILE", str(tmp_path / "of somebody else"))
    settings = Settings.for_process(process)
    defaults = {name: Settings.model_fields[name].default for name in process_secrets.SECRETS}
    read = {name for name in process_secrets.SECRETS if getattr(settings, name) != defaults[name]}
    assert read == process_secrets.NEEDS[process]
    assert Settings.from_env().slack_app_token is not None, "the next one reads them all again"


@pytest.mark.parametrize("process", BEGINS_WITH)
def test_a_child_of_up_is_given_no_secret_of_others(
    process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in process_secrets.SECRETS:
        monkeypatch.setenv(f"DRAGOMAN_{name.upper()}", VALUES.get(name, LONG))
    monkeypatch.setenv("dragoman_deepl_auth_key_file", "/run/secrets/deepl")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", LONG)
    found = {
        name.upper()
        for name, value in given(process).items()
        if LONG in value or "/run/secrets" in value
    }
    expected = {f"DRAGOMAN_{name.upper()}" for name in process_secrets.NEEDS[process]}
    expected |= {"AWS_SECRET_ACCESS_KEY"} if process in process_secrets.OPENS_STORE else set()
    expected |= {"DRAGOMAN_DEEPL_AUTH_KEY_FILE"} if process == "worker" else set()
    assert found == expected


def test_who_needs_the_key_is_told_that_it_is_missing_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAGOMAN_ENGINE", "deepl")
    for process in set(process_secrets.NEEDS) - {"worker"}:
        assert Settings.for_process(process).engine == "deepl"
    for read in (Settings.from_env, lambda: Settings.for_process("worker")):
        with pytest.raises(SettingsInvalid, match="DRAGOMAN_DEEPL_AUTH_KEY"):
            read()


@pytest.mark.parametrize("name", sorted(process_secrets.SECRETS))
def test_each_secret_can_stand_in_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = VALUES.get(name, LONG)
    (tmp_path / "secret").write_text(value + "\n")
    monkeypatch.setenv(f"DRAGOMAN_{name.upper()}_FILE", str(tmp_path / "secret"))
    found = getattr(Settings.from_env(), name)
    assert (found if isinstance(found, str) else found.get_secret_value()) == value
    assert LONG not in os.environ.values()
