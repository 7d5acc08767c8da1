"""What front ends hand to intake, and what they get back (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dragoman.domain.job import Options
from dragoman.domain.rows.card import Note
from dragoman.domain.rows.message import Payload


@dataclass(frozen=True, slots=True)
class Message:
    """What a front door received, before it is opened.

    `key` says when two are the same; `payload` is small JSON.
    """

    channel: str
    key: str
    sender: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Pdf:
    """A PDF in the store, with the id of the job that it will belong to."""

    job_id: str
    blob: str
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Request:
    """One PDF to one language.

    `owner` is an address, `web:NAME` or `slack:TEAM:USER`; `key` says when two requests are the
    same.

    `card_id` and `file_ref`: as in the job's row. `password`: of the PDF, kept encrypted until the
    job ends.
    """

    pdf: Pdf
    options: Options
    owner: str
    channel: str
    key: str
    card_id: str | None = None
    file_ref: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a front door gets back. `created` is False when all of it was known before."""

    created: bool
    message_id: str | None = None
    job_ids: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class OnCard:
    """What the card of a post has to say besides its jobs: files left out, with `filename`,
    `code`, `message`, `advice`.
    """

    card_id: str
    notes: Sequence[Note]
