"""What a row of the torture table is, and what its messages are made of.

A row says what is sent and what has to come of it: the reply at the end of the message, and the
outcome once a task has opened it. To add one: append it to a list in one of the `table_*.py` files.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
PDF2 = PDF.replace(b"1 0 obj", b"2 0 obj")
GERMAN = "translate+de@localhost"
AUTHOR = "a@example.org"  # each row gets an author of its own in its place

ONE_JOB, NO_ROW = "1 job", "nothing kept"
OK, TEMPORARY = "250 2.0.0", "451 4.3.0"


@dataclass(frozen=True)
class Row:
    """`outcome`: `N job(s)`, `answer: REASON`, `dropped` (kept and never answered), or `nothing
    kept`.

    `content`: the message, CRLF, without dots doubled. `envelope_from` None: the author.
    `recipients`: all are taken.
    """

    name: str
    content: bytes
    reply: str
    outcome: str
    envelope_from: str | None = None
    recipients: tuple[str, ...] = (GERMAN,)


def head(*more: str, sender: str = f"Alice <{AUTHOR}>", without: str = "") -> bytes:
    """A usual header block, with `more` lines, without those that begin with `without`."""
    lines = [
        f"From: {sender}", f"To: {GERMAN}", "Subject: A contract", "Date: Tue, 24 Nov 2026 10:00:00 +0000",
        f"Message-ID: <{AUTHOR}>", "MIME-Version: 1.0",
    ]  # fmt: skip
    kept = [line for line in lines if not without or not line.startswith(without)]
    return "".join(f"{line}\r\n" for line in (*kept, *more)).encode("utf-8", "surrogateescape")


def base64_of(data: bytes, width: int = 76) -> bytes:
    encoded = base64.b64encode(data)
    return b"".join(
        encoded[start : start + width] + b"\r\n" for start in range(0, len(encoded), width)
    )


def part(body: bytes, *headers: str, encoding: str = "base64") -> bytes:
    """A part with its headers; `encoding` "" leaves the body and the header about it as they
    are.
    """
    lines = [*headers, *([f"Content-Transfer-Encoding: {encoding}"] if encoding else [])]
    written = base64_of(body) if encoding.lower() == "base64" else body
    return (
        "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        + b"\r\n"
        + written
    )


def pdf(*headers: str, body: bytes = PDF, encoding: str = "base64") -> bytes:
    """A PDF as most clients attach it, or with `headers` of its own."""
    usual = (
        "Content-Type: application/pdf; name=a.pdf",
        "Content-Disposition: attachment; filename=a.pdf",
    )
    return part(body, *(headers or usual), encoding=encoding)


def text(words: str = "Please.", *headers: str) -> bytes:
    return part(
        words.encode() + b"\r\n",
        *(headers or ("Content-Type: text/plain; charset=utf-8",)),
        encoding="8bit",
    )


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "b", end: bool = True) -> bytes:
    """From its Content-Type on."""
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), one) for one in parts)
    closing = f"--{boundary}--\r\n".encode() if end else b""
    return (
        f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + body + closing
    )


def mail(*parts: bytes, headers: tuple[str, ...] = (), kind: str = "mixed", **more) -> bytes:
    """A whole message of parts; without any: some words and a PDF."""
    return head(*headers, **more) + multipart(*(parts or (text(), pdf())), kind=kind)
