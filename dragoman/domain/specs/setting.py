"""One setting that a channel or an engine brings along, as a value.

`dragoman.settings` makes a field of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

PREFIX = "DRAGOMAN_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A `DRAGOMAN_*` variable.

    `name`: the field of `Settings`, such as `deepl_auth_key`. `kind` is `str`, `bool`, `int`,
    `float` or `pathlib.Path`. `default` None: it may be left out. `least`, `most`: the bounds of a
    number, both included. `secret`: only the processes in `read_by` get it, and it never prints.
    `check` gives the value as it is kept, or raises ValueError with what to write instead; `known`
    are the settings that stand before this one. With `checks_empty` it is asked about a value that
    is not set, too (None).
    """

    name: str
    kind: type = str
    default: object = None
    least: float | None = None
    most: float | None = None
    secret: bool = False
    read_by: frozenset[str] = frozenset()
    check: Callable[[str | None, Mapping[str, object]], str | None] | None = None
    checks_empty: bool = False
    # For the `.env` that `dragoman init` writes: an example, and why one would set it, a sentence
    # each. Empty: not in it.
    example: str = ""
    why: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"{PREFIX}{self.name.upper()}"


WORKER = frozenset({"worker"})


def checked_address(value: str | None, known: Mapping[str, object]) -> str | None:
    """As `Setting.check`: an http or https URL with a host, and without a user's name or
    password; empty: None.
    """
    if not value:
        return None
    try:
        parts = urlsplit(value)
        if (
            parts.scheme in ("http", "https")
            and parts.hostname
            and parts.username is None
            and parts.port != 0
        ):
            return value
    except ValueError:
        pass
    raise ValueError("use http://HOST:PORT/… or https://HOST/…, without a name or password in it")
