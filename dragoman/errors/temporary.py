"""What time mends; tried again."""

from __future__ import annotations

from dragoman.errors.base import DragomanError


class TemporaryError(DragomanError):
    message = "A service that we depend on does not answer at the moment."
    code = "temporary"
    temporary = True
    exit_code = 4
    http_status = 503
    advice = "Nothing is lost. Please try again in a few minutes."

    def __init__(
        self, message: str | None = None, *, detail: str = "", retry_after_s: float | None = None
    ) -> None:
        """`retry_after_s`: seconds the other side asked us to wait, None if it did not say."""
        super().__init__(message, detail=detail)
        self.retry_after_s = retry_after_s


class EngineUnavailable(TemporaryError):
    message = "The translation service does not answer at the moment."
    code = "engine_unavailable"
    exit_code = 50


class EngineBusy(TemporaryError):
    message = "The translation service asks us to slow down."
    code = "engine_busy"
    exit_code = 51


class StoreUnavailable(TemporaryError):
    message = "The file store does not answer at the moment."
    code = "store_unavailable"
    exit_code = 52


class DatabaseUnavailable(TemporaryError):
    message = "The database does not answer at the moment."
    # the system's number for what is wrong with its disk; None: something else is wrong
    errno: int | None = None
    code = "database_unavailable"
    exit_code = 53


class BrokerUnavailable(TemporaryError):
    message = "The message broker does not answer at the moment."
    code = "broker_unavailable"
    exit_code = 54


class OutboundUnavailable(TemporaryError):
    message = "The mail server that sends our answers does not accept email at the moment."
    reply: str = ""  # as `OutboundRefused.reply`
    code = "outbound_unavailable"
    exit_code = 55


class OutboundLoginRefused(OutboundUnavailable):
    message = "The mail server that sends our answers rejects our password or token."
    code = "outbound_login_refused"
    exit_code = 58
    for_admin = (
        "Please check the login in DRAGOMAN_OUTBOUND_SMTP_URL and DRAGOMAN_OAUTH_*; `dragoman"
        " doctor` tries it."
    )
