"""What Dragoman is built on: the data folder, database, store and broker, and its own processes."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.errors import DatabaseUnavailable
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict

if TYPE_CHECKING:
    from dragoman.db.engine import Database

SCARCE_BYTES = 2**30  # a gibibyte: some twenty of the largest documents
LATE_S = 150.0  # Beat asks for a sign of life each minute
ANSWER_WITHIN_S = 1.5
REDIS_TIMEOUT_S = 3.0
APART_S = 60.0  # of two clocks: a lease
STEP_SHOWN_S = 86_400.0


def data(settings: Settings) -> Iterator[Finding]:
    """The folder that everything of `up`, and the spool of the mail door, is kept in."""
    folder = settings.data_dir.absolute()
    if not folder.exists():
        yield Finding(
            "data", Verdict.WARN, f"{folder} is not there yet", "`dragoman up` creates it."
        )
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "data",
            Verdict.FAIL,
            f"{folder} cannot be written to",
            "Make the user who runs Dragoman its owner.",
        )
    elif (free := shutil.disk_usage(folder).free) < SCARCE_BYTES:
        yield Finding(
            "data",
            Verdict.WARN,
            f"{free >> 20} MiB are free in {folder}",
            "Free some space, or lower DRAGOMAN_RETENTION_DAYS.",
        )
    else:
        yield Finding("data", Verdict.OK, f"{folder}, {free >> 30} GiB free")


def database(settings: Settings) -> Iterator[Finding]:
    """Whether it answers with the schema of this version, and takes rows.

    Raises DatabaseUnavailable.
    """
    from dragoman.db import schema
    from dragoman.db.engine import Database
    from dragoman.db.records import process_registry

    kind = urlsplit(settings.database).scheme.partition("+")[0]
    if not _has_database(settings):
        yield Finding(
            "database",
            Verdict.WARN,
            "SQLite, not created yet",
            "`dragoman up` or `dragoman db upgrade` creates it.",
        )
        return
    database = Database(settings.database)
    try:
        found = schema.fit(database)
        if found is schema.Fit.CURRENT:
            with database.write() as connection:
                process_registry.check_writable(connection)
    finally:
        database.close()
    if found is schema.Fit.CURRENT:
        yield Finding("database", Verdict.OK, f"{kind} answers and has the schema of this version")
    else:
        yield Finding(
            "database", Verdict.FAIL, f"{kind} has the schema of another version", str(found)
        )


def store(settings: Settings) -> Iterator[Finding]:
    """Whether it keeps what is put there. Raises StoreUnavailable."""
    from dragoman.adapters.storage import open_store

    parts = urlsplit(settings.storage)
    opened = open_store(settings.storage)
    if parts.scheme == "file" and not Path(parts.path).exists():
        told = list(_belonging(settings, opened)) if _has_database(settings) else []
        created = Finding("store", Verdict.OK, f"{parts.path}, created with the first document")
        yield from [one for one in told if one.verdict is Verdict.FAIL] or [created]
        return
    where = parts.path if parts.scheme == "file" else f"bucket {parts.netloc}{parts.path}"
    yield probe(opened, where)
    if _has_database(settings):
        yield from _belonging(settings, opened)


def _belonging(settings: Settings, store: BlobStore) -> Iterator[Finding]:
    """Whether the store is this database's own, and what its clean-up did not dare to delete.

    A database that has not the schema of this version is not asked: its own line says so.
    """
    from dragoman.app.store import marker, orphans
    from dragoman.db import schema
    from dragoman.db.engine import Database

    database = Database(settings.database)
    try:
        if schema.fit(database) is not schema.Fit.CURRENT:
            return
        yield _standing(database, store)
        held, files = orphans.held_back(database)
    except DatabaseUnavailable:
        return  # its own line says so
    except marker.StoreOfAnother as error:
        yield Finding("store", Verdict.FAIL, str(error), error.for_admin)
        return
    finally:
        database.close()
    if held:
        said = (
            f"{held} of {files} files belong to no document that this database knows; clean-up"
            " keeps them"
        )
        yield Finding(
            "store",
            Verdict.WARN,
            said,
            f"Is this the right database? If these files can be deleted: {orphans.COMMAND}",
        )


def _standing(database: Database, store: BlobStore) -> Finding:
    """Raises StoreOfAnother, StoreUnavailable, DatabaseUnavailable."""
    from dragoman.app.store import marker
    from dragoman.app.store.marker import Standing

    found = marker.look(database, store)
    if found is Standing.OURS:
        return Finding("store", Verdict.OK, "belongs to this database")
    if found is Standing.OUTDATED:
        said = (
            "was marked by another copy of this database; clean-up keeps the files that this"
            " database does not know"
        )
        return Finding("store", Verdict.FAIL, said, marker.OUTDATED_ADVICE)
    if found is Standing.UNMARKED:
        marker.refuse_unlikely(database, store)
        return Finding(
            "store", Verdict.OK, "belongs to no database yet; the next start makes it this one's"
        )
    raise marker.StoreOfAnother


def probe(store: BlobStore, where: str) -> Finding:
    """Put, put again, get, delete: a store that overwrites would let two workers spoil each other's
    results.

    Raises StoreUnavailable.
    """
    key, body = f"probes/{secrets.token_hex(8)}/doctor", secrets.token_bytes(64)
    try:
        first, second = store.put(key, io.BytesIO(body)), store.put(key, io.BytesIO(b"another"))
        with store.open(key) as found:
            same = found.read() == body
    finally:
        store.delete(key)
    if first and same and not second:
        return Finding(
            "store", Verdict.OK, f"{where} keeps what is put there, and never overwrites"
        )
    return Finding(
        "store",
        Verdict.FAIL,
        f"{where} overwrites what is there",
        "Use a store that supports If-None-Match on PUT.",
    )


def broker(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, or what `up` would start."""
    if not settings.broker_url:
        from ops.up.embedded_broker import find_server

        server = find_server()
        if server:
            yield Finding("broker", Verdict.OK, f"`dragoman up` brings its own ({server.name})")
        else:
            said = "`dragoman up` uses a slow stand-in, since neither Valkey nor Redis is installed"
            yield Finding("broker", Verdict.WARN, said, "On Debian: apt-get install redis-server")
        return
    yield _redis(settings.broker_url)


def _redis(url: str) -> Finding:
    import redis

    from dragoman.adapters.redis_transport import take

    address = url.replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(
            address, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        ) as client:
            client.ping()
            take(client)
    except redis.ResponseError as error:
        advice = "Give it more memory (maxmemory), or fix what its error says."
        return Finding(
            "broker", Verdict.FAIL, f"answers, but accepts no messages ({error})", advice
        )
    except redis.AuthenticationError as error:
        return Finding(
            "broker",
            Verdict.FAIL,
            f"refuses our password ({error})",
            "Correct the password in DRAGOMAN_BROKER_URL.",
        )
    except redis.RedisError as error:
        return Finding(
            "broker",
            Verdict.FAIL,
            f"does not answer ({error})",
            "Start it, or correct DRAGOMAN_BROKER_URL.",
        )
    return Finding("broker", Verdict.OK, "answers")


def services(settings: Settings) -> Iterator[Finding]:
    """Which processes have been heard of, or answer over the broker."""
    heard, answering = _heard(settings), _answering(settings)
    for name, node in (
        ("worker", "worker"),
        ("notifier", "notifier"),
        ("sweeper", ""),
        ("beat", "celerybeat"),
    ):
        count, age_s = answering.count(node), heard.get(name)
        if count:
            yield Finding(name, Verdict.OK, f"{count} answer{'s' if count == 1 else ''}")
        elif age_s is not None and age_s < LATE_S:
            yield Finding(name, Verdict.OK, f"last heartbeat {age_s:.0f} s ago")
        elif settings.broker_url or name in ("worker", "sweeper"):
            said = (
                "has never sent a heartbeat"
                if age_s is None
                else f"sent its last heartbeat {age_s / 60:.0f} minutes ago"
            )
            yield Finding(
                name,
                Verdict.WARN,
                said,
                f"Start `dragoman up` or `dragoman {name}`; its log may say more.",
            )


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether the database's clock is that of this host, and whether it was set anew lately."""
    from dragoman.db import clock as database_clock
    from dragoman.db.engine import Database
    from dragoman.db.records import process_registry

    if not _has_database(settings):
        return
    database = Database(settings.database)
    try:
        with database.read() as connection:
            now = database_clock.now(connection)
            told = process_registry.told(connection, "sweeper@").values()
    except DatabaseUnavailable:  # `database` has said so
        return
    finally:
        database.close()
    steps = [
        (facts["stepped_s"], now - facts["stepped_at"]) for facts in told if "stepped_s" in facts
    ]
    yield clock_finding(now - time.time(), steps)


def clock_finding(ahead_s: float, steps: Sequence[tuple[float, float]]) -> Finding:
    """What is to be said of a database's clock that is `ahead_s` seconds ahead of this host's.

    `steps`: by how many seconds it was set forward (below 0: back), and how many seconds ago.
    """
    keep = "Let a time service (chrony, systemd-timesyncd) keep the clocks of all hosts."
    lately = [(by_s, ago_s) for by_s, ago_s in steps if abs(ago_s) < STEP_SHOWN_S]
    if abs(ahead_s) > APART_S:
        which = "ahead of" if ahead_s > 0 else "behind"
        return Finding(
            "clock",
            Verdict.WARN,
            f"the database's is {abs(ahead_s):.0f} s {which} this host's",
            keep,
        )
    if lately:
        by_s, ago_s = min(lately, key=lambda one: abs(one[1]))
        way = "forward" if by_s > 0 else "back"
        said = (
            f"the database's was set {way} by {abs(by_s):.0f} s, {abs(ago_s) / 60:.0f} minutes ago;"
            " the work goes on"
        )
        return Finding("clock", Verdict.WARN, said, keep)
    return Finding("clock", Verdict.OK, "the database and this host tell the same time")


def _heard(settings: Settings) -> dict[str, float]:
    """Seconds since the youngest sign of life of each kind of service; empty without a database."""
    from dragoman.db.engine import Database
    from dragoman.db.records import process_registry

    if not _has_database(settings):
        return {}
    database = Database(settings.database)
    try:
        with database.read() as connection:
            ages = process_registry.alive(connection)
    except DatabaseUnavailable:
        return {}
    finally:
        database.close()
    youngest: dict[str, float] = {}
    for service, age_s in ages.items():
        name = service.partition("@")[0]
        youngest[name] = min(age_s, youngest.get(name, age_s))
    return youngest


def _answering(settings: Settings) -> list[str]:
    """The kinds of services that answer over the broker, each as often as it answers."""
    from dragoman.adapters.queues import BROKER_ERRORS, make_app

    if not settings.broker_url:
        return []
    try:
        answers = make_app(settings).control.ping(timeout=ANSWER_WITHIN_S)
    except BROKER_ERRORS:
        return []
    return [node.partition("@")[0] for answer in answers for node in answer]


def _has_database(settings: Settings) -> bool:
    """False where looking would make an empty SQLite file."""
    file = settings.database.removeprefix("sqlite:///")
    return file == settings.database or Path(file).exists()
