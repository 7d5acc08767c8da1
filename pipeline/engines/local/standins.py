"""Taking a sentence with holes through the model: something it copies stands in for each hole, and is looked for in the answer."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.engines.local.marked import HOLE

Ask = Callable[[str], str]
FORMS = ("[{}]", "%{}", "X{}")  # in the order in which they are tried
_WORD = re.compile(r"[^\W\d_]{2}")


def through(sentence: str, ask: Ask) -> str:
    """The translation of a sentence, each of its holes in it once."""
    holes = list(dict.fromkeys(HOLE.findall(sentence)))
    if not _WORD.search(HOLE.sub(" ", sentence)):
        return sentence
    if not holes:
        return ask(sentence)
    for form in FORMS:
        answer = _with(sentence, holes, form, ask)
        if answer is not None:
            return answer
    return _apart(sentence, ask)


def _with(sentence: str, holes: list[str], form: str, ask: Ask) -> str | None:
    """The answer with the holes in it again; None where a stand-in stood there before, is lost or was repeated."""
    marks = {hole: form.format(number) for number, hole in enumerate(holes, start=1)}
    if any(mark in sentence for mark in marks.values()):
        return None
    answer = ask(HOLE.sub(lambda match: marks[match.group()], sentence))
    for hole, mark in marks.items():
        found = re.compile(rf"(?<!\w){re.escape(mark)}(?!\w)")
        if len(found.findall(answer)) != 1:
            return None
        answer = found.sub(hole, answer)
    return answer


def _apart(sentence: str, ask: Ask) -> str:
    """The stretches between the holes, each translated for itself."""
    parts = re.split(f"({HOLE.pattern})", sentence)
    return "".join(part if HOLE.fullmatch(part) else _around(part, ask) for part in parts)


def _around(part: str, ask: Ask) -> str:
    words = part.strip()
    if not _WORD.search(words):
        return part
    start = part.index(words)
    return part[:start] + ask(words) + part[start + len(words) :]
