"""Where the answer to an upload goes, and the secret that its receiver checks it with."""

from __future__ import annotations

from dragoman.errors import UnsupportedOption
from dragoman.settings import Settings
from notifier.webhook import address, signing
from notifier.webhook.given import networks_of, urls_of


def chosen(text: str, settings: Settings, owner: str) -> str | None:
    """The address that the upload names, else the one that is set for its token; None: no webhook.

    Raises UnsupportedOption.

    What only a look-up can tell is told later: such a delivery is a dead letter.
    """
    url = text.strip() or urls_of(settings).get(owner.partition(":")[2])
    if not url:
        return None
    try:
        target = address.parsed(url)
    except ValueError as error:
        raise UnsupportedOption(f"The address in `callback_url` {error}.") from None
    known = address.literal(target.host)
    if known is not None and not address.is_allowed(known, networks_of(settings)):
        raise UnsupportedOption("The address in `callback_url` is not one on the public internet.")
    return url


def secret(settings: Settings, owner: str) -> str | None:
    """The secret of an owner; None: this server has no key to derive one from."""
    return (
        signing.secret_of(settings.secret_key.get_secret_value(), owner)
        if settings.secret_key
        else None
    )
