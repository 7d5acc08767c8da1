"""The `Translator` named `local`: Firefox's models from a folder of this machine, run by
`fxtranslate`; nothing is sent anywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from dragoman.domain import language
from dragoman.ports import Answer, Batch, Capabilities, Limits
from pipeline.engines.local import kept_pieces, marked, routes, slips, standins, word_alignment
from pipeline.engines.local.folder import Found, Model, look
from pipeline.engines.local.loading import Shelf, sentences
from pipeline.engines.local.sentences import OnKept, translated
from pipeline.engines.pairs import refuse_unserved
from pipeline.engines.settings import EngineSettings
from pipeline.stages import protection

NAME = routes.NAME


VERSION_LETTERS = 16


def _fingerprint(model: Model) -> str:
    """The SHA-256 of the weights; those that were put there by hand go by their size."""
    known = model.sums.get(model.weights.name)
    if known:
        return known
    try:
        return str(model.weights.stat().st_size)
    except OSError:  # it was removed just now: translating says so
        return "gone"


def _noted(partly: set[int], at: int, _sentence: str) -> None:
    """A sentence of the text at `at` stays in the original."""
    partly.add(at)


class Local:
    """See above.

    What is in the folder is looked at anew for each batch: a model that was added is there at once.
    """

    name = NAME
    parallel = 1
    takes_hints = False
    # A batch takes 2 to 5 s of one core; between two of them the progress is told.
    limits: ClassVar[Limits] = Limits(texts=50, size=10_000)

    def __init__(self, folder: Path) -> None:
        """`folder`: where the models lie; it need not be there."""
        self._folder = folder
        self._shelf = Shelf()

    @property
    def installed(self) -> bool:
        """Whether there is a model that can be used, and the library that runs it."""
        return find_spec("fxtranslate") is not None and bool(self.found().models)

    def found(self) -> Found:
        """The models in the folder, and what is wrong with others."""
        return look(self._folder)

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """See `Translator.takes_terms`."""
        return False

    def capabilities(self) -> Capabilities:
        """The pairs that the models make, also two by two through English."""
        return routes.capabilities(self.found().models)

    @property
    def version(self) -> str:
        """A hash over the models in the folder.

        Adding one lets texts be translated anew, which costs nothing.
        """
        known = sorted(f"{model.pair}:{_fingerprint(model)}" for model in self.found().models)
        return hashlib.sha256(" ".join(known).encode()).hexdigest()[:VERSION_LETTERS]

    def translate(self, batch: Batch) -> Answer:
        """See `Translator.translate`.

        Needs `source_lang`. Raises UnsupportedTarget, UnsupportedPair, ModelUnusable,
        EngineMissing.
        """
        if not batch.texts:
            return Answer((), 0)
        models = self.found().models
        refuse_unserved(routes.capabilities(models), batch.source_lang, batch.target_lang)
        hops = routes.route(models, batch.source_lang or "und", batch.target_lang)
        texts, partly = batch.texts, set[int]()
        for model in hops:
            texts = tuple(
                self._translated(model, text, partial(_noted, partly, at))
                for at, text in enumerate(texts)
            )
        return Answer(texts, 0, partly=frozenset(partly))

    def _translated(self, model: Model, text: str, on_kept: OnKept) -> str:
        """One text, by one model."""
        whole = marked.read(text)
        if not protection.has_words(marked.HOLE.sub(" ", whole.words)):
            return text
        pattern = kept_pieces.patterns(language.base(model.source))
        whole = kept_pieces.hold(whole, pattern, model.source, model.target)
        ask = slips.mended(self._shelf.ask(model), model.target)
        answer = translated(whole.words, ask, sentences, whole.pieces, on_kept)
        spans = word_alignment.place(
            whole.words, answer, whole.spans, lambda words: standins.through(words, ask)
        )
        return marked.write(replace(whole, words=answer, spans=spans))


def build(settings: EngineSettings) -> Local | None:
    """The local engine, if there is a model."""
    return models if (models := _kept(settings.models_dir)).installed else None


@lru_cache(8)
def _kept(folder: Path) -> Local:
    return Local(folder)
