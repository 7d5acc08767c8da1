"""What is in the store and newer than a backup: emails above all, which were taken, and whose
senders have to hear of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from typing import BinaryIO

from dragoman.errors import Gone
from dragoman.ports import BlobStore

HEADERS_WITHIN = 1 << 16
LONGEST = 200
EMAIL = re.compile(r"inbox/[^/]+/message")


@dataclass(frozen=True, slots=True)
class Newer:
    """A file that no row names.

    `sender`, `subject`, `date`: of an email, as its headers have them; else None.
    """

    key: str
    sender: str | None = None
    subject: str | None = None
    date: str | None = None

    @property
    def is_email(self) -> bool:
        """Whether it is one that somebody sent, and that was taken after the backup was made."""
        return self.sender is not None


def look_at(store: BlobStore, keys: Iterable[str]) -> Iterator[Newer]:
    """What these files are. Raises StoreUnavailable."""
    for key in keys:
        if not EMAIL.fullmatch(key):
            yield Newer(key)
            continue
        try:
            with store.open(key) as body:
                yield _of_email(key, body)
        except Gone:
            continue


def _of_email(key: str, body: BinaryIO) -> Newer:
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(body.read(HEADERS_WITHIN))
    said = [_plain(str(headers.get(name, ""))) for name in ("From", "Subject", "Date")]
    return Newer(key, *said)


def _plain(value: str) -> str:
    """One line without control characters: it comes from a stranger, and is shown on a terminal."""
    return "".join(one if one.isprintable() else " " for one in value)[:LONGEST].strip()
