"""Secrets that stand in the database: passwords of documents while their job needs them, tokens
for mail servers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from dragoman.errors import SettingsInvalid, WrongPassword
from dragoman.settings import Settings


def seal(settings: Settings, text: str) -> str:
    """`text` encrypted with the server's secret key.

    Raises SettingsInvalid without DRAGOMAN_SECRET_KEY.
    """
    return _box(settings).encrypt(text.encode()).decode()


def unseal(settings: Settings, sealed: str) -> str:
    """What was sealed.

    Raises SettingsInvalid, or WrongPassword where the server's secret key has changed since.
    """
    try:
        return _box(settings).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise WrongPassword(detail="sealed with another secret key") from error


def fingerprint(settings: Settings, text: str) -> str:
    """A name (64 hexadecimal digits) for a secret, which tells nothing of it.

    Raises SettingsInvalid as `seal`.
    """
    return hmac.new(
        _key(settings, b"dragoman.fingerprint:"), text.encode(), hashlib.sha256
    ).hexdigest()


def _box(settings: Settings) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(settings, b"dragoman.sealing:")))


def _key(settings: Settings, label: bytes) -> bytes:
    """A key (32 bytes) made from the server's secret, which signs links too: a label keeps the
    uses apart.
    """
    if settings.secret_key is None:
        raise SettingsInvalid(
            "DRAGOMAN_SECRET_KEY is empty: `dragoman init` writes one, `dragoman up` makes its own."
        )
    return hashlib.sha256(label + settings.secret_key.get_secret_value().encode()).digest()
