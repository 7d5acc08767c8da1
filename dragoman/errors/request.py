"""What the sender can mend; permanent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from dragoman.errors.base import Blame, DragomanError


class RequestError(DragomanError):
    message = "We cannot handle the request as it is."
    code = "request"
    blame = Blame.SENDER
    exit_code = 2
    http_status = 400
    advice = "Please change the request and send it again."


class NotAPdf(RequestError):
    message = "The file is not a PDF."
    code = "not_a_pdf"
    exit_code = 10
    http_status = 415
    advice = "Please export the document as a PDF and send that."


class EmptyFile(RequestError):
    message = "The file is empty (0 bytes)."
    code = "empty_file"
    exit_code = 11
    http_status = 422
    advice = "Something went wrong on the way to us. Please attach the file again."


class DamagedPdf(RequestError):
    message = "The PDF is damaged or cut short, so its pages cannot be read."
    code = "damaged_pdf"
    exit_code = 12
    http_status = 422
    advice = "Please open it in a PDF reader, save or print it as a new PDF, and send that."


class EncryptedPdf(RequestError):
    message = "The PDF is locked with a password."
    code = "encrypted_pdf"
    exit_code = 13
    http_status = 422
    advice = "Please save a copy without the password and send that."
    for_admin = "Please give the password with --password, or save a copy without it."


class WrongPassword(RequestError):
    message = "The password does not open this PDF."
    code = "wrong_password"
    exit_code = 14
    http_status = 422
    advice = "Please check the password and try again."


class NoText(RequestError):
    message = "The PDF contains no text, only pictures (it may be a scan)."
    code = "no_text"
    exit_code = 15
    http_status = 422
    advice = (
        "Please send a version with selectable text, or run text recognition (OCR) on it first."
    )


class OcrMissing(NoText):
    message = (
        "The PDF is a scan (pictures of pages), and text recognition is not installed on this"
        " server."
    )
    code = "ocr_missing"
    exit_code = 19
    advice = (
        "Please send a version with selectable text, or ask the admin of this server to install"
        " Tesseract."
    )
    for_admin = (
        "Please install it with your documents' languages: apt-get install tesseract-ocr"
        " tesseract-ocr-deu."
    )


class VerticalText(NoText):
    message = (
        "The text of this PDF runs from top to bottom, and we cannot translate vertical text yet."
    )
    code = "vertical_text"
    exit_code = 26
    advice = "Please send a version whose lines run from left to right."


class TooLarge(RequestError):
    message = "The file is larger than this server accepts."
    code = "too_large"
    exit_code = 16
    http_status = 413
    advice = "Please send a smaller file, or split it into parts."


class TooManyPages(RequestError):
    message = "The PDF has more pages than this server accepts."
    code = "too_many_pages"
    exit_code = 17
    http_status = 422
    advice = "Please split it into parts and send them one by one."


class TooComplex(RequestError):
    message = "The PDF needs more time or memory than this server allows for one document."
    code = "too_complex"
    exit_code = 18
    http_status = 422
    advice = "Please print it as a new PDF in a PDF reader and send that, or split it into parts."


class UnknownLanguage(RequestError):
    message = "We do not know that language."
    code = "unknown_language"
    exit_code = 20
    http_status = 422
    advice = "Please use a code such as de, fr or pt-BR, or the language's name."


class NoLanguage(RequestError):
    message = "No language was named."
    code = "no_language"
    exit_code = 21
    http_status = 422
    advice = "Please say which language you want, for example “to French”."


class UnsupportedTarget(RequestError):
    message = "The engine cannot translate into that language."
    code = "unsupported_target"
    exit_code = 22
    http_status = 422


class EngineNotAllowed(UnsupportedTarget):
    message = "No translation engine that may have this document can translate it."
    code = "engine_not_allowed"
    exit_code = 75
    advice = (
        "Please ask the admin of this server for an engine that may have it, such as one that runs"
        " in house."
    )


class UnsupportedPair(RequestError):
    message = "The engine cannot translate between these two languages."
    code = "unsupported_pair"
    exit_code = 23
    http_status = 422


class UnsupportedOption(RequestError):
    message = "We do not know that option, or this engine does not support it."
    code = "unsupported_option"
    exit_code = 24
    http_status = 422


class NotAllowed(RequestError):
    message = "You are not allowed to do that."
    code = "not_allowed"
    exit_code = 30
    http_status = 403
    advice = "Please ask the admin of this server."


class NotFound(RequestError):
    message = "We could not find that."
    code = "not_found"
    exit_code = 31
    http_status = 404
    advice = "Please check the address or the id."


class AmbiguousId(RequestError):
    message = "More than one id begins with these characters."
    code = "ambiguous_id"
    exit_code = 38
    http_status = 409
    advice = "Please give more characters of the id."


class Gone(RequestError):
    message = "That file has been deleted."
    code = "gone"
    exit_code = 32
    http_status = 410
    advice = "Please send the document again if you still need it."


class Conflict(RequestError):
    message = "The job's present state does not allow that."
    code = "conflict"
    exit_code = 33
    http_status = 409
    advice = "Please check the job's status first."


class NotApprover(RequestError):
    message = "On this server, others decide about the cost of documents."
    code = "not_approver"
    exit_code = 74
    http_status = 403
    advice = "Please ask one of those who may approve costs, or the admin of this server."


class NoWord(RequestError):
    message = "We asked you a question about this document and got no answer in time."
    code = "no_word"
    exit_code = 34
    http_status = 408
    advice = "Please send the document again if you still need it."


class Limited(StrEnum):
    """What a sender or a team may use so much of: documents and pages in 24 hours, characters
    to pay for in a month.
    """

    JOBS = "jobs"
    PAGES = "pages"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that is reached: of what, the most of it, what is used, and what was needed besides.

    `again_at`: when there is room again, in seconds since 1970; None: not known, or never.
    """

    what: Limited
    most: int
    used: int
    needed: int
    again_at: float | None = None

    @property
    def never_fits(self) -> bool:
        """Whether more was asked for than the whole limit."""
        return self.needed > self.most

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any] | None) -> Self | None:
        """The limit that `LimitReached.facts` told of; None where `facts` are another error's,
        or none.
        """
        limit = (facts or {}).get("limit")
        return cls(**{**limit, "what": Limited(limit["what"])}) if limit else None


class LimitReached(RequestError):
    message = "You have reached the limit for one sender on this server."
    code = "limit_reached"
    exit_code = 35
    http_status = 429
    advice = (
        "Please try again when the day or the month is over, or ask the admin of this server for a"
        " higher limit."
    )

    def __init__(
        self,
        message: str | None = None,
        *,
        advice: str | None = None,
        detail: str = "",
        limit: Limit | None = None,
    ) -> None:
        """`limit`: the one that is reached, None where it is not known."""
        super().__init__(message, advice=advice, detail=detail)
        self.limit = limit

    @property
    def facts(self) -> dict[str, Any]:
        """The limit."""
        return {"limit": asdict(self.limit)} if self.limit else {}
