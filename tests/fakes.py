"""Fakes that implement our ports and remember what they were asked; no mocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from dragoman.adapters.storage import checked
from dragoman.errors import DragomanError, EngineBusy, Gone
from dragoman.ports import (
    NO_TOKENS,
    Answer,
    Batch,
    Capabilities,
    IssuedToken,
    Limits,
    Token,
    Tokens,
)


class RememberingTranslator:
    """Translates `Hello` to `[de] Hello`, charges a character each, and keeps every batch."""

    version = ""
    parallel = 1
    takes_hints = False

    def __init__(
        self, name: str = "remembering", limits: Limits = Limits(texts=50, size=30_000)
    ) -> None:
        self.name = name
        self.limits = limits
        self.batches: list[Batch] = []

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        return False

    def capabilities(self) -> Capabilities:
        return Capabilities(self.name, frozenset({"de", "es", "fr", "en"}))

    def translate(self, batch: Batch) -> Answer:
        self.batches.append(batch)
        return Answer(
            tuple(f"[{batch.target_lang}] {text}" for text in batch.texts),
            sum(map(len, batch.texts)),
        )

    @property
    def texts(self) -> list[str]:
        """Every text it was asked for, in order."""
        return [text for batch in self.batches for text in batch.texts]


class FailingTranslator(RememberingTranslator):
    """Answers `answered` batches, then raises `error` for every further one."""

    def __init__(
        self,
        error: DragomanError,
        answered: int = 0,
        limits: Limits = Limits(texts=50, size=30_000),
    ) -> None:
        super().__init__("failing", limits)
        self.error = error
        self.answered = answered

    def translate(self, batch: Batch) -> Answer:
        if len(self.batches) >= self.answered:
            raise self.error
        return super().translate(batch)


class RateLimitedTranslator(RememberingTranslator):
    """Says that it is busy on every first try of a batch, and answers the second."""

    def __init__(self, limits: Limits = Limits(texts=50, size=30_000)) -> None:
        super().__init__("rate_limited", limits)
        self._refused: set[Batch] = set()

    def translate(self, batch: Batch) -> Answer:
        if batch not in self._refused:
            self._refused.add(batch)
            raise EngineBusy(retry_after_s=1.0)
        return super().translate(batch)


class ForgetfulTranslator(RememberingTranslator):
    """Leaves out the last answer of every batch."""

    def translate(self, batch: Batch) -> Answer:
        answer = super().translate(batch)
        return Answer(answer.texts[:-1], answer.characters_billed)


class ShoutingToneModel:
    """Rephrases by capitals."""

    limits = Limits(texts=50, size=3_000)

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def rephrase(self, batch: Batch) -> Answer:
        self.batches.append(batch)
        return Answer(tuple(text.upper() for text in batch.texts), sum(map(len, batch.texts)))


class DictMemory:
    """A translation memory in a dict.

    `others`: keys that others ask for, and what they are told after so many pauses.
    """

    def __init__(self, others: dict[str, str | None] | None = None, pauses: int = 3) -> None:
        self.known: dict[str, str] = {}
        self.others = dict(others or {})
        self.pauses_left = pauses
        self.billed = 0
        self.spent = NO_TOKENS

    def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        return {key: self.known[key] for key in keys if key in self.known}

    def remember(self, answers: Mapping[str, str], billed: int, tokens: Tokens = NO_TOKENS) -> None:
        self.known |= answers
        self.billed += billed
        self.spent += tokens

    def reserve(self, keys: Sequence[str]) -> set[str]:
        return set(keys) - self.others.keys()

    def release(self) -> None:
        """Whether anybody waits is not known here."""

    def pause(self) -> None:
        self.pauses_left -= 1
        if not self.pauses_left:
            self.known |= {key: text for key, text in self.others.items() if text is not None}
            self.others.clear()


class RecordingDoorbell:
    """A doorbell that rings nobody and remembers every `(task, row id)`."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, str]] = []

    def ring(self, task: str, row_id: str) -> None:
        self.rings.append((task, row_id))


class InMemoryStore:
    """A store in a dict. `broken` set: every call raises it."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.broken: DragomanError | None = None
        self._lock = threading.Lock()

    def put(self, key: str, body: BinaryIO) -> bool:
        self._check(key)
        data = b"".join(iter(lambda: body.read(1 << 16), b""))
        with self._lock:
            free = key not in self.blobs
            self.blobs.setdefault(key, data)
            return free

    def adopt(self, key: str, file: Path) -> bool:
        with file.open("rb") as body:
            taken = self.put(key, body)
        file.unlink()
        return taken

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        self._check(key)
        if key not in self.blobs:
            raise Gone
        yield BytesIO(self.blobs[key])

    def size(self, key: str) -> int | None:
        self._check(key)
        return len(self.blobs[key]) if key in self.blobs else None

    def delete(self, key: str) -> None:
        self._check(key)
        self.blobs.pop(key, None)

    def keys(self, prefix: str) -> Iterator[str]:
        self._check()
        yield from [key for key in self.blobs if key.startswith(prefix)]

    def _check(self, key: str | None = None) -> None:
        if self.broken:
            raise self.broken
        if key is not None:
            checked(key)


class RememberingIssuer:
    """Gives `token-1`, `token-2`, …, or raises `error` while there is one; keeps how often it
    was asked.
    """

    credential = "remembering"

    def __init__(self, expires_in_s: float = 3600.0) -> None:
        self.expires_in_s = expires_in_s
        self.error: Exception | None = None
        self.asked = 0

    def issue(self) -> IssuedToken:
        self.asked += 1
        if self.error:
            raise self.error
        return IssuedToken(f"token-{self.asked}", self.expires_in_s)


class RememberingTokens:
    """Gives `token-1`; after `renewals` refusals at most, there is no other."""

    def __init__(self, renewals: int = 1) -> None:
        self.renewals = renewals
        self.refused: list[str] = []

    def token(self) -> Token:
        return Token("token-1", 1)

    def renewed(self, refused: Token) -> Token | None:
        self.refused.append(refused.text)
        if len(self.refused) > self.renewals:
            return None
        return Token(f"token-{refused.number + 1}", refused.number + 1)
