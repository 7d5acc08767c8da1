"""Workspaces that Dragoman is installed in.

One, by its token, today; installations by OAuth would be told apart here.
"""

from __future__ import annotations

import threading
from typing import Any

import structlog
from slack_bolt.authorization import AuthorizeResult

from dragoman.channels.slack.slack_api import client_of, our_errors
from dragoman.db.engine import Database
from dragoman.db.records import preferences
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

LEARNED_FROM = "auth.test"


class Installations:
    """Whose events are taken.

    What was learned once is remembered in the process and in the database.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        """Nothing is asked yet."""
        self._settings, self._database = settings, database
        self._own: dict[str, Any] | None = None
        self._learning = threading.Lock()

    def own(self) -> dict[str, Any]:
        """The workspace of our token: `team`, `bot_user`, `bot`, `name`.

        Raises OutboundUnavailable or SlackRevoked.
        """
        with self._learning:
            if self._own is None:
                self._own = learn(self._settings, self._database)
            return self._own

    def is_ours(self, team: str) -> bool:
        """Whether Dragoman is installed in this workspace. Raises as `own`."""
        return bool(team == self.own()["team"])

    def authorize(self, team: str | None) -> AuthorizeResult:
        """As bolt's `authorize`: no call to Slack stands between an event and its ack."""
        own = self._own or {}
        token = self._settings.slack_bot_token
        return AuthorizeResult(
            enterprise_id=None,
            team_id=team,
            bot_user_id=own.get("bot_user"),
            bot_id=own.get("bot"),
            bot_token=token.get_secret_value() if token else None,
        )


def learn(settings: Settings, database: Database) -> dict[str, Any]:
    """Ask Slack whose token ours is, and keep the answer.

    Raises OutboundUnavailable, SlackRevoked or DatabaseUnavailable.
    """
    with our_errors():
        said = client_of(settings, "").auth_test()
    own = {
        "team": said["team_id"],
        "bot_user": said["user_id"],
        "bot": said.get("bot_id"),
        "name": said.get("team"),
    }
    with database.write() as connection:
        preferences.installed(connection, own["team"], own)
    log.info("slack_installed", team=own["team"], learned_from=LEARNED_FROM)
    return own
