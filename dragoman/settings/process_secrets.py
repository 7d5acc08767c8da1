"""Which process needs which secret.

It gets these and no others, so that whoever breaks into one holds little.

A process reads none but its own (`Settings.for_process`), `dragoman up` gives its children no
others, and docker-compose.yml neither. A test compares this table with the code and with that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.channel_specs import channels, processes

LEDGERS = ("database_url", "broker_url")  # their URLs may hold a password
KEY = "secret_key"


def _needs() -> dict[str, frozenset[str]]:
    """The names of fields of `Settings` that are secret, by process: the core's own, and what
    channels and engines say.
    """
    found: dict[str, set[str]] = {
        "worker": {*LEDGERS, KEY},
        "notifier": {*LEDGERS, KEY},
        "sweeper": {*LEDGERS},
        "beat": {*LEDGERS},
        "flower": {"broker_url", "flower_auth"},
        # `dragoman jobs`, `purge` and their like: they run beside the web process.
        "commands": {*LEDGERS, KEY},
        **{one.name: {*LEDGERS, *one.secrets} for one in processes()},
    }
    for channel in channels():
        for process, names in channel.secrets.items():
            found[process] |= names
    for setting in (
        *(one for channel in channels() for one in channel.settings),
        *engine_specs.settings(),
    ):
        for process in setting.read_by if setting.secret else ():
            found[process] |= {setting.name}
    return {process: frozenset(names) for process, names in found.items()}


NEEDS: Mapping[str, frozenset[str]] = _needs()
SECRETS = frozenset[str]().union(*NEEDS.values())
# Boto's own names of the keys of S3, and who opens the store.
STORE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
OPENS_STORE = frozenset(NEEDS) - {"beat", "flower"}

_here: ContextVar[frozenset[str]] = ContextVar("needs", default=SECRETS)


def is_needed(field: str) -> bool:
    """Whether a setting is to be read: it is no secret, or one of this process."""
    return field not in SECRETS or field in _here.get()


@contextmanager
def only_of(process: str) -> Iterator[None]:
    """Meanwhile only the secrets of `process`, a key of `NEEDS`, are needed."""
    before = _here.set(NEEDS[process])
    try:
        yield
    finally:
        _here.reset(before)


def variables_not_for(process: str) -> frozenset[str]:
    """The environment variables, in capitals, that `process` has no use for: secrets, and the
    files of secrets.
    """
    secrets = {f"DRAGOMAN_{field.upper()}" for field in SECRETS - NEEDS[process]}
    of_store = () if process in OPENS_STORE else STORE_KEYS
    return frozenset({*secrets, *(f"{name}_FILE" for name in secrets), *of_store})
