"""The words for Slack: templates of `templates/slack`, in which whatever is filled in is escaped,
whoever forgets to.

Formatting (`*bold*`, `<@U1>`, links) stands in the templates alone: a name or a text that is filled
in is shown literally.
"""

from __future__ import annotations

import math
import re
import time
from functools import cache
from typing import Any, TypedDict

from jinja2 import Environment

from dragoman.adapters import templating
from dragoman.channels.slack.slack_api import escape
from dragoman.domain import language
from notifier.delivery.answers import File, Outcome

LONGEST_VALUE = 1500  # characters of one text that is filled in
LONGEST_FALLBACK = 3900  # of a message's `text`: chat.update takes 4,000 characters
SHORT_ID = 8  # characters of a job's id that people read out to each other
MINUTE_S, COARSE_S = 60, 10
_ID = re.compile(r"[A-Z0-9]{2,40}")


def said(template: str, **values: Any) -> str:
    """The text of `slack/TEMPLATE.txt`, as mrkdwn."""
    return _environment().get_template(f"slack/{template}.txt").render(**values).strip()


def id_or_nothing(text: str | None) -> str:
    """An id of Slack's, as it stands in `<@…>`; empty for anything else."""
    return text if text and _ID.fullmatch(text) else ""


def short(job_id: str) -> str:
    """The part of an id that people see."""
    return job_id[:SHORT_ID]


def coarse(seconds: int | None) -> int | None:
    """Seconds in steps of ten below a minute, so that a text does not change with each of them."""
    if seconds is None or seconds >= MINUTE_S:
        return seconds
    return max(COARSE_S, math.ceil(seconds / COARSE_S) * COARSE_S)


class Moment(TypedDict):
    """A time for `<!date^…>`: seconds since 1970, and what is shown where Slack cannot."""

    ts: int
    utc: str


def moment(at_s: float) -> Moment:
    """A time, for `<!date^…>` (docs.slack.dev/messaging/formatting-message-text): `ts`, and
    `utc` where it cannot be shown.
    """
    return {"ts": int(at_s), "utc": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at_s))}


def facts(file: File) -> str:
    """`English to French, 12 pages, 23,400 characters, translated by DeepL`; not escaped."""
    source = f"{language.name(file.source_lang)} to " if file.source_lang else "into "
    parts = [source + language.name(file.target_lang)]
    if file.pages is not None:
        parts.append(f"{file.pages:,} page{'s' if file.pages != 1 else ''}")
    if file.characters is not None:
        parts.append(
            f"{file.characters:,} characters" if file.characters else "no text to translate"
        )
    if file.outcome is Outcome.DONE and file.engine_name and not file.is_untouched:
        parts.append(
            "by the pseudo engine" if file.is_pseudo else f"translated by {file.engine_name}"
        )
    return ", ".join(parts)


@cache
def _environment() -> Environment:
    return templating.environment().overlay(finalize=_shown)


def _shown(value: Any) -> str:
    return escape(str(value), LONGEST_VALUE)
