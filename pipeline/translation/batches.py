"""Translating many texts through an engine with a memory: what the worker's task and the command
line share.

Every answered batch is remembered at once, so that whatever happens afterwards, nothing is paid for
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from dragoman.db.ledgers.lease import Leaving
from dragoman.domain.job import Tone
from dragoman.errors import EngineMisbehaved
from dragoman.ports import (
    NO_CONTEXT,
    NO_TOKENS,
    Answer,
    Batch,
    Context,
    Limits,
    Term,
    Tokens,
    ToneModel,
    Translator,
)
from pipeline.stages import checks, markup, terms
from pipeline.stages.checks import Doubt
from pipeline.stages.protection import NO_GLOSSARY, Glossary
from pipeline.stages.translate import cut, memory_key, plan_batches
from pipeline.translation.parallel_calls import Asking

OnProgress = Callable[[float], None]
"""Is told the share of the work done, from 0 to 1."""

OnDoubt = Callable[[str, Doubt], None]
"""Is told a text and why its translation is not believed."""

NEIGHBOURS = 2  # texts before a batch that are shown with it
NEIGHBOUR_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Hints:
    """What an engine is told besides the texts, and what its answers are looked over for.

    `title` of the document, `sections`: the heading that a text stands under, `glossary`: terms
    that are to be used, inflected; it is checked for every engine.
    """

    title: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    glossary: Glossary = NO_GLOSSARY

    def context(self, batch: tuple[str, ...], texts: Sequence[str], at: int) -> Context:
        """Where `batch` stands, which begins at `at` of `texts`."""
        before = tuple(map(_shown, texts[max(0, at - NEIGHBOURS) : at]))
        after = tuple(map(_shown, texts[at + len(batch) : at + len(batch) + 1]))
        return Context(_shown(self.title), _shown(self.sections.get(batch[0], "")), before, after)

    def terms(self, text: str) -> tuple[Term, ...]:
        """The terms that occur in a text in any form, each once, as the glossary has them."""
        if not self.glossary:
            return ()
        found = self.glossary.occurrences(markup.plain(text))
        named = [Term(one.term.source, one.term.target) for one in found if one.term]
        return tuple(dict.fromkeys(named))

    @property
    def all_terms(self) -> tuple[Term, ...]:
        """The whole glossary."""
        return tuple(Term(*entry) for entry in self.glossary.entries)

    def are_kept(self, text: str, answer: str, target_lang: str) -> bool:
        """Whether all terms of a marked-up text are in its marked-up answer as they should be."""
        if not self.glossary:
            return True
        meant, said = markup.plain(text), markup.plain(answer)
        return next(terms.doubts(meant, said, self.glossary, target_lang), None) is None


NO_HINTS = Hints()


class Memory(Protocol):
    """Translations that were paid for, by `memory_key`."""

    def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        """What is known of `keys`: key -> translation."""

    def remember(self, answers: Mapping[str, str], billed: int, tokens: Tokens = NO_TOKENS) -> None:
        """Keep key -> translation and the `billed` characters and the tokens that they cost,
        durably, before this returns.
        """

    def reserve(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that are ours to ask for; somebody else asks for the others just now,
        and will remember them or give up.
        """

    def release(self) -> None:
        """We ask for nothing more of what is reserved."""

    def pause(self) -> None:
        """Wait a moment for what somebody else asks for."""


class NoMemory:
    """A memory that knows nothing: for one run in one process."""

    def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def remember(self, answers: Mapping[str, str], billed: int, tokens: Tokens = NO_TOKENS) -> None:
        """Nothing is kept."""

    def reserve(self, keys: Sequence[str]) -> set[str]:
        """All are ours: there is nobody else."""
        return set(keys)

    def release(self) -> None:
        """Nothing was reserved."""

    def pause(self) -> None:
        """Nobody is waited for."""


def translate_all(
    texts: Iterable[str],
    translator: Translator,
    source_lang: str | None,
    target_lang: str,
    *,
    tone: Tone | None = None,
    team: str = "",
    memory: Memory | None = None,
    hints: Hints = NO_HINTS,
    on_progress: OnProgress = lambda _: None,
    on_doubt: OnDoubt = lambda _text, _doubt: None,
    around: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[dict[str, str], int]:
    """Translations of all `texts` (text -> translation) and the characters that the engine charged
    for.

    A text that the engine fails at is left out. `on_doubt` is told of it, and of those that are
    translated but not believed; neither is remembered. `team`: whose part of the memory it is.
    Several requests at once, where the engine allows it, are waited for within `around()`. Raises
    what `Translator.translate` raises; the batches answered until then are in the memory.
    """
    ordered = list(dict.fromkeys(texts))
    places = {text: at for at, text in enumerate(ordered)}

    def ask(batch: tuple[str, ...]) -> Answer:
        context, told = NO_CONTEXT, tuple[Term, ...]()
        if translator.takes_hints:
            context = hints.context(batch, ordered, places.get(batch[0], 0))
        if translator.takes_terms(source_lang, target_lang):
            told = tuple(dict.fromkeys(term for text in batch for term in hints.terms(text)))
        whole = hints.all_terms if told else ()
        return translator.translate(
            Batch(batch, source_lang, target_lang, tone, context, told, whole)
        )

    def judge(text: str, answer: str | None) -> Doubt | None:
        found = checks.doubt(text, answer, source_lang, target_lang)
        if found is None and answer is not None and not hints.are_kept(text, answer, target_lang):
            return Doubt.TERM
        return found

    key = keys_by(translator, (source_lang, target_lang), tone, team=team, hints=hints)
    work = _Work(translator.limits, ask, key, judge, translator.parallel, around)
    return work.through(
        memory or NoMemory(), texts=ordered, on_progress=on_progress, on_doubt=on_doubt
    )


def keys_by(
    translator: Translator,
    langs: tuple[str | None, str],
    tone: Tone | None,
    *,
    team: str = "",
    hints: Hints = NO_HINTS,
) -> Callable[[str], str]:
    """What the translation of a text is remembered by: the engine with its version, and the terms
    that it is told to use.

    `langs`: the source's (None: the engine detects it) and the target's. `team`: whose part of the
    memory it is. The texts around it are no part of the key: a sentence of one document would be
    paid for again in the next one.
    """
    version = translator.version

    def key(text: str) -> str:
        told = "\n".join(f"{term.source}={term.target}" for term in hints.terms(text))
        return memory_key(
            translator.name, *langs, tone, text, team=team, version=version, context=told
        )

    return key


def rephrase_all(
    texts: Iterable[str],
    model: ToneModel,
    *,
    target_lang: str,
    tone: Tone,
    team: str = "",
    memory: Memory | None = None,
    on_progress: OnProgress = lambda _: None,
) -> tuple[dict[str, str], int]:
    """As `translate_all`, for a tone model: the texts of `target_lang` in `tone`."""

    def ask(batch: tuple[str, ...]) -> Answer:
        return model.rephrase(Batch(batch, target_lang, target_lang, tone))

    def key(text: str) -> str:
        return memory_key("tone", target_lang, target_lang, tone, text, team=team)

    def judge(text: str, answer: str | None) -> Doubt | None:
        return None if answer and markup.plain(answer).strip() else Doubt.EMPTY

    work = _Work(model.limits, ask, key, judge)
    found, billed = work.through(memory or NoMemory(), texts=texts, on_progress=on_progress)
    return found, billed


def estimate(
    texts: Iterable[str],
    translator: Translator,
    source_lang: str | None,
    target_lang: str,
    *,
    tone: Tone | None,
    team: str = "",
    hints: Hints = NO_HINTS,
    recall: Callable[[Sequence[str]], Mapping[str, str]],
) -> tuple[int, int]:
    """Characters of all unique `texts`, and those among them that the team remembers: it does
    not pay for them again.
    """
    pieces = {piece for text in texts for piece in cut(text, translator.limits.size)}
    key = keys_by(translator, (source_lang, target_lang), tone, team=team, hints=hints)
    keys = {key(piece): piece for piece in pieces}
    known = recall(list(keys))
    sizes = {key: len(markup.plain(piece)) for key, piece in keys.items()}
    return sum(sizes.values()), sum(sizes[key] for key in known)


@dataclass
class _Found:
    """What is known of pieces of texts so far.

    `keys`: piece -> key of the memory; `settled`: those remembered or asked for.
    """

    keys: Mapping[str, str]
    answers: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    billed: int = 0

    def missing(self) -> list[str]:
        """The pieces that are still to be asked for, in their order."""
        return [piece for piece in self.keys if piece not in self.settled]

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return len(self.settled) / (len(self.keys) or 1)

    def recall(self, memory: Memory, pieces: Sequence[str]) -> None:
        """Look `pieces` up in the memory."""
        known = memory.recall([self.keys[piece] for piece in pieces]) if pieces else {}
        self.note({piece: known[self.keys[piece]] for piece in pieces if self.keys[piece] in known})

    def note(
        self, answers: Mapping[str, str], *, asked: Iterable[str] = (), billed: int = 0
    ) -> None:
        """Some answers came; `asked`: all that the engine was asked for, `billed`: the
        characters that it charged for.
        """
        self.answers |= answers
        self.settled.update(answers, asked)
        self.billed += billed


@dataclass(frozen=True, slots=True)
class _Work:
    """How texts are asked for (`ask`, a batch), remembered (`key`) and looked over (`judge`)."""

    limits: Limits
    ask: Callable[[tuple[str, ...]], Answer]
    key: Callable[[str], str]
    judge: Callable[[str, str | None], Doubt | None]
    parallel: int = 1
    around: Callable[[], AbstractContextManager[None]] = nullcontext

    def through(
        self,
        memory: Memory,
        *,
        texts: Iterable[str],
        on_progress: OnProgress,
        on_doubt: OnDoubt = lambda _text, _doubt: None,
    ) -> tuple[dict[str, str], int]:
        pieces = {text: cut(text, self.limits.size) for text in texts}
        keys = {piece: self.key(piece) for cuts in pieces.values() for piece in cuts}
        found = _Found(keys)
        found.recall(memory, found.missing())
        on_progress(found.share)
        while wanted := found.missing():
            ours = memory.reserve([keys[piece] for piece in wanted])
            if not ours:
                memory.pause()
                on_progress(found.share)
            else:
                self._ask_for(
                    found, [piece for piece in wanted if keys[piece] in ours], memory, on_progress
                )
            found.recall(memory, found.missing())
        on_progress(1.0)
        for text, cuts in pieces.items():
            if wrong := [found.doubts[piece] for piece in cuts if piece in found.doubts]:
                on_doubt(text, next((one for one in wrong if one.is_useless), wrong[0]))
        answers = found.answers
        whole = {
            text: cuts for text, cuts in pieces.items() if all(piece in answers for piece in cuts)
        }
        return {
            text: "".join(_as_spaced(cut_, answers[cut_]) for cut_ in cuts)
            for text, cuts in whole.items()
        }, found.billed

    def _ask_for(
        self, found: _Found, reserved: Sequence[str], memory: Memory, on_progress: OnProgress
    ) -> None:
        """Ask for pieces that are reserved for us, but for those that were remembered while
        they were being reserved.
        """
        found.recall(memory, reserved)
        asked = [piece for piece in reserved if piece not in found.settled]
        leaving: Leaving | None = None
        asking = Asking(plan_batches(asked, self.limits), self.ask, self.parallel, self.around)
        for batch, answer in asking:
            told = self._judged(batch, answer, found.doubts)
            sound = {
                found.keys[piece]: text for piece, text in told.items() if piece not in found.doubts
            }
            memory.remember(sound, answer.characters_billed, answer.spent)
            found.note(told, asked=batch, billed=answer.characters_billed)
            try:
                on_progress(found.share)
            except Leaving as error:  # what is on its way is paid for: it is waited for, and kept
                leaving = error
                asking.stop()
        memory.release()
        if leaving:
            raise leaving

    def _judged(
        self, batch: tuple[str, ...], answer: Answer, doubts: dict[str, Doubt]
    ) -> dict[str, str]:
        """The answers of a batch that are of use; what is wrong with them and the others goes
        into `doubts`.
        """
        if len(answer.texts) != len(batch):
            raise EngineMisbehaved(detail=f"{len(answer.texts)} answers to {len(batch)} texts")
        found: dict[str, str] = {}
        for at, (piece, text) in enumerate(zip(batch, answer.texts, strict=True)):
            wrong = self.judge(piece, text) or (Doubt.SENTENCE if at in answer.partly else None)
            if wrong is not None:
                doubts[piece] = wrong
            if text is not None and (wrong is None or not wrong.is_useless):
                found[piece] = text
        return found


def _shown(text: str) -> str:
    """A text as a neighbour shows it: plain, and not all of a long one."""
    plain = " ".join(markup.plain(text).split())
    return (
        plain
        if len(plain) <= NEIGHBOUR_CHARACTERS
        else f"{plain[:NEIGHBOUR_CHARACTERS].rpartition(' ')[0]} …"
    )


def _as_spaced(piece: str, answer: str) -> str:
    """The answer with the blanks that stood around the piece, which some engines take away."""
    words = piece.strip()
    start = piece.index(words)
    return piece[:start] + answer.strip() + piece[start + len(words) :]
