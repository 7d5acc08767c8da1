"""Translating many texts through an engine with a memory: what the worker's task and the command line share.

Every answered batch is remembered at once, so that whatever happens afterwards, nothing is paid for twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from dragoman.domain.job import Tone
from dragoman.errors import EngineMisbehaved
from dragoman.ports import Answer, Batch, Limits, ToneModel, Translator
from pipeline.stages import markup
from pipeline.stages.translate import cut, memory_key, plan_batches

OnProgress = Callable[[float], None]
"""Is told the share of the work done, from 0 to 1."""


class Memory(Protocol):
    """Translations that were paid for, by `memory_key`."""

    def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        """What is known of `keys`: key -> translation."""

    def remember(self, answers: Mapping[str, str], billed: int) -> None:
        """Keep key -> translation and the `billed` characters that they cost, durably, before this returns."""


class NoMemory:
    """A memory that knows nothing: for one run in one process."""

    def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def remember(self, answers: Mapping[str, str], billed: int) -> None:
        """Nothing is kept."""


def translate_all(
    texts: Iterable[str],
    translator: Translator,
    source_lang: str | None,
    target_lang: str,
    *,
    tone: Tone | None = None,
    memory: Memory | None = None,
    on_progress: OnProgress = lambda _: None,
) -> tuple[dict[str, str], int]:
    """Translations of all `texts` (text -> translation) and the characters that the engine charged for.

    Raises what `Translator.translate` raises; the batches answered until then are in the memory.
    """

    def ask(batch: tuple[str, ...]) -> Answer:
        return translator.translate(Batch(batch, source_lang, target_lang, tone))

    def key(text: str) -> str:
        return memory_key(translator.name, source_lang, target_lang, tone, text)

    return _through_memory(
        texts, ask, limits=translator.limits, key=key, memory=memory or NoMemory(), on_progress=on_progress
    )


def rephrase_all(
    texts: Iterable[str],
    model: ToneModel,
    *,
    target_lang: str,
    tone: Tone,
    memory: Memory | None = None,
    on_progress: OnProgress = lambda _: None,
) -> tuple[dict[str, str], int]:
    """As `translate_all`, for a tone model: the texts of `target_lang` in `tone`."""

    def ask(batch: tuple[str, ...]) -> Answer:
        return model.rephrase(Batch(batch, target_lang, target_lang, tone))

    def key(text: str) -> str:
        return memory_key("tone", target_lang, target_lang, tone, text)

    return _through_memory(
        texts, ask, limits=model.limits, key=key, memory=memory or NoMemory(), on_progress=on_progress
    )


def estimate(
    texts: Iterable[str],
    translator: Translator,
    source_lang: str | None,
    target_lang: str,
    *,
    tone: Tone | None,
    recall: Callable[[Sequence[str]], Mapping[str, str]],
) -> tuple[int, int]:
    """Characters of all unique `texts`, and those among them that are remembered: nobody pays for them again."""
    pieces = {piece for text in texts for piece in cut(text, translator.limits.size)}
    keys = {memory_key(translator.name, source_lang, target_lang, tone, piece): piece for piece in pieces}
    known = recall(list(keys))
    sizes = {key: len(markup.plain(piece)) for key, piece in keys.items()}
    return sum(sizes.values()), sum(sizes[key] for key in known)


def _through_memory(
    texts: Iterable[str],
    ask: Callable[[tuple[str, ...]], Answer],
    *,
    limits: Limits,
    key: Callable[[str], str],
    memory: Memory,
    on_progress: OnProgress,
) -> tuple[dict[str, str], int]:
    pieces = {text: cut(text, limits.size) for text in texts}
    keys = {piece: key(piece) for cuts in pieces.values() for piece in cuts}
    known = memory.recall(list(keys.values()))
    answers = {piece: known[key_] for piece, key_ in keys.items() if key_ in known}
    billed, total, done = 0, len(keys) or 1, len(answers)
    for batch in plan_batches((piece for piece in keys if piece not in answers), limits):
        on_progress(done / total)
        answer = ask(batch)
        if len(answer.texts) != len(batch):
            raise EngineMisbehaved(detail=f"{len(answer.texts)} answers to {len(batch)} texts")
        fresh = dict(zip(batch, answer.texts, strict=True))
        useful = {keys[piece]: text for piece, text in fresh.items() if markup.plain(text).strip()}
        memory.remember(useful, answer.characters_billed)
        answers |= fresh
        billed += answer.characters_billed
        done += len(batch)
    on_progress(1.0)
    return {text: "".join(_as_spaced(piece, answers[piece]) for piece in cuts) for text, cuts in pieces.items()}, billed


def _as_spaced(piece: str, answer: str) -> str:
    """The answer with the blanks that stood around the piece, which some engines take away."""
    words = piece.strip()
    start = piece.index(words)
    return piece[:start] + answer.strip() + piece[start + len(words) :]
