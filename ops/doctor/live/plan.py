"""What a live trial sends, and how it follows a job to its end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dragoman.adapters.storage import open_store
from dragoman.app import retention
from dragoman.db.engine import Database
from dragoman.db.ledgers import outbox
from dragoman.db.queries import lists
from dragoman.db.queries.short_ids import SHOWN
from dragoman.db.records import process_registry
from dragoman.domain import language
from dragoman.domain.job import RowState
from dragoman.domain.rows.delivery import Delivery, Kind
from dragoman.domain.rows.job import Job
from dragoman.errors import DragomanError, EngineMissing
from dragoman.ports import BlobStore, Capabilities
from dragoman.settings import Settings

SENTENCES = {
    "en": "This page was sent by the live trial of Dragoman. It may be thrown away.",
    "de": "Diese Seite hat der Probelauf von Dragoman geschickt. Man darf sie wegwerfen.",
}
LIKED = ("de", "fr", "es")  # the targets that are taken where the admin has chosen none
LOOK_EVERY_S = 0.5
TYPE_SIZE, MARGIN = 14, 72  # points


class LiveTrialFailed(DragomanError):
    """A step of `dragoman doctor --live` that did not come to its end."""

    message = "The live trial did not finish."
    code = "live_trial_failed"
    exit_code = 57
    advice = "Please look at the log of the process that it waited for."


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried.

    `parts`: some of `engine`, `mail`, `slack`. `within_s`: how long each may take, in seconds.
    `sender`: the address that the mail comes from and the answer goes to. `slack_channel`: a
    channel's id. None: that part is left out, and says so.
    """

    parts: tuple[str, ...]
    within_s: float = 180.0
    sender: str | None = None
    slack_channel: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """The database and the store of the running processes."""

    settings: Settings
    database: Database
    store: BlobStore


@contextmanager
def site(settings: Settings) -> Iterator[Site]:
    """Connected, until the trial is over."""
    database = Database(settings.database)
    try:
        yield Site(settings, database, open_store(settings.storage))
    finally:
        database.close()


def languages(known: Iterable[Capabilities], default: str | None) -> tuple[str, str]:
    """The source (`en` or `de`) and the target of a trial with these engines.

    Raises EngineMissing where none has such a pair.
    """
    known = list(known)
    for target in (
        *([default] if default else []),
        *LIKED,
        *sorted(frozenset[str]().union(*(one.targets for one in known))),
    ):
        source = "de" if language.same(target, "en") else "en"
        if not language.same(target, source) and any(_serves(one, source, target) for one in known):
            return source, target
    raise EngineMissing("No engine here translates from English or German.")


def _serves(one: Capabilities, source: str, target: str) -> bool:
    if not language.is_among(target, one.targets):
        return False
    return one.pairs is None or (source, language.base(target)) in one.pairs


def published(here: Site) -> tuple[str, str]:
    """The languages of a trial with the engines of the running workers. Raises EngineMissing."""
    with here.database.read() as connection:
        known = process_registry.published(connection)
    if not known:
        raise EngineMissing("No worker has reported what its engines can do. Is one running?")
    return languages(known, here.settings.default_target_lang)


def page(sentence: str) -> bytes:
    """A PDF of one page with the sentence."""
    import pymupdf

    with pymupdf.open() as document:
        document.new_page().insert_text((MARGIN, MARGIN), sentence, fontsize=TYPE_SIZE)
        return bytes(document.tobytes())


def words(pdf: bytes) -> str:
    """The text of a PDF. Raises LiveTrialFailed for what is none."""
    import pymupdf

    try:
        with pymupdf.open(stream=pdf, filetype="pdf") as document:
            return " ".join(" ".join(one.get_text() for one in document).split())
    except pymupdf.FileDataError as error:
        raise LiveTrialFailed("What came back is not a readable PDF.") from error


def check(pdf: bytes, sentence: str) -> str:
    """The words that came back. Raises LiveTrialFailed where they are none, or the old ones."""
    found = words(pdf)
    if not found or found == sentence:
        raise LiveTrialFailed("The PDF that came back contains no translation.")
    return found


def name() -> str:
    """A file name that nothing else has."""
    return f"dragoman-live-{secrets.token_hex(4)}.pdf"


def await_(look: Callable[[], Any], within_s: float, what: str) -> Any:
    """What `look` finds, once that is something.

    Raises LiveTrialFailed with `what`, a sentence without its full stop.
    """
    end = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > end:
            raise LiveTrialFailed(f"{what} (after {within_s:.0f} s).")
        time.sleep(LOOK_EVERY_S)
    return found


def await_job(here: Site, file: str, within_s: float, lost: str) -> Job:
    """The job of a file, once it is completed.

    Raises LiveTrialFailed; `lost`: what to say where there is none.
    """
    last: Job = await_(lambda: _job(here, file), within_s, lost)

    def ended() -> Job | None:
        nonlocal last
        last = _job(here, file) or last
        return last if last.ended_at is not None else None

    try:
        await_(ended, within_s, "The job did not end")
    except LiveTrialFailed as error:
        waits = f", waiting for {last.waits_for}" if last.waits_for else ""
        raise LiveTrialFailed(
            f"{error} It is {last.id[:SHOWN]}, {last.status} at {last.progress} percent{waits}."
        ) from error
    if last.state != RowState.DONE:
        raise LiveTrialFailed(
            f"Its job {last.id[:SHOWN]} ended with {last.error_code}: {last.error_message}"
        )
    return last


def await_sent(here: Site, owner: str, within_s: float) -> Delivery:
    """The delivery of the final answer to a job or message, once it was sent.

    Raises LiveTrialFailed.
    """

    def sent() -> Delivery | None:
        with here.database.read() as connection:
            rows = [one for one in outbox.deliveries(connection, owner) if one.kind == Kind.FINAL]
        if any(one.state == RowState.DEAD for one in rows):
            raise LiveTrialFailed(
                f"The answer could not be sent: {rows[-1].error_code}.",
                detail=rows[-1].error_detail or "",
            )
        done = next((one for one in rows if one.state == RowState.DONE), None)
        # the sender was told why, but a trial is to show that files get through
        if done and done.instead:
            raise LiveTrialFailed(
                f"The file was not taken: {done.instead}.", detail=done.instead_detail or ""
            )
        return done

    found: Delivery = await_(
        sent,
        within_s,
        "The answer was not sent; the notifier may be stopped, or the receiving side may refuse it",
    )
    return found


def forget(here: Site, job_id: str) -> None:
    """Take away what a trial has made: the job's files and texts, and what was shown in Slack."""
    retention.purge_job(here.database, here.store, job_id, None, here.settings.maildir)
    retention.take_back(here.database, here.settings, job_id)


def forget_file(here: Site, file: str) -> None:
    """The same for the job of a file, where there is one, however far it came."""
    job = _job(here, file)
    if job is not None:
        forget(here, job.id)


def _job(here: Site, file: str) -> Job | None:
    with here.database.read() as connection:
        rows = lists.jobs(connection, lists.Wanted(file=file, limit=1)).rows
        return rows[0] if rows else None
