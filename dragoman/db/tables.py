"""The tables.

Three ledgers (`inbox`, `jobs`, `outbox`) share the columns of `Leased`; the rest is memory.

Times are seconds since 1970 on the database's clock (`dragoman.db.clock`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from dragoman.domain.job import RowState

Seconds = Float(53)
# A column of JSON as it is stored; what it means is said by the values of `dragoman.domain.rows`.
Json = dict[str, Any]


class Base(DeclarativeBase):
    """All tables of the program."""

    # SQLAlchemy's way
    type_annotation_map = {Json: JSON, list[Json]: JSON, float: Seconds}  # noqa: RUF012


class Leased:
    """What makes a row workable: who may work on it when, how often it was tried, when a doorbell
    last rang for it.

    `epoch` counts the claims and fences every later write. `holder` is the id of the task that
    claimed it last. `losses` counts workers that died holding the row. `waiting_for`: the person's
    word that it waits for; still set in a claimed row: none came in time.
    """

    state: Mapped[str] = mapped_column(String(10), default=RowState.READY.value)
    epoch: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[float] = mapped_column(default=0.0)
    holder: Mapped[str | None] = mapped_column(String(40))
    run_after: Mapped[float] = mapped_column(default=0.0)
    rung_at: Mapped[float] = mapped_column(default=0.0)
    rings: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[float]
    ended_at: Mapped[float | None]
    waiting_for: Mapped[str | None] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_advice: Mapped[str | None] = mapped_column(Text)
    # `DragomanError.facts`
    error_facts: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    # for the log and the admin; no code reads it
    error_detail: Mapped[str | None] = mapped_column(Text)
    traceparent: Mapped[str | None] = mapped_column(String(60))


class InboxRow(Leased, Base):
    """A message that a front door accepted. `payload` holds ids and addresses, never bytes.

    `run` rises with each retry of one of its jobs; `jobs_left` counts the jobs of this run that
    have not ended.
    """

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_due", "state", "run_after"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    sender: Mapped[str] = mapped_column(String(320), index=True)
    payload: Mapped[Json]
    blob: Mapped[str | None] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    run: Mapped[int] = mapped_column(default=1)
    jobs_left: Mapped[int] = mapped_column(default=0)
    purged_at: Mapped[float | None]


class JobRow(Leased, Base):
    """One PDF to one language.

    `artifact` is the blob of the last finished stage, `result` the translated PDF.

    `card_id` and `file_ref`: the card that shows it, and the front end's own name of the file.
    `secret`: the PDF's password, encrypted, until the job ends.

    The estimate made after reading it: `to_bill`, the characters that the engine will charge for,
    and `remembered`, the share of its text (0 to 1) that was paid for before. `approved_at`: when
    somebody agreed to that. `price`: what they may cost, in `currency` (ISO 4217); None: nothing,
    or not known. What it came to: `tokens_read` and `tokens_written` of a language model, and
    `paid` in `paid_in`, at the prices that are set (None: there are none). `approval_reason`: why
    somebody has to agree (`dragoman.domain.job.ApprovalReason`); None: nobody has to. `team`: a
    hash of the owner's Slack workspace or mail domain, which stays when the owner is forgotten.
    `remade_in`: the run in which it began anew since its artifact was lost. `parts`: how many a
    long document was cut into, 0: none. `parts_left`: those that have not finished the present
    stage; the last one makes the job due.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_due", "state", "run_after"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(300), unique=True)
    message_id: Mapped[str | None] = mapped_column(ForeignKey("inbox.id"), index=True)
    card_id: Mapped[str | None] = mapped_column(String(32), index=True)
    file_ref: Mapped[str | None] = mapped_column(String(80), index=True)
    secret: Mapped[str | None] = mapped_column(Text)
    run: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str] = mapped_column(String(20))
    owner: Mapped[str] = mapped_column(String(320), index=True)
    team: Mapped[str | None] = mapped_column(String(10), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    options: Mapped[Json]
    source: Mapped[str] = mapped_column(String(200))
    source_sha256: Mapped[str] = mapped_column(String(64))
    source_size: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[str] = mapped_column(String(20))
    stage_since: Mapped[float]
    progress: Mapped[int] = mapped_column(default=0)
    artifact: Mapped[str | None] = mapped_column(String(200))
    result: Mapped[str | None] = mapped_column(String(200))
    result_size: Mapped[int | None] = mapped_column(BigInteger)
    source_lang: Mapped[str | None] = mapped_column(String(20))
    target_lang: Mapped[str] = mapped_column(String(20))
    engine: Mapped[str | None] = mapped_column(String(40))
    pages: Mapped[int | None]
    characters: Mapped[int | None] = mapped_column(BigInteger)
    characters_billed: Mapped[int] = mapped_column(BigInteger, default=0)
    to_bill: Mapped[int | None] = mapped_column(BigInteger)
    remembered: Mapped[float | None]
    approved_at: Mapped[float | None]
    price: Mapped[float | None] = mapped_column(Seconds)
    currency: Mapped[str | None] = mapped_column(String(3))
    tokens_read: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    tokens_written: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    paid: Mapped[float | None] = mapped_column(Seconds)
    paid_in: Mapped[str | None] = mapped_column(String(3))
    approval_reason: Mapped[str | None] = mapped_column(String(20))
    parts: Mapped[int] = mapped_column(default=0)
    parts_left: Mapped[int] = mapped_column(default=0)
    remade_in: Mapped[int | None]
    warnings: Mapped[list[Json]] = mapped_column(default=list)
    link_version: Mapped[int] = mapped_column(default=1)
    purged_at: Mapped[float | None]


class PartRow(Leased, Base):
    """A range of pages of a long document, worked on beside its other parts; it goes through the
    stages with its job.

    `pages` are 0-based numbers, `artifact` the blob of the part's last finished stage, `facts` what
    the whole has to know.
    """

    __tablename__ = "parts"
    __table_args__ = (
        UniqueConstraint("job_id", "number"),
        Index("parts_due", "state", "run_after"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), index=True)
    number: Mapped[int]
    stage: Mapped[str] = mapped_column(String(20))
    pages: Mapped[list[int]] = mapped_column(JSON)
    progress: Mapped[int] = mapped_column(default=0)
    artifact: Mapped[str | None] = mapped_column(String(200))
    facts: Mapped[Json]


class OutboxRow(Leased, Base):
    """A delivery: one message owed for `owner` (a job's or a message's id) in `run`; unique per
    kind.

    `maybe_sent` is 1 from just before a send until its outcome is known. `rendered` is the blob of
    the bytes to send. `bounced_at`: when a mail server reported that it could not deliver it after
    all; `bounce` is what it said. `instead`: why it cannot be delivered as it is (a code), so that
    the sender is told in words; `instead_detail`: what was said.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("owner", "run", "kind"),
        Index("outbox_due", "state", "run_after"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(32), index=True)
    run: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    payload: Mapped[Json]
    rendered: Mapped[str | None] = mapped_column(String(200))
    maybe_sent: Mapped[int] = mapped_column(default=0)
    ref: Mapped[str | None] = mapped_column(String(998))
    sent_at: Mapped[float | None]
    bounced_at: Mapped[float | None]
    bounce: Mapped[str | None] = mapped_column(String(300))
    instead: Mapped[str | None] = mapped_column(String(60))
    instead_detail: Mapped[str | None] = mapped_column(Text)


class CardRow(Leased, Base):
    """The one message in a Slack thread that shows how the files of a post are doing; a view, the
    latest state wins.

    `place`: channel id, `post_ts`: the post, `thread_ts`: the thread to answer in, `requester`: a
    user's id. `shown_place` and `shown_ts` say where the card is (a direct message, where the
    channel is closed to us), `shown`: a hash of what it says, `reaction`: ours on the post.
    `version` rises with each change that the card has to follow. `notes`: files left out and why.
    `asks`: what is asked of the requester.
    """

    __tablename__ = "cards"
    __table_args__ = (Index("cards_due", "state", "run_after"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    team: Mapped[str] = mapped_column(String(40), index=True)
    place: Mapped[str] = mapped_column(String(40), index=True)
    post_ts: Mapped[str] = mapped_column(String(40))
    thread_ts: Mapped[str] = mapped_column(String(40))
    requester: Mapped[str] = mapped_column(String(40))
    message_id: Mapped[str | None] = mapped_column(String(32), index=True)
    version: Mapped[int] = mapped_column(default=1)
    shown_place: Mapped[str | None] = mapped_column(String(40))
    shown_ts: Mapped[str | None] = mapped_column(String(40))
    shown: Mapped[str | None] = mapped_column(String(64))
    shown_at: Mapped[float] = mapped_column(default=0.0)
    maybe_sent: Mapped[int] = mapped_column(default=0)
    reaction: Mapped[str | None] = mapped_column(String(60))
    notes: Mapped[list[Json]] = mapped_column(default=list)
    asks: Mapped[str | None] = mapped_column(String(20))
    withdrawn_at: Mapped[float | None]


class TokenRow(Leased, Base):
    """A token that a mail server takes from us in place of a password; due when it has to be
    renewed.

    `id`: a keyed hash of the credential that it was given for. `sealed`: the token, encrypted;
    None: there was none yet. `usable_until` lies before its end, so that it does not end while it
    is used.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[str | None] = mapped_column(Text)
    issued_at: Mapped[float] = mapped_column(default=0.0)
    usable_until: Mapped[float] = mapped_column(default=0.0)


class TeamRow(Base):
    """A Slack workspace that Dragoman is installed in.

    `revoked_at`: its token was taken back, or the app removed.
    """

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    facts: Mapped[Json]
    seen_at: Mapped[float]
    revoked_at: Mapped[float | None]


class PlaceRow(Base):
    """What a Slack channel wants (`team:channel`), or a person does (`team:user`): small JSON,
    its shape in `dragoman.domain.wishes`.
    """

    __tablename__ = "places"

    key: Mapped[str] = mapped_column(String(90), primary_key=True)
    wishes: Mapped[Json]
    changed_at: Mapped[float]


class GlossaryRow(Base):
    """A glossary that is kept for a person, a channel or a team, see
    `dragoman.domain.glossaries.kept`.

    `terms`: pairs of a term and its translation.
    """

    __tablename__ = "glossaries"

    scope: Mapped[str] = mapped_column(String(320), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    target_lang: Mapped[str] = mapped_column(String(20), primary_key=True)
    source_lang: Mapped[str | None] = mapped_column(String(20))
    terms: Mapped[list[list[str]]] = mapped_column(JSON)
    kept_at: Mapped[float] = mapped_column(Seconds)


class ReservedTextRow(Base):
    """A text that is being asked for.

    `key`: as in `TranslationRow`; `row_id` and `epoch`: of the leased job or part that asks.
    """

    __tablename__ = "reserved_texts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    row_id: Mapped[str] = mapped_column(String(32), index=True)
    epoch: Mapped[int]


class TranslationRow(Base):
    """The translation memory: what an engine answered once is never paid for again.

    `key` is a hash of team, engine and its version, languages, options, context and text. `job_id`:
    the job that paid, so that a purge forgets it. `team`: a hash of who shares it; None: from
    before there were teams, and never found again.
    """

    __tablename__ = "translations"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    engine: Mapped[str] = mapped_column(String(40))
    target_lang: Mapped[str] = mapped_column(String(20))
    job_id: Mapped[str | None] = mapped_column(String(32), index=True)
    used_at: Mapped[float] = mapped_column(Seconds, index=True)
    team: Mapped[str | None] = mapped_column(String(10))
    engine_version: Mapped[str | None] = mapped_column(String(64))


class CapabilityRow(Base):
    """What a worker (`worker@host`) said its engines can do; the doors check targets against it."""

    __tablename__ = "capabilities"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    engine: Mapped[str] = mapped_column(String(40), primary_key=True)
    facts: Mapped[Json]
    seen_at: Mapped[float]


class StageTimeRow(Base):
    """How long stages took: the history that an ETA is made from."""

    __tablename__ = "stage_times"
    __table_args__ = (Index("stage_times_by", "stage", "engine", "ended_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    stage: Mapped[str] = mapped_column(String(20))
    engine: Mapped[str] = mapped_column(String(40))
    pages: Mapped[int]
    seconds: Mapped[float]
    ended_at: Mapped[float]


class HeartbeatRow(Base):
    """When a service was last known to be alive and doing its work."""

    __tablename__ = "heartbeats"

    service: Mapped[str] = mapped_column(String(80), primary_key=True)
    facts: Mapped[Json]
    seen_at: Mapped[float]


class PulseRow(Base):
    """What a process (`worker@host`, and its id there) last said of itself: its size, its load,
    what it counts.
    """

    __tablename__ = "pulses"

    service: Mapped[str] = mapped_column(String(80), primary_key=True)
    pid: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    facts: Mapped[Json]
    seen_at: Mapped[float]


class TallyRow(Base):
    """A count that only rises: of how many events with these labels (JSON), and the sum of their
    values.

    `bucket`: the upper bound of the values counted here, for a histogram; else "".
    """

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    labels: Mapped[str] = mapped_column(String(200), primary_key=True)
    bucket: Mapped[str] = mapped_column(String(12), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[float]


class StoreMarkRow(Base):
    """The one row (`id` is `own`) that says who this database is, and what it wrote last into the
    marker of its store.

    `pending`: the token of a marker that may be there already, though this row has not heard of it.
    `keeps_strangers`: the store was taken over with files that no row knows; only an admin's word
    deletes them.
    """

    __tablename__ = "store_marks"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)
    database: Mapped[str] = mapped_column(String(32))
    generation: Mapped[int]
    token: Mapped[str] = mapped_column(String(32))
    pending: Mapped[str | None] = mapped_column(String(32))
    keeps_strangers: Mapped[bool]


class AuditRow(Base):
    """Who did what to a job: see `dragoman.db.records.audit`.

    `owner`: whose job it was; `address`: where from, None: not known.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[float] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    job_id: Mapped[str] = mapped_column(String(32), index=True)
    owner: Mapped[str] = mapped_column(String(320))
    who: Mapped[str | None] = mapped_column(String(320))
    address: Mapped[str | None] = mapped_column(String(60))
