"""Taking a sentence with holes through the model: something it copies stands in for each hole,
and is looked for in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.engines.local.marked import HOLE

Ask = Callable[[str], str]
# In the order in which they are tried. Eleven forms were tried on 200 sentences of real documents:
# each came back in about as many as the next. Those in brackets may also stand against a letter.
FORMS = ("[{}]", "({})", "X{}", "%{}")
_HOLES = re.compile(rf"{HOLE.pattern}(?:[ \u00a0]?{HOLE.pattern})*")
_WORD = re.compile(r"[^\W\d_]{2}")


def through(sentence: str, ask: Ask) -> str:
    """The translation of a sentence, each of its holes in it once."""
    if not has_words(sentence):
        return sentence
    if not HOLE.search(sentence):
        return ask(sentence)
    for form in FORMS:
        sent = stood_in(sentence, form)
        answer = filled(ask(sent[0]), sent[1]) if sent else None
        if answer is not None:
            return answer
    return apart(sentence, ask)


def has_words(sentence: str) -> bool:
    """Whether there is a word outside of the holes."""
    return _WORD.search(HOLE.sub(" ", sentence)) is not None


def apart(sentence: str, ask: Ask) -> str:
    """The stretches between the holes, each translated for itself."""
    parts = re.split(f"({_HOLES.pattern})", sentence)
    return "".join(part if HOLE.match(part) else _around(part, ask) for part in parts)


def stood_in(sentence: str, form: str) -> tuple[str, dict[str, str]] | None:
    """The sentence with stand-ins for its holes, and the stand-in of each; None where one stood
    there before.
    """
    holes = dict.fromkeys(_HOLES.findall(sentence))
    marks = {hole: form.format(number) for number, hole in enumerate(holes, start=1)}
    if any(mark in sentence for mark in marks.values()):
        return None
    return _HOLES.sub(lambda match: marks[match.group()], sentence), marks


def filled(answer: str, marks: dict[str, str]) -> str | None:
    """The answer with the holes in it again; None where a stand-in is lost or was repeated."""
    for hole, mark in marks.items():
        found = re.compile(
            re.escape(mark) if mark[-1] in ")]" else rf"(?<!\w){re.escape(mark)}(?!\w)"
        )
        if len(found.findall(answer)) != 1:
            return None
        answer = found.sub(hole, answer)
    return answer


def _around(part: str, ask: Ask) -> str:
    words = part.strip()
    if not _WORD.search(words):
        return part
    start = part.index(words)
    return part[:start] + ask(words) + part[start + len(words) :]
