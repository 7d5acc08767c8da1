"""What a client is told that asks too slowly, or when too many do."""

from __future__ import annotations

from dragoman.errors import RequestError, TemporaryError


class SlowRequest(RequestError):
    """A client that sends its request too slowly, or stops."""

    message = "The request did not come within the time that it may take."
    code = "slow_request"
    exit_code = 36
    http_status = 408
    advice = "Please send it again."


class TooManyTries(RequestError):
    """A network that guesses tokens or links; `retry_after_s` says when it may try again."""

    message = "Too many wrong tokens or links came from this address."
    code = "too_many_tries"
    exit_code = 37
    http_status = 429
    advice = (
        "Please wait a minute, then try again with the right one; the admin of this server gives"
        " out tokens."
    )

    def __init__(self, message: str | None = None, *, retry_after_s: float = 60.0) -> None:
        """`retry_after_s`: seconds until the next try is looked at."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Busy(TemporaryError):
    """More requests, streams or downloads are open than there is room for."""

    message = "This server is asked for more at once than it can answer."
    code = "busy"
    exit_code = 59
    advice = "Please try again in a few seconds."
