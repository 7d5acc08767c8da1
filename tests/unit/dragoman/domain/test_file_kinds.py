"""A file is what it is: a PDF that lies in another file makes no PDF of that, and each kind is
named.
"""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest

from dragoman.app.pdf_check import Checked
from dragoman.domain.file_kinds import HEADER_WITHIN, is_pdf, what_is
from dragoman.errors import NotAPdf

PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n"


def zipped(*names: str, method: int = zipfile.ZIP_STORED, body: bytes = PDF) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in names:
            archive.writestr(name, body)
    return made.getvalue()


def email(encoding: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "ann@example.org",
        "bob@example.org",
        "the paper",
    )
    message.set_content("as promised")
    message.add_attachment(
        PDF, maintype="application", subtype="pdf", filename="a.pdf", cte=encoding
    )
    return message.as_bytes()


KINDS = [
    (zipped("a.pdf", "b.pdf"), "unpack it"),
    (zipped("a.PDF", method=zipfile.ZIP_DEFLATED), "unpack it"),
    (zipped("notes.txt", body=b"words"), "a ZIP archive"),
    (zipped("[Content_Types].xml", "word/document.xml"), "Word document"),
    (zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), "Excel workbook"),
    (zipped("[Content_Types].xml", "ppt/presentation.xml"), "PowerPoint"),
    (zipped("mimetype", body=b"application/vnd.oasis.opendocument.text"), "OpenDocument"),
    (zipped("mimetype", body=b"application/epub+zip"), "e-book"),
    (email("base64"), "saved email"),
    (email("8bit").replace(b"\n", b"\r\n"), "saved email"),
    (b"Return-Path: <ann@example.org>\r\nDate: Mon, 30 Nov 2026\r\n\r\n" + PDF, "saved email"),
    (
        b"From ann@example.org Mon Nov 30 00:00:00 2026\nFrom: ann@example.org\n\n" + PDF,
        "saved email",
    ),
    (b"\xef\xbb\xbf\r\n<!DOCTYPE html><title>Sign in</title>" + PDF, "web page"),
    (b"<HTML><body>" + PDF, "web page"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "old Office file"),
    (b"\x89PNG\r\n\x1a\n" + PDF, "picture"),
    (b"\xff\xd8\xff\xe0" + PDF, "picture"),
    (b"GIF89a" + PDF, "picture"),
    (b"{\\rtf1 " + PDF, "RTF"),
    (b"Rar!\x1a\x07\x01\x00" + PDF, "archive"),
    (b"7z\xbc\xaf\x27\x1c" + PDF, "archive"),
    (b"\x1f\x8b\x08\x00", "archive"),
]


@pytest.mark.parametrize(("data", "words"), KINDS, ids=range(len(KINDS)))
def test_another_kind_is_no_pdf_whatever_lies_in_it_and_is_named(data: bytes, words: str) -> None:
    head = data[:HEADER_WITHIN]
    assert not is_pdf(head)
    assert words in (what_is(head) or "")
    with pytest.raises(NotAPdf, match=words):
        read_to_the_end(data)


def read_to_the_end(data: bytes) -> None:
    checked = Checked(io.BytesIO(data), 1 << 20)
    while checked.read():
        pass


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\r\n\r\n",
        b"\x00\x00\x00",
        b"junk of a printer\n",
        b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n",
        b"Content-Type: application/pdf\r\nContent-Length: 12\r\n\r\n",
        b"Date: Mon, 30 Nov 2026 00:00:00 GMT\r\nServer: x\r\n\r\n",
    ],
)
def test_bytes_before_a_pdf_are_passed_over(before: bytes) -> None:
    assert is_pdf(before + PDF)
    read_to_the_end(before + PDF)


def test_what_is_nothing_known_is_no_pdf() -> None:
    assert not is_pdf(b"just words")
    assert what_is(b"just words") is None
    assert not is_pdf(b"")
