"""Header blocks of mail, read without trust: bytes in, plain strings out (pure).

Python's own header classes raise on hostile mail (ValueError, AttributeError, RecursionError), so
fields are found and unfolded here, and the library only gets small, clean strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value

from ingress.email.mime import raw_names

LONGEST_SUBJECT = 500  # characters that are kept
LONGEST_NAME = 200
LONGEST_ID = 900  # RFC 5322 2.1.1 allows lines of 998
IDS_KEPT = 20  # of a thread's ids, from either end
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)  # RFC 5322 2.2 and 4.5.8
_END = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_ID = re.compile(rb"<[\x21-\x3b\x3d\x3f-\x7e]{1,%d}>" % LONGEST_ID)
# What could break a line, hide in it or turn it around: controls, separators, marks of direction,
# lone surrogates.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_ATOM = r"[^\s\"(),:;<>@\[\]\\\x00-\x20\x7f]"
_ADDRESS = re.compile(rf"{_ATOM}+@{_ATOM}+")
LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3, without the brackets
# Characters of a value that are looked into: reading nested comments, quotes or parameters is
# quadratic.
LONGEST_MAILBOX, LONGEST_STRUCTURED = 1000, 8192


class MalformedHeaderError(ValueError):
    """The block is no header block: a line is neither a field nor a continuation, or holds a
    NUL or a bare CR.
    """


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address with the name before it; `name` None where there is none."""

    name: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields in their order: names in lower case, values unfolded and still encoded."""

    fields: tuple[tuple[str, bytes], ...]

    def all(self, name: str) -> tuple[bytes, ...]:
        """Every value of the field `name` (lower case)."""
        return tuple(value for field, value in self.fields if field == name)

    def raw(self, name: str) -> str:
        """The first value of the field, as text, or "" without one."""
        return text_of(next(iter(self.all(name)), b""))

    def text(self, name: str, longest: int = LONGEST_SUBJECT) -> str:
        """The first value as a person should read it, on one line, or ""."""
        return readable(self.raw(name), longest)

    @property
    def message_id(self) -> str | None:
        """The message's own id with its brackets, None if there is none that can be named in an
        answer.
        """
        found = _ID.search(next(iter(self.all("message-id")), b""))
        return found.group().decode("ascii") if found else None

    @property
    def references(self) -> list[str]:
        """Ids of the messages before this one in its thread, oldest first; the middle of a long
        list is left out.
        """
        value = b" ".join(self.all("references")) or b" ".join(self.all("in-reply-to"))
        ids = [found.group().decode("ascii") for found in _ID.finditer(value)]
        return ids if len(ids) <= 2 * IDS_KEPT else ids[:IDS_KEPT] + ids[-IDS_KEPT:]

    @property
    def content_type(self) -> str:
        """Such as `text/plain`, in lower case; what cannot be read is `text/plain` too (RFC
        2045 5.2).
        """
        kind = self.token("content-type")
        return kind if re.fullmatch(r"[^\s/]+/[^\s/]+", kind) else "text/plain"

    def token(self, name: str) -> str:
        """The first word of a field in lower case, without comments, quotes and parameters:
        `base64`, `attachment`, or "".
        """
        return (
            without_comments(self.raw(name)[:LONGEST_MAILBOX])
            .partition(";")[0]
            .strip(' \t"')
            .casefold()
        )

    @property
    def boundary(self) -> bytes:
        """What stands between the parts of a multipart (RFC 2046 5.1.1), as it is written in
        its lines; empty without one.
        """
        value = next(iter(self.all("content-type")), b"")
        found = re.sub(
            r"\s+\([^()]*\)\Z", "", self.parameter("content-type", "boundary") or ""
        ).rstrip()
        return found.encode("utf-8" if _is_utf8(value) else "latin-1", "replace")

    @property
    def filename(self) -> str | None:
        """The name that a part asks for, from either header that can say it and in any
        spelling; None: no name.
        """
        for field, parameter in (("content-disposition", "filename"), ("content-type", "name")):
            name = readable(self.parameter(field, parameter) or "", LONGEST_NAME)
            if name:
                return name
        return None

    def parameter(self, field: str, name: str) -> str | None:
        """A parameter of a MIME header, RFC 2231's spellings included; None if there is none."""
        value = self.raw(field)
        if not _is_utf8(next(iter(self.all(field)), b"")):
            value = raw_names.guessed(value)
        if not value or len(value) > LONGEST_STRUCTURED:
            return None
        carrier = Message()
        try:
            carrier[field] = _UNSEEN.sub(" ", value)
            found = carrier.get_param(name, header=field, unquote=False)
            if isinstance(found, tuple):
                return _from_rfc2231(found[0], _unquoted(found[2]) or "")
            return _unquoted(found)
        except (ValueError, LookupError, TypeError, AttributeError, IndexError):
            return None


def ends_at(block: bytes) -> int | None:
    """Where the body begins, None while the blank line has not been seen."""
    found = _END.search(block)
    return found.end() if found else None


def body_at(block: bytes) -> int:
    """Where the body of a part begins: after the blank line, or at the first line that can be
    no header.
    """
    at = 0
    for line in block.splitlines(keepends=True):
        if not line.strip(b"\r\n"):
            return at + len(line)
        is_mbox_line = at == 0 and line.startswith(b"From ")  # some servers put it in front
        if line[:1] not in b" \t:" and not _FIELD.match(line) and not is_mbox_line:
            return at
        at += len(line)
    return at


def read(block: bytes, *, strict: bool = False) -> Headers:
    """The fields of a header block, up to its blank line.

    Strict raises MalformedHeaderError for what is no header block: two readers could see two
    different mails in it. Else such lines are left out.
    """
    end = ends_at(block)
    block = block if end is None else block[:end]
    if strict and (b"\x00" in block or re.search(rb"\r(?!\n)", block)):
        raise MalformedHeaderError
    return Headers(tuple(_fields(block, strict=strict)))


def text_of(value: bytes) -> str:
    """Bytes of a header as text: UTF-8 (RFC 6532), else Latin-1, which takes anything."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _from_rfc2231(charset: str | None, text: str) -> str:
    """A parameter in RFC 2231's spelling. Some programs say US-ASCII, or nothing, of bytes that are
    none.
    """
    told = (charset or "").casefold()
    if told in ("", "us-ascii", "ascii") and not text.isascii():
        return text_of(text.encode("latin-1", "replace"))
    return collapse_rfc2231_value((charset, None, text))


def _unquoted(value: str | None) -> str | None:
    """A parameter without its quotes.

    The library would take `<` and `>` off too, which may stand in a boundary.
    """
    if value is None or len(value) < 2 or not value.startswith('"') or not value.endswith('"'):  # noqa: PLR2004
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def without_comments(value: str) -> str:
    """A structured field without its comments, nested ones too (RFC 5322 3.2.2)."""
    while value != (fewer := _COMMENT.sub(" ", value)):
        value = fewer
    return value


def readable(value: str, longest: int = LONGEST_SUBJECT) -> str:
    """A header's text with its encoded words decoded, without what breaks or hides, at most
    `longest` characters.
    """
    return plain(_decoded(value))[:longest]


def plain(text: str) -> str:
    """`text` on one line, without what breaks or hides."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def mailbox(value: str) -> Mailbox | None:
    """The one address of a From field; None if there is none, more than one, or a group.

    Quoted text and comments are taken out first, before anything in them is decoded: nothing in a
    display name can pose as the address. An address with a quoted local part counts as none.
    """
    if len(value) > LONGEST_MAILBOX:
        return None
    bare = without_comments(_QUOTED.sub(" ", value))
    before, bracket, rest = bare.partition("<")
    if not bracket:
        address = bare.strip()
    elif re.search(r"[,:;>]", before) or not (closed := re.fullmatch(r"([^<>]*)>\s*", rest)):
        return None
    else:
        address = closed[1].strip()
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address) or _UNSEEN.search(address):
        return None
    name = readable(value.rpartition("<")[0], LONGEST_NAME).strip(' "') if bracket else ""
    return Mailbox(name or None, address)


def _fields(block: bytes, *, strict: bool) -> Iterator[tuple[str, bytes]]:
    name, value = "", b""
    for number, line in enumerate(re.split(rb"\r?\n", block)):
        if not line:
            break
        if line[:1] in b" \t" and number:
            value += b" " + line.strip()
            continue
        if name:
            yield name, value.strip()
        found = _FIELD.fullmatch(line)
        name, value = (found[1].decode("ascii").casefold(), found[2]) if found else ("", b"")
        if strict and not found and not (number == 0 and line.lstrip(b">").startswith(b"From ")):
            raise MalformedHeaderError
    if name:
        yield name, value.strip()


def _decoded(value: str) -> str:
    """Encoded words as text (RFC 2047); a value that cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    try:
        # The library raises on some charsets and some base64, and leaves bytes for others.
        parts = decode_header(" ".join(value.split()))
        return "".join(_word(part, charset) for part, charset in parts)
    except (HeaderParseError, ValueError, LookupError):
        return value


def _word(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):  # no charset that anybody knows, or none that makes text
        return part.decode("latin-1")
