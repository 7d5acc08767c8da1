"""The app's home: a person's latest documents with links, their preferences, what they used."""

from __future__ import annotations

from typing import Any

from dragoman.adapters.signed_links import Links
from dragoman.channels.slack import posts
from dragoman.channels.slack.slack_api import escape, our_errors, owner_of
from dragoman.db.records import preferences
from dragoman.domain import language
from ingress.slack.context import Context
from ingress.slack.surfaces.commands import help_text

SHOWN = 15


def show(context: Context, user: str) -> None:
    """Publish the home of a person. Raises as `our_errors`."""
    with our_errors():
        context.client.views_publish(
            user_id=user, view={"type": "home", "blocks": blocks(context, user)}
        )


def blocks(context: Context, user: str) -> list[dict[str, Any]]:
    """What the home shows."""
    owner = owner_of(context.team, user)
    with context.intake.database.read() as connection:
        wishes = preferences.person_wishes(connection, context.team, user)
    used = posts.used(context.intake, owner)
    links = Links(context.settings) if context.settings.public_url else None
    own = language.name(wishes.language) if wishes.language else "your Slack language"
    lines = [_line(one, links) for one in posts.latest(context.intake, owner, SHOWN)] or [
        "Nothing yet. Post a PDF, or send me one."
    ]
    return [
        _section(help_text(context.intake)),
        {"type": "divider"},
        _section("*Your latest documents*"),
        *(_section(line) for line in lines),
        {"type": "divider"},
        _section(
            f"*Your preferences*\nIn direct messages I translate into {own}. Change it with"
            " `/translate preferences`."
        ),
        _section(
            f"*This month*\n{used['jobs']} documents, {used['pages']} pages, {used['characters']}"
            f" characters paid for{_limits(context)}."
        ),
    ]


def _limits(context: Context) -> str:
    settings = context.settings
    limits = [
        (settings.sender_jobs_per_day, "documents a day"),
        (settings.sender_pages_per_day, "pages a day"),
        (settings.sender_characters_per_month, "characters a month"),
        (settings.team_jobs_per_day, "documents a day for all of you"),
        (settings.team_pages_per_day, "pages a day for all of you"),
        (settings.team_characters_per_month, "characters a month for all of you"),
    ]
    told = [f"{limit} {what}" for limit, what in limits if limit]
    return f"; at most {', '.join(told)}" if told else ""


def _line(latest: posts.Latest, links: Links | None) -> str:
    row, eta_s, state = latest.row, latest.eta_s, latest.state
    name = escape(row.filename or "a deleted document", 100)
    # Nobody but this person sees their home.
    page = links.public("own", row) if links and not row.purged_at else None
    shown = f"<{page}|{name}>" if page else f"*{name}*"
    left = f", about {max(1, round(eta_s / 60))} min left" if eta_s else ""
    return f"{shown} to {language.name(row.target_lang)}: {state}{left}"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}
