"""`/translate`: help, the state of one's jobs, settings.

Answered to the one who typed it, from the database alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.app.intake import Intake
from dragoman.channels.slack import posts, slack_api
from dragoman.domain import language
from dragoman.domain.job import RowState
from dragoman.settings import Settings
from ingress.slack import parse
from ingress.slack.surfaces import dialogs

HELP = (
    "*Post a PDF* in a channel that I am in, or send me one in a direct message, and it comes back"
    " translated in its thread.\n• Say the language: “to French”, “auf Deutsch”, `pt-BR`, or a flag"
    " in your text.\n• Put a flag such as :flag-jp: on a post with a PDF, or use its menu:"
    " *Translate PDF*.\n• Mention me in a thread with a PDF: “@Dragoman to Spanish”.\n• `/translate"
    " status` shows your documents, `/translate settings` the settings of this channel, `/translate"
    " preferences` your own."
)
SHOWN = 10
MOST_NAMED = 60


def dialog(intake: Intake, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The dialog that the command asks for; None: it asks for words."""
    match _word(body):
        case "settings":
            place = str(body.get("channel_id") or "")
            direct = body.get("channel_name") == "directmessage" or place.startswith("D")
            return None if direct else dialogs.for_channel(intake, parse.team_of(body), place)
        case "preferences":
            return dialogs.for_person(intake, parse.team_of(body), str(body.get("user_id") or ""))
    return None


def answer(intake: Intake, settings: Settings, body: Mapping[str, Any]) -> str:
    """What the command says."""
    word = _word(body)
    if word == "status":
        return status(intake, parse.team_of(body), str(body.get("user_id") or ""))
    if word in ("settings", "preferences"):
        return (
            "The dialog could not be opened in time, or this is a direct message. Please try"
            " `/translate preferences`."
        )
    return help_text(intake)


def help_text(intake: Intake) -> str:
    """How to ask, and which languages can be had now."""
    possible = intake.targets()
    if not possible:
        return f"{HELP}\n• {dialogs.NOTHING_KNOWN if possible is None else dialogs.NO_ENGINE}"
    names = sorted({language.name(tag) for tag in possible})
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{HELP}\n• Languages here: {', '.join(names[:MOST_NAMED])}{more}."


def status(intake: Intake, team: str, user: str) -> str:
    """A line for each of a person's latest jobs."""
    lines = [_line(one) for one in posts.latest(intake, slack_api.owner_of(team, user), SHOWN)]
    return (
        "\n".join(lines) or "You have no documents here yet. Post a PDF, and I will translate it."
    )


def _line(latest: posts.Latest) -> str:
    row, eta_s, state = latest.row, latest.eta_s, latest.state
    name = slack_api.escape(row.filename or "a deleted document", 100)
    left = f", about {max(1, round(eta_s / 60))} min left" if eta_s else ""
    more = f" ({row.progress} %{left})" if row.state in (RowState.READY, RowState.RUNNING) else ""
    return f"• *{name}* to {language.name(row.target_lang)}: {state}{more} · `{row.id[:8]}`"


def _word(body: Mapping[str, Any]) -> str:
    return (str(body.get("text") or "").split() or ["help"])[0].casefold()
