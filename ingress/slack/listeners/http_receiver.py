"""The front end for Slack by HTTP: a receiver of requests in the web process."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.app.intake import Intake
from dragoman.settings import Settings
from ingress.slack.installations import Installations
from ingress.slack.listeners.app import NOT_SIGNED, dispatch, make_app


def receiver(settings: Settings, intake: Intake) -> Receiver:
    """What answers `POST /slack/events` in the web process."""
    return Receiver(settings, intake)


class Receiver:
    """Bolt behind HTTP."""

    def __init__(self, settings: Settings, intake: Intake) -> None:
        """No call to Slack is made yet."""
        secret = settings.slack_signing_secret
        signing_secret = secret.get_secret_value() if secret else NOT_SIGNED
        self._app = make_app(
            settings, intake, Installations(settings, intake.database), signing_secret
        )

    def __call__(
        self, body: str, query: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body for one request; blocks while it is kept."""
        return dispatch(self._app, body, query, headers)
