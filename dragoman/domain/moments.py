"""Moments as people and programs read and write them. Pure.

A moment is a number of seconds since 1970, as in the database's rows.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from dragoman.errors import UnsupportedOption

AGO = re.compile(r"(\d{1,6})\s*([a-z]{1,7})")
UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
A_MINUTE_S, AN_HOUR_S, A_DAY_S = 60, 3600, 86400
HOURS_UNTIL_DAYS = 48
LONGEST = 40  # characters of what was typed that an error repeats


def iso(moment: float | None) -> str | None:
    """ISO 8601 in UTC, to the second, such as `2026-11-24T20:00:00+00:00`; None for None."""
    return (
        None
        if moment is None
        else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    )


def ago(moment: float | None, now: float) -> str:
    """How long before `now`, for people: `now`, `12 min ago`, `5 h ago`, `3 d ago`; "" for None.

    A clock that is a little ahead says `now` too.
    """
    if moment is None:
        return ""
    seconds = now - moment
    if seconds < A_MINUTE_S:
        return "now"
    if seconds < AN_HOUR_S:
        return f"{seconds // A_MINUTE_S:.0f} min ago"
    hours = seconds // AN_HOUR_S
    if hours < HOURS_UNTIL_DAYS:
        return f"{hours:.0f} h ago"
    return f"{seconds // A_DAY_S:.0f} d ago"


def since(text: str, now: float) -> float:
    """The moment that `2h`, `3d`, `45m` (before `now`), a date or a date with a time means; without
    a zone: UTC.

    Raises UnsupportedOption for anything else.
    """
    word = text.strip()
    relative = AGO.fullmatch(word.casefold().removesuffix("ago").strip())
    if relative and relative[2] in UNITS_S:
        return now - int(relative[1]) * UNITS_S[relative[2]]
    try:
        # A `+` in an address means a blank, so that is what arrives of one that was not escaped.
        moment = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)(?<=:\d\d )", "+", word))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise UnsupportedOption(
            f"We do not understand the time “{word[:LONGEST]}”.",
            advice=(
                "Please write how long ago, such as 45m, 2h or 3d, or a date, such as 2026-11-24."
            ),
        ) from error
