"""What a front door takes for a PDF: its first bytes, its size, its name."""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO

from dragoman.adapters import templating
from dragoman.domain.file_kinds import HEADER_WITHIN, is_pdf, what_is
from dragoman.errors import EmptyFile, NotAPdf, TooLarge
from dragoman.settings import MIB

LONGEST_NAME = 200


class Checked:
    """A stream that is hashed, counted and recognised as a PDF while somebody reads it."""

    def __init__(self, body: BinaryIO, limit: int) -> None:
        self._body, self._limit = body, limit
        self._head = b""
        self.sha256, self.size = hashlib.sha256(), 0

    def read(self, count: int = -1) -> bytes:
        """As a stream's. Raises TooLarge, EmptyFile or NotAPdf as soon as it is known."""
        chunk = self._body.read(count if count > 0 else MIB)
        self.size += len(chunk)
        self.sha256.update(chunk)
        if len(self._head) < HEADER_WITHIN:
            self._head += chunk[: HEADER_WITHIN - len(self._head)]
        self._check(at_end=not chunk)
        return chunk

    def seekable(self) -> bool:
        """Never: it is read once."""
        return False

    def _check(self, *, at_end: bool) -> None:
        if self.size > self._limit:
            raise too_large(self._limit)
        if at_end and self.size == 0:
            raise EmptyFile
        if (at_end or len(self._head) >= HEADER_WITHIN) and not is_pdf(self._head):
            raise NotAPdf(what_is(self._head))


def too_large(limit: int) -> TooLarge:
    """The refusal of a file of more than `limit` bytes."""
    return TooLarge(
        f"The file is larger than {templating.size(limit)}, the most that this server accepts."
    )


def clean_name(filename: str) -> str:
    """A file's name without path, control characters and direction marks, never empty, with its
    `.pdf`.
    """
    name = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", filename)
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    stem = name[:-4] if name.casefold().endswith(".pdf") else name
    return (stem.strip(" .")[:LONGEST_NAME] or "document") + ".pdf"
