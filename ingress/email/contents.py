"""What a mail held, after it was taken apart: PDFs in the store, words, and what was left out
and why.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from typing import BinaryIO, cast

from dragoman.app.intake import Intake, Pdf
from dragoman.domain.answers.row_words import REST_OF_EMAIL
from dragoman.domain.file_kinds import what_is
from dragoman.errors import EmptyFile, NotAPdf, RequestError, StoreUnavailable
from ingress.email import sandboxed_parser
from ingress.email.mime import attachments


class MailTooComplex(RequestError):
    """The sandboxed parser ran out of parts, depth or time; what was read before that is kept."""

    message = (
        "We could not read all of the email: it has too many parts, or takes too long to read."
    )
    code = "mail_too_complex"
    exit_code = 28
    http_status = 422
    advice = "Please send the PDF by itself in a new email."


class LockedMail(RequestError):
    """An encrypted part, such as S/MIME's, which we have no key for."""

    message = "This part of the email is encrypted, and only its recipient's key opens it."
    code = "locked_mail"
    exit_code = 29
    http_status = 422
    advice = "Please send the PDF in an email that is not encrypted (signed is fine)."


class Contents:
    """See the module's words."""

    def __init__(self, intake: Intake) -> None:
        self.pdfs: list[Pdf] = []
        self.copies: list[Pdf] = []  # of PDFs that become several jobs
        self.top = sandboxed_parser.Top("", (), "")
        self.ignored: list[dict[str, str]] = []
        self._intake = intake
        self._plain: list[str] = []
        self._html: list[str] = []

    @property
    def words(self) -> str:
        """What the sender wrote, before and after attachments; as plain text where there is one."""
        plain = "\n".join(self._plain)
        return plain if plain.strip() else "\n".join(self._html)

    def read(self, mail: BinaryIO) -> None:
        """Take everything out of `mail`, each PDF once."""
        with _on_disk(mail) as file:
            for item in sandboxed_parser.found_in(file):
                self._take(item)

    def add(self, filename: str, body: BinaryIO) -> None:
        """Store a PDF, unless it is there already."""
        try:
            pdf = self._intake.store_pdf(filename, body)
        except RequestError as error:
            self.leave(filename, error)
        except EOFError:
            self.leave(filename, MailTooComplex())
        else:
            self._keep(pdf)

    def leave(self, filename: str, error: RequestError) -> None:
        """Tell the sender that something was left out."""
        told = {
            "filename": filename,
            "code": error.code,
            "message": str(error),
            "advice": error.advice,
        }
        if told not in self.ignored:
            self.ignored.append(told)

    def forget(self) -> None:
        """Delete the PDFs from the store: no job will need them."""
        for pdf in (*self.pdfs, *self.copies):
            with suppress(StoreUnavailable):
                self._intake.store.delete(pdf.blob)
        self.pdfs, self.copies = [], []

    def _take(self, item: sandboxed_parser.Found) -> None:
        match item:
            case attachments.Words(text, is_html):
                (self._html if is_html else self._plain).append(text)
            case attachments.PdfFound(filename, body):
                self.add(filename, cast("BinaryIO", body))
            case attachments.Other(filename, head):
                self.leave(filename, NotAPdf(what_is(head)) if head else EmptyFile())
            case attachments.Locked(filename):
                self.leave(filename, LockedMail())
            case attachments.TooMany(filename):
                self.leave(filename or REST_OF_EMAIL, _too_many(filename))
            case sandboxed_parser.Broken():
                self.leave(REST_OF_EMAIL, MailTooComplex())
            case sandboxed_parser.Top():
                self.top = item

    def _keep(self, pdf: Pdf) -> None:
        if any(pdf.sha256 == known.sha256 for known in self.pdfs):
            self._intake.store.delete(pdf.blob)
        else:
            self.pdfs.append(pdf)


@contextmanager
def _on_disk(mail: BinaryIO) -> Iterator[BinaryIO]:
    """`mail` as a file that a child can read; what comes over a network is copied first."""
    try:
        mail.fileno()
    except (AttributeError, UnsupportedOperation, OSError):
        with tempfile.TemporaryFile() as file:
            while chunk := mail.read(1 << 20):
                file.write(chunk)
            file.seek(0)
            yield cast("BinaryIO", file)
    else:
        yield mail


def _too_many(filename: str | None) -> RequestError:
    if filename is None:
        message = (
            "The email has too many parts, or too many emails inside each other; the rest was not"
            " read."
        )
        return MailTooComplex(message)
    message = f"At most {attachments.MOST_PDFS} PDFs are accepted in one email."
    return MailTooComplex(message, advice="Please send the rest in another email.")
