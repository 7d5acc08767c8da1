"""What a front door takes for a PDF: its first bytes, its size, its name."""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO

from dragoman import templating
from dragoman.errors import EmptyFile, NotAPdf, TooLarge
from dragoman.settings import MIB

HEADER_WITHIN = 1024  # readers accept `%PDF-` within the first KiB (ISO 32000-1, annex H, implementation note 13)
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
        if (at_end or len(self._head) >= HEADER_WITHIN) and b"%PDF-" not in self._head:
            raise NotAPdf(what_is(self._head))


def too_large(limit: int) -> TooLarge:
    """The refusal of a file of more than `limit` bytes."""
    return TooLarge(f"The file is larger than {templating.size(limit)}, the most that this server accepts.")


def what_is(head: bytes) -> str | None:
    """What a file that is no PDF seems to be, by its first bytes, as a sentence; None: no idea."""
    kinds = (
        (b"PK\x03\x04", "The file is not a PDF but a Word, Excel, PowerPoint or ZIP file."),
        (b"\xd0\xcf\x11\xe0", "The file is not a PDF but an old Office file (.doc, .xls, .ppt)."),
        (b"{\\rtf", "The file is not a PDF but an RTF text."),
        (b"\x89PNG", "The file is not a PDF but a picture."),
        (b"\xff\xd8\xff", "The file is not a PDF but a picture."),
        (b"<!doctype html", "The file is not a PDF but a web page."),
        (b"<html", "The file is not a PDF but a web page."),
    )
    start = head.lstrip()[:20].lower()
    return next((text for magic, text in kinds if start.startswith(magic.lower())), None)


def clean_name(filename: str) -> str:
    """A file's name without path, control characters and direction marks, never empty, with its `.pdf`."""
    name = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", filename)
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    stem = name[:-4] if name.casefold().endswith(".pdf") else name
    return (stem.strip(" .")[:LONGEST_NAME] or "document") + ".pdf"
