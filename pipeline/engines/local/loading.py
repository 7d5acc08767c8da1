"""A model in memory, ready to be asked: loaded when it is first needed, and once for each process.

`fxtranslate` belongs to the thread that made it and answers no other, so each thread has its own.
It holds Python's lock while it works: a text is given to it sentence by sentence, so that the
threads beside it (the lease's) get their turn.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from dragoman.errors import EngineMissing, ModelUnusable
from pipeline.engines.local.checking import Damaged, check
from pipeline.engines.local.folder import Model

if TYPE_CHECKING:
    from fxtranslate import Translator

Ask = Callable[[str], str]
Result = TypeVar("Result")
MISSING = "The engine local does not run on this machine: the library fxtranslate cannot be loaded."
MOST_LOADED = 4  # models in memory, of 60 to 100 MB each; a pair through English needs two
MOST_REMEMBERED = 2_000  # answers: spans and cells ask for the same words again


class Loaded:
    """One model that was read; `ask` translates a text of any length."""

    def __init__(self, model: Model) -> None:
        """Raises ModelUnusable or EngineMissing."""
        self._model = model
        self._engine = _read(model)
        self._answers: OrderedDict[str, str] = OrderedDict()

    def ask(self, text: str) -> str:
        """The translation. Raises ModelUnusable."""
        if text not in self._answers:
            self._answers[text] = _guarded(self._model, lambda: self._engine.translate_long(text))
            if len(self._answers) > MOST_REMEMBERED:
                self._answers.popitem(last=False)
        return self._answers[text]


class Shelf:
    """The models that this thread has in memory, at most `MOST_LOADED`: the one not used for
    longest goes.
    """

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def ask(self, model: Model) -> Ask:
        """What asks `model`. Raises ModelUnusable or EngineMissing."""
        loaded: OrderedDict[Model, Loaded] = self._of_thread.__dict__.setdefault(
            "loaded", OrderedDict()
        )
        if model not in loaded:
            loaded[model] = Loaded(model)
        loaded.move_to_end(model)
        while len(loaded) > MOST_LOADED:
            loaded.popitem(last=False)
        return loaded[model].ask


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the blanks between them. Raises EngineMissing."""
    return list(_library().discovery.segment_sentences(text))


def _read(model: Model) -> Translator:
    library = _library()
    try:
        paths = (model.weights, *model.vocabularies, model.shortlist)
        weights, source, target, shortlist = (path.read_bytes() for path in paths)
    except OSError as error:
        raise ModelUnusable(
            f"The translation model {model.pair} cannot be read: {error.strerror}."
        ) from error
    for path, data in zip(paths, (weights, source, target, shortlist), strict=True):
        expected = model.sums.get(path.name)
        if expected and hashlib.sha256(data).hexdigest() != expected:
            raise ModelUnusable(
                f"The translation model {model.pair} is damaged: {path.name} is not what was"
                " downloaded."
            )
    try:
        check(weights, source, target, shortlist)
    except Damaged as error:
        raise ModelUnusable(
            f"The translation model {model.pair} cannot be used: {error}."
        ) from error
    made: Translator = _guarded(
        model, lambda: library.Translator(weights, source, target, shortlist)
    )
    return made


def _guarded(model: Model, work: Callable[[], Result]) -> Result:
    """What `work` gives.

    Raises ModelUnusable where the library refuses the model, or gives up over it.
    """
    try:
        return work()
    except ValueError as error:
        raise ModelUnusable(_damaged(model), detail=str(error)) from error
    except BaseException as error:
        # The library's own failures are no `Exception` (PyO3), and would end the worker.
        if type(error).__name__ != "PanicException":
            raise
        raise ModelUnusable(_damaged(model), detail=str(error)) from None


def _damaged(model: Model) -> str:
    return f"The translation model {model.pair} is damaged, or its files do not belong together."


def _library() -> ModuleType:
    """`fxtranslate`, which has no wheel for every machine. Raises EngineMissing."""
    try:
        import fxtranslate
    except ImportError as error:
        raise EngineMissing(MISSING, detail=str(error)) from error
    return fxtranslate
