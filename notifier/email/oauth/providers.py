"""Who gives the tokens, by the settings."""

from __future__ import annotations

from dragoman.ports import TokenIssuer
from dragoman.settings import Settings


def open_issuer(settings: Settings, user: str) -> TokenIssuer:
    """The issuer that the settings name, for the mailbox `user`.

    Raises SettingsInvalid for a key that is none.
    """
    if settings.oauth_provider == "google":
        from notifier.email.oauth.google import GoogleIssuer

        return GoogleIssuer(settings, user)
    from notifier.email.oauth.microsoft import MicrosoftIssuer

    return MicrosoftIssuer(settings)
