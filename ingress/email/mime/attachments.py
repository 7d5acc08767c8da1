"""What there is in a mail: words to look for a wish in, PDFs, and what else was attached (pure).

A PDF is known by its bytes: real clients send PDFs as `application/octet-stream`, as `text/plain`,
inline, inside forwarded mails, in winmail.dat and in signed S/MIME. No link is followed, and
nothing is opened that is not a PDF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dragoman.domain.file_kinds import is_pdf
from dragoman.domain.wishes.grammar import letter
from ingress.email.mime.walker import Part, Walk, wrapping_of

MOST_PDFS = 25
HEAD = 1024  # bytes in which readers look for `%PDF-` (ISO 32000-1, annex H)
LONGEST_WORDS = 32_768  # bytes of a body; a wish stands in its first lines
NAMELESS = "document.pdf"
_JAPANESE = b"\x1b$"
# Pictures of a signature, by the names that mail programs and companies give them.
_SIGNATURE = re.compile(
    r"(?:image\d{3}|outlook-\w+|logo|signature|signatur|firma|banner|facebook|linkedin|twitter"
    r"|instagram|youtube|xing)[\w .-]*\.(?:png|jpe?g|gif|svg|bmp)",
    re.IGNORECASE,
)
_DECORATION = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/calendar",  # noqa: E501
    "text/vcard", "text/x-vcard", "application/pgp-encrypted", "message/delivery-status", "message/partial",  # noqa: E501
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """The mail's own text. `is_html`: made of an HTML body, worth less than a plain one."""

    text: str
    is_html: bool


@dataclass(frozen=True, slots=True)
class PdfFound:
    """A PDF. `body` is read forward, before the next item is asked for."""

    filename: str
    body: Part


@dataclass(frozen=True, slots=True)
class Other:
    """An attachment that is no PDF, with its first bytes (none: it is empty)."""

    filename: str
    head: bytes


@dataclass(frozen=True, slots=True)
class Locked:
    """A part that is encrypted for somebody's key (S/MIME, PGP), so that nobody here can look
    into it.
    """

    filename: str


@dataclass(frozen=True, slots=True)
class TooMany:
    """Something was not looked at: `filename`, or (None) all parts after the limit."""

    filename: str | None


Item = Words | PdfFound | Other | Locked | TooMany


def items(stream: BinaryIO) -> Iterator[Item]:
    """What is in the mail, in its order, read forward from `stream`."""
    walk = Walk(stream)
    pdfs = 0
    for part in walk.parts():
        item = _item(part)
        if isinstance(item, PdfFound):
            pdfs += 1
            yield item if pdfs <= MOST_PDFS else TooMany(item.filename)
        elif item is not None:
            yield item
    if walk.cut:
        yield TooMany(None)


def _item(part: Part) -> Item | None:
    kind, name = part.headers.content_type, part.headers.filename
    disposition = part.headers.token("content-disposition")
    head = part.peek(HEAD)
    is_words = kind.startswith("text/") and not name and disposition != "attachment"
    if _is_pdf(head, at_once=is_words):
        return PdfFound(name or NAMELESS, part)
    if is_words:
        return (
            _words(part, kind)
            if part.messages == 0 and kind in ("text/plain", "text/html")
            else None
        )
    if wrapping_of(part) == "smime" or head.lstrip().startswith(b"-----BEGIN PGP MESSAGE"):
        return Locked(name or "encrypted email")
    is_inside = kind.startswith("image/") and (
        disposition == "inline" or bool(part.headers.raw("content-id"))
    )
    is_inside = is_inside or (kind.startswith("image/") and bool(_SIGNATURE.fullmatch(name or "")))
    is_meant = disposition == "attachment" or bool(name) or kind.startswith("application/")
    if kind in _DECORATION or is_inside or not is_meant:
        return None
    return Other(name or "attachment", head)


def _is_pdf(head: bytes, *, at_once: bool) -> bool:
    """A body of words may well speak of `%PDF-`; a file may have some bytes before it."""
    return head.lstrip().startswith(b"%PDF-") if at_once else is_pdf(head)


def _words(part: Part, kind: str) -> Words:
    text = _as_text(part.peek(LONGEST_WORDS), part.headers.parameter("content-type", "charset"))
    return (
        Words(letter.without_markup(text), is_html=True)
        if kind == "text/html"
        else Words(text, is_html=False)
    )


def _as_text(data: bytes, charset: str | None) -> str:
    if charset is None and _JAPANESE in data:
        charset = "iso-2022-jp"  # RFC 1468: its escapes are nothing in any other encoding
    try:
        return data.decode((charset or "utf-8").strip(), "replace")
    except (LookupError, ValueError):  # no charset that anybody knows, or none that makes text
        return data.decode("utf-8", "replace")
