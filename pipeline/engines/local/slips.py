"""Slips of the models that are known by language: small words that their vocabulary writes as one.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dragoman.domain import language

Ask = Callable[[str], str]
# `e o`, `e a` and their plurals come out as `eo`, `ea`, `eos`, `eas`, which are no words.
_SLIPS = {"pt": (re.compile(r"(?<!\w)([eE])([oa]s?)(?!\w)"), r"\1 \2")}


def mended(ask: Ask, target: str) -> Ask:
    """The same model without its slips in `target`."""
    slip = _SLIPS.get(language.base(target))
    if slip is None:
        return ask
    pattern, right = slip
    return lambda text: pattern.sub(right, ask(text))
