"""`dragoman doctor`: is everything set up, does everything answer, and what is to be done where it
does not.

Nothing is made or changed, but for one small object that is put into the store and taken out again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from dragoman.domain.specs.channel_specs import channels
from dragoman.domain.specs.loading import load
from dragoman.errors import DragomanError, SettingsInvalid
from dragoman.settings import Settings, unknown_names
from ops.doctor import infrastructure, models, user_facing
from ops.doctor.findings import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]


def examine(data: Path | None = None) -> Iterator[Finding]:
    """All findings, one after the other, as they are made.

    `data`: the data folder, None as in the settings.
    """
    try:
        settings = Settings.from_env(**({"data_dir": data} if data else {}))
    except SettingsInvalid as error:
        yield Finding("settings", Verdict.FAIL, str(error), error.advice)
        return
    yield _settings()
    for what, check, todo in CHECKS:
        try:
            yield from check(settings)
        except DragomanError as error:
            detail = f" ({error.detail})" if error.detail else ""
            yield Finding(what, Verdict.FAIL, f"{error}{detail}", todo)


def _settings() -> Finding:
    strange = unknown_names.found(os.environ, Path.cwd())
    if strange:
        return Finding(
            "settings", Verdict.WARN, " ".join(map(str, strange)), "Please correct or remove it."
        )
    return Finding("settings", Verdict.OK, "all are valid")


# What is looked at, how, and what to do when it raises.
CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]], str], ...] = (
    ("data", infrastructure.data, ""),
    ("database", infrastructure.database, "Start it, or correct DRAGOMAN_DATABASE_URL."),
    ("clock", infrastructure.clock, ""),
    (
        "store",
        infrastructure.store,
        (
            "Start it, create the bucket, or correct DRAGOMAN_STORAGE_URL, AWS_ACCESS_KEY_ID,"
            " AWS_SECRET_ACCESS_KEY."
        ),
    ),
    ("broker", infrastructure.broker, ""),
    ("services", infrastructure.services, ""),
    (
        "engine",
        user_facing.engines,
        (
            "Correct DRAGOMAN_ENGINE or the engine's settings, such as DRAGOMAN_DEEPL_AUTH_KEY"
            " (docs/howto/choose-an-engine.md)."
        ),
    ),
    ("model", models.models, ""),
    *((one.what, load(one.examine), one.todo) for channel in channels() for one in channel.doctor),
    ("links", user_facing.links, ""),
    ("fonts", user_facing.fonts, ""),
    ("OCR", user_facing.ocr, ""),
    ("sandbox", user_facing.sandbox, ""),
    (
        "Flower",
        user_facing.flower,
        "Set DRAGOMAN_FLOWER_AUTH to NAME:PASSWORD, or listen on 127.0.0.1.",
    ),
)
