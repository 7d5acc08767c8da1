"""The one way in which token servers are talked to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from dragoman.errors import OutboundLoginRefused, OutboundUnavailable
from notifier.email.oauth.xoauth2 import without

TIMEOUT_S = 10.0  # for one answer of a token server
LONGEST_DETAIL = 300
LARGEST_SKEW_S = 60.0  # of our clock, before it may be why a signed request is refused
OK, TOO_MANY, SERVERS_FAULT = 200, 429, 500


class TokenHttp(requests.Session):
    """HTTP to a token server.

    `skew_s`: how far our clock is ahead of the server's, as its last answer tells.
    """

    def __init__(self) -> None:
        super().__init__()
        self.skew_s = 0.0

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests.Session.request`, with an end.

        Raises OutboundUnavailable for what is no answer.

        No redirect is followed: the secret is for the server that the settings name.
        """
        given = {**kwargs, "timeout": TIMEOUT_S, "allow_redirects": False}
        try:
            response = super().request(*args, **given)
        except requests.RequestException as error:
            raise OutboundUnavailable(
                detail=f"the token server does not answer: {type(error).__name__}"
            ) from None
        self.skew_s = _skew_s(response.headers.get("Date"), time.time())
        if response.status_code == TOO_MANY or response.status_code >= SERVERS_FAULT:
            raise OutboundUnavailable(
                detail=f"the token server answers with HTTP {response.status_code}"
            )
        if response.status_code == OK and not _is_json(response):
            # A library may log what it cannot read, and a token may stand in it.
            raise OutboundUnavailable(detail="the token server's answer is not JSON")
        return response


def refused(said: str, skew_s: float, secrets: Iterable[str]) -> OutboundLoginRefused:
    """The error for a token server that gives no token: `said` is why, without our secrets.

    A wrong clock is named where there is one: a request that is signed is good for minutes only.
    """
    detail = without(said, *secrets)[:LONGEST_DETAIL]
    if abs(skew_s) <= LARGEST_SKEW_S:
        return OutboundLoginRefused(detail=detail)
    way = "ahead of" if skew_s > 0 else "behind"
    words = (
        f"The clock of this server is {abs(skew_s):.0f} s {way} the token server's, which gives us"
        " no token."
    )
    return OutboundLoginRefused(
        words, detail=f"set the clock, for example with chrony; the token server says: {detail}"
    )


def _skew_s(date: str | None, now_s: float) -> float:
    """How far `now_s` is ahead of an HTTP date; 0 where that is none."""
    try:
        return now_s - parsedate_to_datetime(date).timestamp() if date else 0.0
    except (TypeError, ValueError):
        return 0.0


def _is_json(response: requests.Response) -> bool:
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False
