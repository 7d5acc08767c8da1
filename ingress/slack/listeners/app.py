"""The door for Slack: bolt's listeners, each of which keeps what came as a row and returns; only
then is it acknowledged.

`process_before_response` makes bolt's answer wait for the listener: a row that could not be written
is no 200 (and no ack on a socket), and Slack sends it again. Dialogs are the exception that proves
it: Slack gives three seconds for opening one, so they are opened here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from dragoman.app.intake import Intake, Message
from dragoman.channels.slack import slack_api
from dragoman.errors import DragomanError
from dragoman.settings import Settings
from ingress.slack import parse
from ingress.slack.installations import Installations
from ingress.slack.surfaces import commands, dialogs

log = structlog.get_logger(__name__)

EVERYTHING = re.compile(".*", re.DOTALL)
NOT_SIGNED = "unused-with-socket-mode"
DIALOG_TIMEOUT_S = 2  # the ack has to be out 3 s after the press


def make_app(
    settings: Settings,
    intake: Intake,
    installations: Installations,
    signing_secret: str = NOT_SIGNED,
) -> App:
    """Bolt's application with all listeners.

    `signing_secret`: what Slack signs its requests by HTTP with.
    """
    app = App(
        name="dragoman",
        signing_secret=signing_secret,
        process_before_response=True,
        token_verification_enabled=False,
        ignoring_self_events_enabled=False,  # a bot's messages are told apart by `parse`
        authorize=_authorize(installations),
        client=WebClient(
            base_url=settings.slack_api_url, timeout=DIALOG_TIMEOUT_S, retry_handlers=[]
        ),
        logger=_quiet(),
    )
    door = Door(settings, intake, installations)
    app.event(EVERYTHING)(door.on_event)
    app.action(EVERYTHING)(door.on_action)
    app.view(EVERYTHING)(door.on_view)
    app.view_closed(EVERYTHING)(door.on_closed)
    app.shortcut(EVERYTHING)(door.on_shortcut)
    app.command("/translate")(door.on_command)
    return app


def dispatch(
    app: App, body: str, query: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, str], str]:
    """Answer one request to `/slack/events`: status, headers and body.

    Blocks while it is kept: call it in a thread.
    """
    answer = app.dispatch(BoltRequest(body=body, query=query, headers=dict(headers), mode="http"))
    return answer.status, answer.first_headers_without_set_cookie(), answer.body


class Door:
    """The listeners."""

    def __init__(self, settings: Settings, intake: Intake, installations: Installations) -> None:
        """See the module's words."""
        self._settings, self._intake, self._installations = settings, intake, installations

    def on_event(self, body: dict[str, Any]) -> None:
        """Keep an event; news that nothing comes of are only acknowledged."""
        if self._is_ours(body):
            self._keep(parse.kept_event(body))

    def on_action(self, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        """Keep a press, or open the dialog that it asks for."""
        if self._is_ours(body):
            action = (body.get("actions") or [{}])[0]
            view = dialogs.of_action(
                self._intake, body, str(action.get("action_id")), str(action.get("value") or "")
            )
            late = view is not None and not self._open(client, body, view)
            if view is None or late:
                self._keep(parse.kept_action(body, late=late))
        ack()

    def on_shortcut(self, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        """Open the dialog of “Translate PDF” for the message that was chosen."""
        if self._is_ours(body) and body.get("callback_id") == dialogs.SHORTCUT:
            place, message = (body.get("channel") or {}).get("id", ""), body.get("message") or {}
            if not self._open(
                client,
                body,
                dialogs.for_post(
                    place,
                    str(message.get("ts") or body.get("message_ts") or ""),
                    self._intake.targets(),
                ),
            ):
                container = {"channel_id": place, "message_ts": message.get("ts")}
                pressed = {
                    **body,
                    "container": container,
                    "actions": [
                        {"action_id": dialogs.SHORTCUT, "action_ts": body.get("action_ts")}
                    ],
                }
                self._keep(parse.kept_action(pressed, late=True))
        ack()

    def on_view(self, ack: Ack, body: dict[str, Any]) -> None:
        """Take what was filled in; a password goes encrypted into its job's row, and nowhere
        else.
        """
        view, user = body.get("view") or {}, str((body.get("user") or {}).get("id", ""))
        if not self._is_ours(body):
            ack()
        elif view.get("callback_id") == dialogs.PASSWORD:
            wrong = dialogs.unlock(self._intake, view, parse.team_of(body), user)
            ack(response_action="errors", errors=wrong) if wrong else ack()
        else:
            kind, facts, wrong = dialogs.filled_in(view)
            if not wrong and kind:
                self._keep(parse.kept_view(body, kind, facts))
            ack(response_action="errors", errors=wrong) if wrong else ack()

    def on_closed(self, ack: Ack) -> None:
        """Nothing was filled in: what waits goes on waiting."""
        ack()

    def on_command(self, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        """Answer `/translate`, to the one who typed it alone."""
        if not self._is_ours(body):
            ack()
            return
        view = commands.dialog(self._intake, body)
        if view is not None and self._open(client, body, view):
            ack()
        else:
            ack(text=commands.answer(self._intake, self._settings, body), response_type="ephemeral")

    def _is_ours(self, body: Mapping[str, Any]) -> bool:
        team = parse.team_of(body)
        ours = self._installations.is_ours(team)
        if not ours:
            log.warning("slack_foreign_team", team=team)
        return ours

    def _keep(self, kept: parse.Kept | None) -> None:
        if kept:
            self._intake.keep(Message(slack_api.CHANNEL, kept.key, kept.sender, kept.payload))

    @staticmethod
    def _open(client: WebClient, body: Mapping[str, Any], view: dict[str, Any]) -> bool:
        try:
            with slack_api.our_errors():
                client.views_open(trigger_id=body.get("trigger_id", ""), view=view)
        except DragomanError as error:
            log.info("slack_dialog_not_opened", code=error.code, detail=error.detail)
            return False
        return True


def _authorize(installations: Installations) -> Callable[..., AuthorizeResult]:
    """A plain function: bolt fills in its arguments by their names, and would fill in a
    method's `self` too.
    """

    def authorize(team_id: str | None) -> AuthorizeResult:
        return installations.authorize(team_id)

    return authorize


def _quiet() -> logging.Logger:
    """Bolt's logger without its debug lines, which hold whole requests."""
    logger = logging.getLogger("slack_bolt.dragoman")
    logger.setLevel(logging.WARNING)
    return logger
