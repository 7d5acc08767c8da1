"""What `dragoman up` hands to its children: their environment, and secrets that it made on its
first start.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from dragoman.settings import Settings, process_secrets, unknown_names


def environment(settings: Settings, name: str) -> dict[str, str]:
    """The environment of the child `name`: ours, and what the supervisor decided, without the
    secrets of others.
    """
    decided = {
        "DRAGOMAN_DATA_DIR": str(settings.data_dir.absolute()),
        "DRAGOMAN_DATABASE_URL": settings.database,
        "DRAGOMAN_STORAGE_URL": settings.storage,
        "DRAGOMAN_BROKER_URL": settings.broker_url,
        "DRAGOMAN_LOG_FORMAT": "text"
        if settings.log_format == "auto" and sys.stderr.isatty()
        else settings.log_format,
    }
    for field_name in ("secret_key", "api_tokens"):
        secret = getattr(settings, field_name)
        if secret is not None:
            decided[f"DRAGOMAN_{field_name.upper()}"] = secret.get_secret_value()
    for field_name in (
        "smtp_listen",
        "web_listen",
        "flower_listen",
        "mail_address",
        "sender_auth",
        "engine",
    ):
        decided[f"DRAGOMAN_{field_name.upper()}"] = str(getattr(settings, field_name))
    decided["DRAGOMAN_ALLOWED_SENDERS"] = ",".join(settings.allowed_senders)
    said = {one.name for one in unknown_names.strangers(os.environ)}  # once is enough
    ours = {variable: value for variable, value in os.environ.items() if variable not in said}
    others = process_secrets.variables_not_for(name)
    return {
        variable: value
        for variable, value in {**ours, **decided}.items()
        if variable.upper() not in others
    }


def with_secrets(settings: Settings) -> Settings:
    """The settings with a secret key and an API token: those that are set, else those kept in the
    data folder.

    Made on the first start, readable by their owner only.
    """
    key = (
        settings.secret_key.get_secret_value()
        if settings.secret_key
        else _kept(settings.data_dir / "secret_key")
    )
    if settings.api_tokens:
        tokens = settings.api_tokens.get_secret_value()
    else:
        tokens = f"admin:{_kept(settings.data_dir / 'api_token')}:admin"
    return Settings.from_env(**{**settings.model_dump(), "secret_key": key, "api_tokens": tokens})


def _kept(path: Path) -> str:
    """The secret in a file, made if there is none.

    The file is whole or not there, also when the disk is full.
    """
    with suppress(FileNotFoundError):
        if kept := path.read_text().strip():
            return kept
    made = secrets.token_urlsafe(32)
    # for its owner only
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(made + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(partial).rename(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return made
