"""`dragoman doctor`: is everything set up, does everything answer, and what is to be done where it does not.

Nothing is made or changed, but for one small object that is put into the store and taken out again.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.errors import DatabaseUnavailable, DragomanError, EngineMissing, SettingsInvalid
from dragoman.ports import BlobStore
from dragoman.settings import Settings

if TYPE_CHECKING:
    from pipeline.engines.deepl import DeepL

PREFIX = "DRAGOMAN_"
SCARCE_BYTES = 2**30  # a gibibyte: some twenty of the largest documents
LATE_S = 150.0  # Beat asks for a sign of life each minute
NEARLY_USED_UP = 0.9
ANSWER_WITHIN_S = 1.5
SHOWN_PAIRS = 8
REDIS_TIMEOUT_S = 3.0


class Verdict(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do (empty: nothing)."""

    what: str
    verdict: Verdict
    said: str
    todo: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return {name: str(value) for name, value in asdict(self).items()}


def examine(data: Path | None = None) -> Iterator[Finding]:
    """All findings, one after the other, as they are made. `data`: the data folder, None as in the settings."""
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
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if strange:
        return Finding("settings", Verdict.WARN, f"not known: {', '.join(strange)}", "Is that a slip of the pen?")
    return Finding("settings", Verdict.OK, "all are understood")


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    if not folder.exists():
        yield Finding("data", Verdict.WARN, f"{folder} is not there yet", "`dragoman up` makes it.")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("data", Verdict.FAIL, f"{folder} cannot be written to", "Give it to the user who runs Dragoman.")
    elif (free := shutil.disk_usage(folder).free) < SCARCE_BYTES:
        yield Finding(
            "data", Verdict.WARN, f"{free >> 20} MiB are free in {folder}", "Make room, or lower RETENTION_DAYS."
        )
    else:
        yield Finding("data", Verdict.OK, f"{folder}, {free >> 30} GiB free")


def _database(settings: Settings) -> Iterator[Finding]:
    from dragoman.db import schema
    from dragoman.db.engine import Database

    kind = urlsplit(settings.database).scheme.partition("+")[0]
    if not _has_database(settings):
        yield Finding(
            "database", Verdict.WARN, "SQLite, not made yet", "`dragoman up` or `dragoman db upgrade` makes it."
        )
        return
    database = Database(settings.database)
    try:
        current = schema.is_current(database)
    finally:
        database.close()
    if current:
        yield Finding("database", Verdict.OK, f"{kind} answers and has the schema of this version")
    else:
        yield Finding(
            "database", Verdict.FAIL, f"{kind} has the schema of another version", "Run `dragoman db upgrade`."
        )


def _store(settings: Settings) -> Iterator[Finding]:
    from dragoman.storage import open_store

    parts = urlsplit(settings.storage)
    if parts.scheme == "file" and not Path(parts.path).exists():
        yield Finding("store", Verdict.WARN, f"the folder {parts.path} is not there yet", "`dragoman up` makes it.")
        return
    where = parts.path if parts.scheme == "file" else f"bucket {parts.netloc}"
    yield probe(open_store(settings.storage), where)


def probe(store: BlobStore, where: str) -> Finding:
    """Put, put again, get, delete: a store that overwrites would let two workers spoil each other's results.

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
        return Finding("store", Verdict.OK, f"{where} keeps what is put there, and never overwrites")
    return Finding("store", Verdict.FAIL, f"{where} overwrites", "Take a store that honours If-None-Match on PUT.")


def _broker(settings: Settings) -> Iterator[Finding]:
    if not settings.broker_url:
        from dragoman.embedded import find_server

        server = find_server()
        if server:
            yield Finding("broker", Verdict.OK, f"`dragoman up` brings its own ({server.name})")
        else:
            said = "`dragoman up` uses a slow imitation: no Valkey or Redis is installed"
            yield Finding("broker", Verdict.WARN, said, "On Debian: apt-get install redis-server")
        return
    yield _redis(settings.broker_url)


def _redis(url: str) -> Finding:
    import redis

    address = url.replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(
            address, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        ) as client:
            client.ping()
    except redis.RedisError as error:
        return Finding("broker", Verdict.FAIL, f"does not answer ({error})", "Start it, or mend DRAGOMAN_BROKER_URL.")
    return Finding("broker", Verdict.OK, "answers")


def _services(settings: Settings) -> Iterator[Finding]:
    heard, answering = _heard(settings), _answering(settings)
    for name, node in (("worker", "worker"), ("notifier", "notifier"), ("sweeper", ""), ("beat", "celerybeat")):
        count, age_s = answering.count(node), heard.get(name)
        if count:
            yield Finding(name, Verdict.OK, f"{count} answer{'s' if count == 1 else ''}")
        elif age_s is not None and age_s < LATE_S:
            yield Finding(name, Verdict.OK, f"heard of {age_s:.0f} s ago")
        elif settings.broker_url or name in ("worker", "sweeper"):
            said = "was never heard of" if age_s is None else f"was last heard of {age_s / 60:.0f} minutes ago"
            yield Finding(name, Verdict.WARN, said, f"Start `dragoman up` or `dragoman {name}`; its log may say more.")


def _heard(settings: Settings) -> dict[str, float]:
    """Seconds since the youngest sign of life of each kind of service; empty without a database."""
    from dragoman.db import presence
    from dragoman.db.engine import Database

    if not _has_database(settings):
        return {}
    database = Database(settings.database)
    try:
        with database.read() as connection:
            ages = presence.alive(connection)
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
    from dragoman.queues import BROKER_ERRORS, make_app

    if not settings.broker_url:
        return []
    try:
        answers = make_app(settings).control.ping(timeout=ANSWER_WITHIN_S)
    except BROKER_ERRORS:
        return []
    return [node.partition("@")[0] for answer in answers for node in answer]


def _engines(settings: Settings) -> Iterator[Finding]:
    from pipeline.engines import registry
    from pipeline.engines.deepl import DeepL
    from pipeline.engines.pseudo import NAME as PSEUDO

    offered = registry.offered(settings)
    if not offered:
        raise EngineMissing(f"The engine “{settings.engine}” is not set up on this server.")
    for engine in offered:
        capabilities = engine.capabilities()
        if engine.name != PSEUDO:
            pairs = _pairs(capabilities.pairs) if capabilities.pairs is not None else "from any language"
            yield Finding("engine", Verdict.OK, f"{engine.name}: {len(capabilities.targets)} target languages, {pairs}")
        if isinstance(engine, DeepL):
            yield _quota(engine)
    if all(engine.name == PSEUDO for engine in offered):
        said = "none: every text becomes a marked pseudo-translation"
        todo = (
            "Set DRAGOMAN_DEEPL_AUTH_KEY, or install Apertium (on Debian: apt-get install apertium apertium-eng-spa)."
        )
        yield Finding("engine", Verdict.WARN, said, todo)


def _pairs(pairs: frozenset[tuple[str, str]]) -> str:
    from dragoman.domain import language

    names = [f"{language.name(source)} → {language.name(target)}" for source, target in sorted(pairs)]
    more = f" and {len(names) - SHOWN_PAIRS} more" if len(names) > SHOWN_PAIRS else ""
    return ", ".join(names[:SHOWN_PAIRS]) + more if names else "no pair is installed"


def _quota(engine: DeepL) -> Finding:
    used = engine.usage()
    if used is None:
        return Finding("quota", Verdict.OK, "DeepL names no limit")
    count, limit = used
    said = f"{count:,} of {limit:,} characters are used"
    if count >= limit:
        return Finding("quota", Verdict.FAIL, said, "Until you raise it in your DeepL account, documents fail.")
    verdict = Verdict.WARN if count > NEARLY_USED_UP * limit else Verdict.OK
    return Finding("quota", verdict, said, "Soon used up." if verdict is Verdict.WARN else "")


def _mail(settings: Settings) -> Iterator[Finding]:
    if not settings.allowed_senders:
        yield Finding("mail in", Verdict.WARN, "closed: nobody may send", "Set DRAGOMAN_ALLOWED_SENDERS.")
        return
    for peer in settings.trusted_peers:
        try:
            ip_network(peer, strict=False)
        except ValueError:
            yield Finding(
                "mail in", Verdict.FAIL, f"{peer} is no IP address or network", "Mend DRAGOMAN_TRUSTED_PEERS."
            )
            return
    if settings.sender_auth == "none":
        said = "SENDER_AUTH=none: anybody who writes an allowed From gets in"
        yield Finding("mail in", Verdict.WARN, said, "Set DRAGOMAN_SENDER_AUTH=trusted and DRAGOMAN_TRUSTED_PEERS.")
    elif not settings.trusted_peers:
        said = "all mail is refused: no mail server is trusted to have proved the senders"
        yield Finding("mail in", Verdict.WARN, said, "Set DRAGOMAN_TRUSTED_PEERS to the address of yours.")
    elif settings.mail_address.endswith("@localhost"):
        said = f"{settings.mail_address} is no address that others can write to"
        yield Finding("mail in", Verdict.WARN, said, "Set DRAGOMAN_MAIL_ADDRESS.")
    else:
        said = f"{settings.mail_address} takes mail of {len(settings.allowed_senders)} entries in ALLOWED_SENDERS"
        yield Finding("mail in", Verdict.OK, said)


def _outbound(settings: Settings) -> Iterator[Finding]:
    from notifier.outbound import SmtpOutbound, open_outbound

    outbound = open_outbound(settings)
    if isinstance(outbound, SmtpOutbound):
        outbound.greet()
        yield Finding("mail out", Verdict.OK, "the mail server answers and lets us in")
    else:
        said = f"answers are not sent, but kept in {settings.data_dir.absolute() / 'outbox'}"
        yield Finding("mail out", Verdict.WARN, said, "Set DRAGOMAN_OUTBOUND_SMTP_URL.")


def _links(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key is None and not (settings.data_dir / "secret_key").exists():
        todo = "`dragoman up` makes one of its own; for single processes `dragoman init` writes one."
        yield Finding("links", Verdict.WARN, "no DRAGOMAN_SECRET_KEY to sign them with", todo)
    elif settings.public_url is None:
        yield Finding("links", Verdict.OK, "none in answers: they carry the file itself, since no PUBLIC_URL is set")
    elif settings.public_url.startswith("http://"):
        todo = "Put a proxy with TLS before the web process, and use https://."
        yield Finding("links", Verdict.WARN, f"{settings.public_url}: whoever listens on the way can use them", todo)
    else:
        yield Finding("links", Verdict.OK, f"below {settings.public_url}, for {settings.link_ttl_s / 86400:g} days")


def _fonts(settings: Settings) -> Iterator[Finding]:
    import pymupdf

    fallback = pymupdf.Font("cjk").name  # type: ignore[no-untyped-call]
    yield Finding("fonts", Verdict.OK, f"PyMuPDF {version('pymupdf-lite')} brings them along; for the rest: {fallback}")


def _ocr(settings: Settings) -> Iterator[Finding]:
    found = "is" if shutil.which("tesseract") else "is not"
    said = f"not in this version: scans are answered with an explanation (tesseract {found} installed)"
    yield Finding("OCR", Verdict.OK, said)


def _flower(settings: Settings) -> Iterator[Finding]:
    from dragoman.flower import check

    check(settings)
    guarded = "asks for a password" if settings.flower_auth else "has no password, and is open to this host alone"
    yield Finding("Flower", Verdict.OK, f"{settings.flower_listen} {guarded}")


def _has_database(settings: Settings) -> bool:
    """False where looking would make an empty SQLite file."""
    file = settings.database.removeprefix("sqlite:///")
    return file == settings.database or Path(file).exists()


# What is looked at, how, and what to do when it raises.
CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]], str], ...] = (
    ("data", _data, ""),
    ("database", _database, "Start it, or mend DRAGOMAN_DATABASE_URL."),
    (
        "store",
        _store,
        "Start it, make the bucket, or mend DRAGOMAN_STORAGE_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.",
    ),
    ("broker", _broker, ""),
    ("services", _services, ""),
    ("engine", _engines, "Mend DRAGOMAN_ENGINE or DRAGOMAN_DEEPL_AUTH_KEY, or install the engine."),
    ("mail in", _mail, ""),
    ("mail out", _outbound, "Mend DRAGOMAN_OUTBOUND_SMTP_URL: its host, name and password."),
    ("links", _links, ""),
    ("fonts", _fonts, ""),
    ("OCR", _ocr, ""),
    ("Flower", _flower, "Set DRAGOMAN_FLOWER_AUTH to NAME:PASSWORD, or listen on 127.0.0.1."),
)
