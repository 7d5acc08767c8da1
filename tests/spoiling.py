"""The ten ways in which engines break a text, and an engine that does it to the answers of a
real one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from dragoman.ports import Answer, Batch, Capabilities, Limits, Translator

Fault = Callable[[str, str], str | None]
"""What becomes of the answer (second) to a text (first)."""

REFUSAL = "I'm sorry, but I can't assist with translating that text."


def _greek(text: str) -> str:
    return re.sub(r"(<[^<>]*>|&\w+;)|[^\W\d_]", lambda match: match.group(1) or "ω", text)


FAULTS: dict[str, Fault] = {
    "echo": lambda text, answer: text,
    "lost tag": lambda text, answer: re.sub(r"<x[^<>]*>", "", answer, count=1),
    "doubled tag": lambda text, answer: re.sub(r"(<x[^<>]*>)", r"\1 \1", answer, count=1),
    "missing text": lambda text, answer: None,
    "empty answer": lambda text, answer: "",
    "other script": lambda text, answer: _greek(answer),
    "changed number": lambda text, answer: answer.replace("1987", "1978"),
    "cut end": lambda text, answer: (
        answer[: len(answer) // 4].rpartition("<")[0] or answer[: len(answer) // 4]
    ),
    "refusal": lambda text, answer: REFUSAL,
    "extra text": lambda text, answer: f"{answer} {answer} {answer} {answer} {answer} {answer}",
}


class Spoiling:
    """A `Translator` that has another one's answers, those to texts of `spoils` broken."""

    def __init__(self, engine: Translator, spoils: dict[str, Fault]) -> None:
        self._engine = engine
        self.spoils = spoils
        self.asked: list[str] = []

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def version(self) -> str:
        return self._engine.version

    @property
    def parallel(self) -> int:
        return 1

    @property
    def takes_hints(self) -> bool:
        return self._engine.takes_hints

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        return self._engine.takes_terms(source_lang, target_lang)

    @property
    def limits(self) -> Limits:
        return self._engine.limits

    def capabilities(self) -> Capabilities:
        return self._engine.capabilities()

    def translate(self, batch: Batch) -> Answer:
        self.asked += batch.texts
        answer = self._engine.translate(batch)
        pairs = zip(batch.texts, answer.texts, strict=True)
        return replace(answer, texts=tuple(self._spoilt(text, said) for text, said in pairs))

    def _spoilt(self, text: str, said: str | None) -> str | None:
        fault = self.spoils.get(text)
        return fault(text, said) if fault and said is not None else said
