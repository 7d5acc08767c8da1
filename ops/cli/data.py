"""The data that a command works on: that of `dragoman up` in a folder, or what the environment
names.
"""

from __future__ import annotations

import getpass
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.domain.actors import acting
from dragoman.errors import NotFound, OperatorError

if TYPE_CHECKING:
    from dragoman.db.engine import Database
    from dragoman.ports import BlobStore
    from dragoman.settings import Settings


@dataclass(frozen=True)
class Data:
    """Settings, and the database and the store that they name."""

    settings: Settings
    database: Database
    store: BlobStore


def settings_of(data: Path | None, *, with_all_secrets: bool = False) -> Settings:
    """The settings for a folder (None: the environment's); with the broker of a `dragoman up` that
    runs on it.

    `with_all_secrets`: for a command that does what every process does; others read those of
    `dragoman.settings.process_secrets` alone.
    """
    from dragoman.settings import Settings
    from ops.up.embedded_broker import running_url

    log_to_stderr()
    chosen = {"data_dir": data} if data else {}
    settings = (
        Settings.from_env(**chosen)
        if with_all_secrets
        else Settings.for_process("commands", **chosen)
    )
    url = settings.broker_url or running_url(settings.data_dir)
    return settings.model_copy(update={"broker_url": url})


def log_to_stderr() -> None:
    """Keep stdout for the command's answer; what went wrong on the way is for stderr."""
    import structlog  # 0.2 s, which a command that logs nothing need not spend

    level = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr), wrapper_class=level
    )


@contextmanager
def opened(data: Path | None) -> Iterator[Data]:
    """The data, which must be there and of this version: nothing is made.

    Raises NotFound, DatabaseUnavailable or OperatorError for an older or newer schema.
    """
    from dragoman.adapters.storage import open_store
    from dragoman.db import schema
    from dragoman.db.engine import Database

    settings = settings_of(data)
    file = settings.database.removeprefix("sqlite:///")
    if file != settings.database and not Path(file).exists():
        raise NotFound(
            f"There is no Dragoman data in {Path(file).parent}.",
            advice=(
                "Please name the folder of `dragoman up` with --data, or set DRAGOMAN_DATABASE_URL."
            ),
        )
    database = Database(settings.database)
    try:
        found = schema.fit(database)
        if found is not schema.Fit.CURRENT:
            raise OperatorError(
                "The database has the schema of another version.", advice=str(found)
            )
        with acting("command", _user()):
            yield Data(settings, database, open_store(settings.storage))
    finally:
        database.close()


def _user() -> str:
    """The user of this command, for the audit trail; in a container perhaps a number without a
    name.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
