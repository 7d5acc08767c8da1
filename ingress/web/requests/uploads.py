"""An upload: read within bounds, kept durably, then answered."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from typing import Any, Protocol

from starlette.datastructures import UploadFile
from starlette.requests import Request as HttpRequest
from starlette.types import Message

from dragoman.adapters import table_reader
from dragoman.app.intake import Pdf, Request
from dragoman.app.pdf_check import too_large
from dragoman.domain.glossaries import files as glossary_files
from dragoman.domain.glossaries.files import Terms
from dragoman.domain.job import Options
from dragoman.domain.rows.job import Job
from dragoman.domain.specs.channel_specs import channels
from dragoman.domain.specs.loading import load
from dragoman.errors import Conflict, RequestError
from dragoman.settings import Settings
from dragoman.telemetry import tracer
from ingress.web import parse
from ingress.web.requests.context import Door

FORM_BYTES = 64 * 1024  # the form around the file: fields, headers and boundaries
LONGEST_KEY = 255  # characters of an Idempotency-Key
FILE, GLOSSARY = "file", "glossary"


@dataclass(frozen=True, slots=True)
class Reply:
    """Where the answer to an upload goes, by which channel; None: nowhere, its page is its
    answer.
    """

    channel: str | None = None
    to: str | None = None


NO_REPLY = Reply()


def take_reply(settings: Settings, owner: str, fields: dict[str, str]) -> Reply:
    """Where the form says that the answer goes, or what is set for its owner; takes such fields
    out of `fields`. Raises RequestError.
    """
    found = NO_REPLY
    for spec in channels():
        if spec.reply_field is None:
            continue
        to: str | None = load(spec.reply_field.read)(
            fields.pop(spec.reply_field.name, ""), settings, owner
        )
        found = Reply(spec.name, to) if to and found is NO_REPLY else found
    return found


class Owning(Protocol):
    """Whoever uploads: the holder of a token, or a person who is signed in."""

    @property
    def owner(self) -> str:
        """The owner of the job."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an upload holds: the PDF (spooled to disk), a glossary's file if there is one, and the
    other fields.
    """

    file: UploadFile
    fields: dict[str, str]
    glossary: UploadFile | None = None

    async def close(self) -> None:
        """Let go of the files."""
        await self.file.close()
        if self.glossary is not None:
            await self.glossary.close()


async def read_form(request: HttpRequest, limit: int) -> Form:
    """The parts of a multipart form.

    Raises TooLarge at the header or at the first byte over `limit` (of the file) and what a form
    and a glossary may have, RequestError without a file.
    """
    most = limit + FORM_BYTES + glossary_files.MOST_BYTES
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large(limit)
    bounded = HttpRequest(request.scope, _bounded(request, most, limit))
    form = await bounded.form(
        max_files=2, max_fields=len(parse.FIELDS) + 5, max_part_size=FORM_BYTES
    )
    file = form.get(FILE)
    if not isinstance(file, UploadFile):
        await form.close()
        raise RequestError(
            f"The form has no file in its field `{FILE}`.",
            advice=(
                "Please send multipart/form-data, for example: curl -F file=@report.pdf -F"
                " target_lang=de …"
            ),
        )
    glossary = form.get(GLOSSARY)
    return Form(
        file,
        {name: value for name, value in form.items() if isinstance(value, str)},
        glossary if isinstance(glossary, UploadFile) else None,
    )


def accept(
    door: Door,
    caller: Owning,
    form: Form,
    idempotency_key: str | None,
    *,
    reply: Reply = NO_REPLY,
) -> Job:
    """Keep an upload and make a job of it.

    The same Idempotency-Key with the same file and options gives the job that it made the first
    time. Raises Conflict when it comes with anything else, and whatever `parse.options` and intake
    raise.
    """
    with tracer().start_as_current_span("web.upload"):
        options = parse.options(
            form.fields,
            default_target=door.settings.default_target_lang,
            engines=door.engines(),
            max_pages=door.settings.max_pages,
        )
        options = replace(
            options, reply_by=reply.channel, reply_to=reply.to, glossary=_terms(form.glossary)
        )
        door.intake.check_request(options, owner=caller.owner, channel="web")
        door.check_engine(options.engine, options.target_lang)
        key = _key(caller, idempotency_key)
        # When `submit` fails the bytes stay until the clean-up: the commit may have happened all
        # the same.
        pdf = door.intake.store_pdf(form.file.filename or "", form.file.file)
        receipt = door.intake.submit([Request(pdf, options, caller.owner, "web", key)])
    row = door.intake.find(receipt.job_ids[0]).job
    if not receipt.created:
        _check_same(row, pdf, options)
    return row


def _terms(glossary: UploadFile | None) -> Terms:
    """The terms of a glossary's file. Raises UnsupportedOption."""
    # A form of a page has a part without a name where no file was chosen.
    if glossary is None or not glossary.filename:
        return ()
    data = glossary.file.read(glossary_files.MOST_BYTES + 1)
    return table_reader.terms(glossary.filename, data)


def _bounded(request: HttpRequest, most: int, limit: int) -> Any:
    """The request's `receive`, which raises TooLarge once `most` bytes have come."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise too_large(limit)
        return message

    return receive


def _key(caller: Owning, idempotency_key: str | None) -> str:
    """The job's key.

    It holds no hash of the file: one unique key is what makes a race of two uploads safe.
    """
    if idempotency_key is None:
        return f"{caller.owner}:{uuid.uuid4().hex}"
    if not 0 < len(idempotency_key) <= LONGEST_KEY:
        raise RequestError(f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
    return f"{caller.owner}:key:{hashlib.sha256(idempotency_key.encode()).hexdigest()}"


def _check_same(row: Job, pdf: Pdf, options: Options) -> None:
    if row.source_sha256 != pdf.sha256 or row.options != options:
        raise Conflict(
            "This Idempotency-Key was used before, for another file or with other options.",
            advice="Please use a new key for each new upload.",
        )
