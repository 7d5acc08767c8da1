"""What a client is told that asks too slowly, or when too many do."""

from __future__ import annotations

from dragoman.errors import RequestError, TemporaryError


class SlowRequest(RequestError):
    """The request did not come within the time that it may take."""

    code = "slow_request"
    exit_code = 36
    http_status = 408
    advice = "Please send it again."


class Busy(TemporaryError):
    """This server is asked for more at once than it can answer."""

    code = "busy"
    exit_code = 59
    advice = "Please try again in a few seconds."
