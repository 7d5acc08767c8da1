"""What opening an event needs: intake, a client for its workspace, and who we are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from dragoman.app.intake import Intake
from dragoman.channels.slack.slack_api import client_of, our_errors
from dragoman.db.records import preferences
from dragoman.settings import Settings
from ingress.slack.installations import learn


@dataclass(frozen=True, slots=True)
class Context:
    """`bot_user`: our user's id in the workspace `team`."""

    intake: Intake
    client: WebClient
    team: str
    bot_user: str

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        return self.intake.settings

    @classmethod
    def open(cls, intake: Intake, team: str) -> Context | None:
        """The context for a workspace; None: Dragoman is not installed there.

        Raises as `preferences.learn`.
        """
        with intake.database.read() as connection:
            known = preferences.team(connection, team)
        if known is None:
            own = learn(intake.settings, intake.database)
            known = {"facts": own, "revoked_at": None} if own["team"] == team else None
        if known is None or known["revoked_at"]:
            return None
        return cls(intake, client_of(intake.settings, team), team, str(known["facts"]["bot_user"]))

    def whisper(self, place: str, user: str, text: str, thread_ts: str | None = None) -> None:
        """Tell one person something that nobody else sees. Raises as `our_errors`."""
        with our_errors():
            self.client.chat_postEphemeral(channel=place, user=user, text=text, thread_ts=thread_ts)

    def say(
        self,
        place: str,
        text: str,
        *,
        thread_ts: str | None = None,
        blocks: list[dict[str, Any]] | None = None,
    ) -> None:
        """Write a message that is no answer with a file. Raises as `our_errors`."""
        with our_errors():
            self.client.chat_postMessage(
                channel=place,
                text=text,
                thread_ts=thread_ts,
                blocks=blocks,
                unfurl_links=False,
                unfurl_media=False,
            )
