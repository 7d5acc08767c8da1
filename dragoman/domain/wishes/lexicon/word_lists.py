"""What the TOML files in `words/` list: for each language its words by their kinds, and names
of languages (pure).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dragoman.domain.wishes.lexicon.tokens import fold

NAMES_FILE = "names"


@dataclass(frozen=True, slots=True)
class Name:
    """A form of a language's name. `mark`: into, in or from, where the form itself says so.

    `locales`: the languages in which it is said; empty: any. `adjective`: it stands before a noun.
    """

    tag: str
    locales: frozenset[str]
    mark: str | None = None
    adjective: bool = False


@cache
def files() -> Mapping[str, Mapping[str, Any]]:
    """Every file of `words/` by the code of its language; `names` holds no language's words."""
    folder = resources.files("dragoman.domain.wishes") / "words"
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
        if file.name.endswith(".toml")
    }


def listed(locale: str, kind: str) -> tuple[str, ...]:
    """The phrases of one list of one language, folded; empty where it has none."""
    text = files().get(locale, {}).get(kind, "")
    return tuple(fold(phrase.strip()) for phrase in text.split(",") if phrase.strip())
