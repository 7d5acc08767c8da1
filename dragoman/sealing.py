"""Passwords of documents, encrypted while their job needs them."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from dragoman.errors import SettingsInvalid, WrongPassword
from dragoman.settings import Settings


def seal(settings: Settings, text: str) -> str:
    """`text` encrypted with the server's secret key. Raises SettingsInvalid without DRAGOMAN_SECRET_KEY."""
    return _box(settings).encrypt(text.encode()).decode()


def unseal(settings: Settings, sealed: str) -> str:
    """What was sealed. Raises SettingsInvalid, or WrongPassword where the server's secret key has changed since."""
    try:
        return _box(settings).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise WrongPassword(detail="sealed with another secret key") from error


def _box(settings: Settings) -> Fernet:
    if settings.secret_key is None:
        raise SettingsInvalid("DRAGOMAN_SECRET_KEY is empty: `dragoman init` writes one, `dragoman up` makes its own.")
    # The same secret signs links: a label of its own keeps the two uses apart.
    key = hashlib.sha256(b"dragoman.sealing:" + settings.secret_key.get_secret_value().encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
