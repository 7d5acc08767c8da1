"""Every way a job can fail, and who has to know.

An error says what happened in words for the sender (`str(error)`), what the sender can do (`advice`), what the one who
runs the server can do (`for_admin`), whether another try may help (`temporary`) and whose move it is (`blame`). Details for the log travel in `detail`, never to a sender.

    DragomanError
    ├── RequestError         the sender can mend it; permanent
    │   ├── NotAPdf  EmptyFile  DamagedPdf  EncryptedPdf  WrongPassword  NoText  OcrMissing
    │   ├── TooLarge  TooManyPages  TooComplex
    │   ├── UnknownLanguage  NoLanguage  UnsupportedTarget  UnsupportedPair  UnsupportedOption
    │   └── NotAllowed  NotFound  AmbiguousId  Gone  Conflict  NoWord  LimitReached
    ├── OperatorError        the admin can mend it; permanent
    │   ├── SettingsInvalid  EngineKeyRejected  QuotaUsedUp  EngineMissing
    │   └── EngineMisbehaved  StageTimedOut  WorkerLost  OutboundRefused
    ├── TemporaryError       time mends it; tried again
    │   ├── EngineUnavailable  EngineBusy
    │   └── StoreUnavailable  DatabaseUnavailable  BrokerUnavailable  OutboundUnavailable > OutboundLoginRefused
    └── LeaseLost            another worker owns the row now: stop, write nothing, tell nobody
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Blame(StrEnum):
    """Whose move it is after a failure."""

    SENDER = "sender"
    OPERATOR = "operator"


class DragomanError(Exception):
    """Something went wrong.

    `detail` is for the log only: it may hold names of hosts or answers of other services.
    """

    code: ClassVar[str] = "error"
    temporary: ClassVar[bool] = False
    blame: ClassVar[Blame] = Blame.OPERATOR
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    advice: str = "Please try again later, or ask your admin with the job's id."
    for_admin: str = ""

    def __init__(self, message: str | None = None, *, advice: str | None = None, detail: str = "") -> None:
        """`message` and `advice` are for the sender; None takes the class's own words."""
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])
        self.advice = advice if advice is not None else type(self).advice
        self.detail = detail


class RequestError(DragomanError):
    """We cannot handle the request as it is."""

    code = "request"
    blame = Blame.SENDER
    exit_code = 2
    http_status = 400
    advice = "Please change the request and send it again."


class NotAPdf(RequestError):
    """The file is not a PDF."""

    code = "not_a_pdf"
    exit_code = 10
    http_status = 415
    advice = "Please export the document as a PDF and send that."


class EmptyFile(RequestError):
    """The file is empty (0 bytes)."""

    code = "empty_file"
    exit_code = 11
    http_status = 422
    advice = "Something went wrong on the way to us. Please attach the file again."


class DamagedPdf(RequestError):
    """The PDF is damaged or cut short, so its pages cannot be read."""

    code = "damaged_pdf"
    exit_code = 12
    http_status = 422
    advice = "Please open it in a PDF reader, save or print it as a new PDF, and send that."


class EncryptedPdf(RequestError):
    """The PDF is locked with a password."""

    code = "encrypted_pdf"
    exit_code = 13
    http_status = 422
    advice = "Please save a copy without the password and send that."
    for_admin = "Please give the password with --password, or save a copy without it."


class WrongPassword(RequestError):
    """The password does not open this PDF."""

    code = "wrong_password"
    exit_code = 14
    http_status = 422
    advice = "Please check the password and try again."


class NoText(RequestError):
    """The PDF contains no text, only pictures (it may be a scan)."""

    code = "no_text"
    exit_code = 15
    http_status = 422
    advice = "Please send a version with selectable text, or run text recognition (OCR) on it first."


class OcrMissing(NoText):
    """The PDF is a scan (pictures of pages), and text recognition is not installed on this server."""

    code = "ocr_missing"
    exit_code = 19
    advice = "Please send a version with selectable text, or ask the admin of this server to install Tesseract."
    for_admin = "Please install it with your documents' languages: apt-get install tesseract-ocr tesseract-ocr-deu."


class TooLarge(RequestError):
    """The file is larger than this server accepts."""

    code = "too_large"
    exit_code = 16
    http_status = 413
    advice = "Please send a smaller file, or split it into parts."


class TooManyPages(RequestError):
    """The PDF has more pages than this server accepts."""

    code = "too_many_pages"
    exit_code = 17
    http_status = 422
    advice = "Please split it into parts and send them one by one."


class TooComplex(RequestError):
    """The PDF needs more time or memory than this server allows for one document."""

    code = "too_complex"
    exit_code = 18
    http_status = 422
    advice = "Please print it as a new PDF in a PDF reader and send that, or split it into parts."


class UnknownLanguage(RequestError):
    """We do not know that language."""

    code = "unknown_language"
    exit_code = 20
    http_status = 422
    advice = "Please use a code such as de, fr or pt-BR, or the language's name."


class NoLanguage(RequestError):
    """No language was named."""

    code = "no_language"
    exit_code = 21
    http_status = 422
    advice = "Please say which language you want, for example “to French”."


class UnsupportedTarget(RequestError):
    """The engine cannot translate into that language."""

    code = "unsupported_target"
    exit_code = 22
    http_status = 422


class UnsupportedPair(RequestError):
    """The engine cannot translate between these two languages."""

    code = "unsupported_pair"
    exit_code = 23
    http_status = 422


class UnsupportedOption(RequestError):
    """We do not know that option, or this engine does not support it."""

    code = "unsupported_option"
    exit_code = 24
    http_status = 422


class NotAllowed(RequestError):
    """You are not allowed to do that."""

    code = "not_allowed"
    exit_code = 30
    http_status = 403
    advice = "Please ask the admin of this server."


class NotFound(RequestError):
    """We could not find that."""

    code = "not_found"
    exit_code = 31
    http_status = 404
    advice = "Please check the address or the id."


class AmbiguousId(RequestError):
    """More than one id begins like that."""

    code = "ambiguous_id"
    exit_code = 38
    http_status = 409
    advice = "Please give more characters of the id."


class Gone(RequestError):
    """That file has been deleted."""

    code = "gone"
    exit_code = 32
    http_status = 410
    advice = "Please send the document again if you still need it."


class Conflict(RequestError):
    """The job's present state does not allow that."""

    code = "conflict"
    exit_code = 33
    http_status = 409
    advice = "Please check the job's status first."


class NoWord(RequestError):
    """We asked you a question about this document and got no answer in time."""

    code = "no_word"
    exit_code = 34
    http_status = 408
    advice = "Please send the document again if you still need it."


class LimitReached(RequestError):
    """You have reached the limit for one sender on this server."""

    code = "limit_reached"
    exit_code = 35
    http_status = 429
    advice = "Please try again when the day or the month is over, or ask the admin of this server for a higher limit."


class OperatorError(DragomanError):
    """This server is not set up for that."""

    code = "operator"
    exit_code = 3
    http_status = 503
    advice = "Please show this to the admin of this server. Your document is kept and need not be sent again."


class SettingsInvalid(OperatorError):
    """Some settings are wrong."""

    code = "settings_invalid"
    exit_code = 40
    advice = "Please correct them and start again."


class EngineKeyRejected(OperatorError):
    """The translation service does not accept this server's key."""

    code = "engine_key_rejected"
    exit_code = 41
    for_admin = "Please check DRAGOMAN_DEEPL_AUTH_KEY; `dragoman doctor` tries it."


class QuotaUsedUp(OperatorError):
    """The quota at the translation service is used up."""

    code = "quota_used_up"
    exit_code = 42
    for_admin = "Please raise the quota at the translation service, or wait for its next period."


class EngineMissing(OperatorError):
    """The translation engine is not installed or not set up."""

    code = "engine_missing"
    exit_code = 43


class EngineMisbehaved(OperatorError):
    """The translation engine sent an answer that we cannot use."""

    code = "engine_misbehaved"
    exit_code = 44


class StageTimedOut(OperatorError):
    """A step took longer than it is allowed to."""

    code = "stage_timed_out"
    exit_code = 45
    advice = "Please split the document into parts, or ask the admin of this server to retry it."


class WorkerLost(OperatorError):
    """The process that worked on this document stopped unexpectedly, more than once."""

    code = "worker_lost"
    exit_code = 46


class OutboundRefused(OperatorError):
    """The mail server refused our answer permanently."""

    code = "outbound_refused"
    exit_code = 47


class TemporaryError(DragomanError):
    """A service that we depend on does not answer at the moment."""

    code = "temporary"
    temporary = True
    exit_code = 4
    http_status = 503
    advice = "Nothing is lost. Please try again in a few minutes."

    def __init__(self, message: str | None = None, *, detail: str = "", retry_after_s: float | None = None) -> None:
        """`retry_after_s`: seconds the other side asked us to wait, None if it did not say."""
        super().__init__(message, detail=detail)
        self.retry_after_s = retry_after_s


class EngineUnavailable(TemporaryError):
    """The translation service does not answer at the moment."""

    code = "engine_unavailable"
    exit_code = 50


class EngineBusy(TemporaryError):
    """The translation service asks us to slow down."""

    code = "engine_busy"
    exit_code = 51


class StoreUnavailable(TemporaryError):
    """The file store does not answer at the moment."""

    code = "store_unavailable"
    exit_code = 52


class DatabaseUnavailable(TemporaryError):
    """The database does not answer at the moment."""

    code = "database_unavailable"
    exit_code = 53


class BrokerUnavailable(TemporaryError):
    """The message broker does not answer at the moment."""

    code = "broker_unavailable"
    exit_code = 54


class OutboundUnavailable(TemporaryError):
    """The mail server that sends our answers does not accept email at the moment."""

    code = "outbound_unavailable"
    exit_code = 55


class OutboundLoginRefused(OutboundUnavailable):
    """The mail server that sends our answers rejects our password or token."""

    code = "outbound_login_refused"
    exit_code = 58
    for_admin = "Please check the login in DRAGOMAN_OUTBOUND_SMTP_URL and DRAGOMAN_OAUTH_*; `dragoman doctor` tries it."


class LeaseLost(DragomanError):
    """Another worker owns this row now."""

    code = "lease_lost"
    exit_code = 60
