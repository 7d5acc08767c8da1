"""The translation memory: what an engine answered is kept, so that no sentence is paid for
twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import Connection, Table, delete, select, update

from dragoman.db.clock import now_s
from dragoman.db.statements import insert_new
from dragoman.db.tables import TranslationRow

TRANSLATIONS = cast("Table", TranslationRow.__table__)
# SQLite's limit of variables is above 30,000, but long lists of them are slow to compile
KEYS_A_QUERY = 500


def recall(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """The remembered translations among `keys`; marks them as used."""
    found: dict[str, str] = {}
    # all lock the rows in one order: PostgreSQL would end one of two that wait for each other
    wanted = sorted(keys)
    for start in range(0, len(wanted), KEYS_A_QUERY):
        part = TRANSLATIONS.c.key.in_(wanted[start : start + KEYS_A_QUERY])
        texts = (
            select(TRANSLATIONS.c.key, TRANSLATIONS.c.text).where(part).order_by(TRANSLATIONS.c.key)
        )
        rows = connection.execute(texts.with_for_update())
        found.update((row.key, row.text) for row in rows)
        connection.execute(update(TRANSLATIONS).where(part).values(used_at=now_s()))
    return found


def remember(
    connection: Connection,
    translations: Mapping[str, str],
    *,
    engine: str,
    target_lang: str,
    job_id: str | None,
    team: str = "",
    engine_version: str = "",
) -> None:
    """Keep translations by key; a key that is known stays as it is.

    `team`: a hash of who shares them.
    """
    shared = {
        "engine": engine,
        "engine_version": engine_version,
        "target_lang": target_lang,
        "job_id": job_id,
        "team": team,
    }
    rows = [
        {"key": key, "text": text, **shared} for key, text in sorted(translations.items())
    ]  # in one order, as above
    insert_new(connection, TRANSLATIONS, rows, used_at=now_s())


def forget_unused(connection: Connection, days: int) -> int:
    """Drop what nobody asked for in `days` days; how many."""
    old = TRANSLATIONS.c.used_at < now_s() - days * 86400
    # What is locked is being recalled: it is used just now.
    unused = (
        select(TRANSLATIONS.c.key)
        .where(old)
        .order_by(TRANSLATIONS.c.key)
        .with_for_update(skip_locked=True)
    )
    return _forget(connection, list(connection.scalars(unused)))


def forget_job(connection: Connection, job_id: str) -> list[str]:
    """Drop what was learnt from one job; the keys of it."""
    learnt = select(TRANSLATIONS.c.key).where(TRANSLATIONS.c.job_id == job_id)
    # in one order, as above
    keys = list(connection.scalars(learnt.order_by(TRANSLATIONS.c.key).with_for_update()))
    _forget(connection, keys)
    return keys


def _forget(connection: Connection, keys: list[str]) -> int:
    """Drop these rows, which are locked already; how many there were."""
    for start in range(0, len(keys), KEYS_A_QUERY):
        part = keys[start : start + KEYS_A_QUERY]
        connection.execute(delete(TRANSLATIONS).where(TRANSLATIONS.c.key.in_(part)))
    return len(keys)
