"""Engines that wait for their turn: no more requests and characters a second than the key is
good for, over all workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from dragoman.errors import EngineBusy
from dragoman.ports import Answer, Batch, Capabilities, Limits, ToneModel, Translator
from pipeline.stages import markup

LOOK_EVERY_S = 1.0  # while waiting: whether the job is still ours


class Turns(Protocol):
    """What a bucket is to an engine."""

    def take(self, characters: int) -> float:
        """As `Bucket.take`."""

    def pause(self, seconds: float) -> None:
        """As `Bucket.pause`."""


class Queue:
    """Waits for the tokens of a batch, and tells all workers when the service asks for a pause."""

    def __init__(
        self,
        bucket: Turns,
        check: Callable[[], None],
        sleep: Callable[[float], None] = time.sleep,
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`check` is called every second of the wait and may end it by raising.

        The service is asked within `around()`.
        """
        self._bucket, self._check, self._sleep, self._around = bucket, check, sleep, around

    def ask(self, batch: Batch, service: Callable[[Batch], Answer]) -> Answer:
        """The service's answer, in turn. Raises what `check` and the service raise."""
        left = self._bucket.take(sum(len(markup.plain(text)) for text in batch.texts))
        while left > 0:
            self._check()
            self._sleep(min(left, LOOK_EVERY_S))
            left -= LOOK_EVERY_S
        try:
            with self._around():
                return service(batch)
        except EngineBusy as error:
            if error.retry_after_s:
                self._bucket.pause(error.retry_after_s)
            raise


class ThrottledTranslator:
    """A `Translator` that waits for its turn."""

    def __init__(self, engine: Translator, queue: Queue) -> None:
        self._engine, self._queue = engine, queue

    @property
    def name(self) -> str:
        """The engine's own name."""
        return self._engine.name

    @property
    def version(self) -> str:
        """The engine's own."""
        return self._engine.version

    @property
    def parallel(self) -> int:
        """The engine's own."""
        return self._engine.parallel

    @property
    def takes_hints(self) -> bool:
        """As the engine."""
        return self._engine.takes_hints

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """As the engine."""
        return self._engine.takes_terms(source_lang, target_lang)

    @property
    def limits(self) -> Limits:
        """The engine's own."""
        return self._engine.limits

    def capabilities(self) -> Capabilities:
        """The engine's own."""
        return self._engine.capabilities()

    def translate(self, batch: Batch) -> Answer:
        """As the engine, in turn."""
        return self._queue.ask(batch, self._engine.translate)


class ThrottledToneModel:
    """A `ToneModel` that waits for its turn."""

    def __init__(self, model: ToneModel, queue: Queue) -> None:
        self._model, self._queue = model, queue

    @property
    def limits(self) -> Limits:
        """The model's own."""
        return self._model.limits

    def rephrase(self, batch: Batch) -> Answer:
        """As the model, in turn."""
        return self._queue.ask(batch, self._model.rephrase)
