"""Slack as door and notifier share it: how it is reached, what its errors mean, and the names that
both sides use.

The front door receives what people do, the notifier shows and sends; neither knows the other. A
client is made for each piece of work by `client_of(settings, team)`: one workspace by its token
today, the seam for installations by OAuth.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from dragoman.channels.slack import owner
from dragoman.channels.slack.error_meanings import Meaning, meaning
from dragoman.errors import OperatorError, OutboundRefused, OutboundUnavailable, SettingsInvalid
from dragoman.settings import Settings

CHANNEL, owner_of, user_of = owner.CHANNEL, owner.owner_of, owner.user_of
TIMEOUT_S = 10  # for one call; shorter than any lease
RATE_LIMITED, SERVER_ERROR = 429, 500

# Names of actions in messages (`action_id`); the value is a job's id, a card's, or a kept
# message's.
CANCEL, RETRY, DELETE, APPROVE, PASSWORD = (
    "cancel_job",
    "retry_job",
    "delete_job",
    "approve_job",
    "give_password",
)
ANOTHER_LANGUAGE, CHOOSE_LANGUAGE, CHANNEL_SETTINGS = (
    "another_language",
    "choose_language",
    "channel_settings",
)
ACTIONS = (
    CANCEL,
    RETRY,
    DELETE,
    APPROVE,
    PASSWORD,
    ANOTHER_LANGUAGE,
    CHOOSE_LANGUAGE,
    CHANNEL_SETTINGS,
)
# What the bot has to be allowed to do: the manifest in docs/howto asks for it, and `doctor` looks
# whether it was granted.
SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "reactions:read",
        "reactions:write",
        "users:read",
    }
)
# Types of message metadata, by which a message is found again after an uncertain end.
CARD_EVENT, ANSWER_EVENT = "dragoman_card", "dragoman_answer"

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+"
)


class SlackRefused(OutboundRefused):
    """An answer of Slack that the same call will get again; `error` is its word for it."""

    message = "Slack refused that permanently."
    code = "slack_refused"

    def __init__(self, error: str = "", method: str = "") -> None:
        """`error`: Slack's own word for it, such as `channel_not_found`."""
        super().__init__(detail=f"{method}: {error}" if method else error)
        self.error = error


class SlackClosed(SlackRefused):
    """The place that was named takes nothing from us: another one may."""

    message = "Dragoman cannot write in that channel or thread."
    code = "slack_closed"


class SlackRevoked(SlackRefused):
    """Our token works no more."""

    message = "Dragoman is no longer installed in this Slack workspace."
    code = "slack_revoked"


_KINDS = {Meaning.REVOKED: SlackRevoked, Meaning.CLOSED: SlackClosed}


class SlackScopeMissing(OperatorError):
    """Slack answered `missing_scope`."""

    message = "The Slack app lacks a permission that this needs."
    code = "slack_scope_missing"
    for_admin = "Please reinstall the Slack app with all scopes of the manifest."


def client_of(settings: Settings, team: str) -> WebClient:
    """A client for the workspace `team`. Raises SettingsInvalid without a token.

    It repeats nothing: retries exist at one level, the row.
    """
    if settings.slack_bot_token is None:
        raise SettingsInvalid(
            "DRAGOMAN_SLACK_BOT_TOKEN is empty: docs/howto/slack.md says where to find it."
        )
    token = settings.slack_bot_token.get_secret_value()
    return WebClient(token, base_url=settings.slack_api_url, timeout=TIMEOUT_S, retry_handlers=[])


@contextmanager
def our_errors() -> Iterator[None]:
    """Slack's errors as ours: OutboundUnavailable (with what it asked us to wait), SlackRefused
    and its kinds, SlackScopeMissing.
    """
    try:
        yield
    except SlackApiError as error:
        raise _ours(error) from error
    except (SlackClientError, URLError, http.client.HTTPException, OSError) as error:
        raise OutboundUnavailable(
            "Slack does not answer at the moment.", detail=str(error)[:200]
        ) from error


def _ours(error: SlackApiError) -> OutboundUnavailable | SlackRefused | SlackScopeMissing:
    response = error.response
    status = getattr(response, "status_code", 0) or 0
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    word = str(data.get("error", "")) or f"status {status}"
    method = str(getattr(response, "api_url", "")).rsplit("/", 1)[-1]
    if status == RATE_LIMITED or word in ("ratelimited", "rate_limited"):
        asked = str(
            response.headers.get("Retry-After") or response.headers.get("retry-after") or "1"
        )
        wait = float(asked) if asked.replace(".", "", 1).isdecimal() else 1.0
        return OutboundUnavailable(
            "Slack asks us to slow down.", detail=f"{method}: 429", retry_after_s=wait
        )
    means = meaning(word)
    if status >= SERVER_ERROR or means is Meaning.PASSING:
        return OutboundUnavailable(
            "Slack does not answer at the moment.", detail=f"{method}: {word}"
        )
    if word == "missing_scope":
        return SlackScopeMissing(detail=f"{method} needs {data.get('needed', '')}")
    return _KINDS.get(means, SlackRefused)(word, method)


def delete_file(client: WebClient, file_id: str) -> None:
    """Take a file of ours back from wherever it was shared; one that is gone already is no trouble.

    Raises OutboundUnavailable or SlackRefused.
    """
    try:
        with our_errors():
            client.files_delete(file=file_id)
    except SlackRefused as error:
        if error.error not in ("file_not_found", "file_deleted"):
            raise


def escape(text: str, longest: int = 3000) -> str:
    """`text` as Slack shows it literally, on one line, cut to `longest` characters of what is sent
    (docs.slack.dev/messaging/formatting-message-text).

    `&`, `<`, `>` become entities, so that no `<!channel>` and no link is left; marks that turn or
    hide text go, and so do backticks, asterisks, underscores and tildes that would format it.
    """
    seen = " ".join(_UNSEEN.sub(" ", text).split())
    plain = seen.translate({ord("`"): "\u02cb", ord("*"): "\u2217", ord("~"): "\u223c"})
    parts = [{"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(letter, letter) for letter in plain]
    if sum(map(len, parts)) <= longest:
        return "".join(parts)
    room, kept = longest - 1, []
    for part in parts:
        room -= len(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept).rstrip() + "…"
