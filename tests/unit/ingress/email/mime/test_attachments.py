"""PDFs are found by their bytes, whatever a client calls them and wherever it puts them."""

from __future__ import annotations

import base64
import binascii
import io
import random
import tracemalloc
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.email.mime import attachments, headers, walker
from ingress.email.mime.attachments import Other, PdfFound, TooMany, Words

PDF = b"%PDF-1.7\r\n%\xe2\xe3\xcf\xd3\r\n1 0 obj\r\n--x--\r\n.\r\n\r\n%%EOF"


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def read(self, count: int = -1) -> bytes:
        return self._data.read(self._size)


def found(mail: bytes, size: int = 1 << 16) -> list:
    """The items of a mail; a PDF as (name, bytes)."""
    return [
        (item.filename, b"".join(iter(item.body.read, b""))) if isinstance(item, PdfFound) else item
        for item in attachments.items(Dribble(mail, size))
    ]


def pdfs(mail: bytes) -> list:
    return [item for item in found(mail) if isinstance(item, tuple)]


def mixed(*parts: bytes, boundary: str = "b") -> bytes:
    head = f"From: a@b.c\r\nContent-Type: multipart/mixed; boundary={boundary}\r\n\r\npreamble\r\n".encode()
    line = f"--{boundary}".encode()
    return (
        head
        + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
        + line
        + b"--\r\nepilogue\r\n"
    )


def part(
    content: bytes = PDF,
    encoding: str = "base64",
    kind: str = "application/pdf",
    name: str | None = "a.pdf",
) -> bytes:
    text = {
        "base64": lambda: base64.encodebytes(content).replace(b"\n", b"\r\n"),
        "quoted-printable": lambda: binascii.b2a_qp(content, istext=False),
    }.get(encoding, lambda: content)()
    disposition = f'Content-Disposition: attachment; filename="{name}"\r\n' if name else ""
    return (
        f"Content-Type: {kind}\r\n{disposition}Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + text
    )


@pytest.mark.parametrize(
    "encoding", ["base64", "Base64 ", "quoted-printable", "8bit", "binary", "x-unknown"]
)
@pytest.mark.parametrize(
    "kind", ["application/pdf", "application/octet-stream", "text/plain", "image/png", "a/b; x"]
)
def test_pdf_is_known_by_its_bytes(encoding, kind):
    real = encoding.strip().lower()
    assert pdfs(mixed(part(PDF, real, kind))) == [("a.pdf", PDF)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "binary"])
def test_bytes_are_exact_however_the_stream_is_cut(encoding, size):
    mail = mixed(part(PDF, encoding), part(PDF * 3, encoding, name="b.pdf"))
    assert found(mail, size) == [("a.pdf", PDF), ("b.pdf", PDF * 3)]


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["base64", "quoted-printable", "binary"]),
    st.integers(1, 50),
)
def test_any_bytes_come_through(data, encoding, size):
    content = b"%PDF-" + data.replace(b"\n--b", b"")
    assert found(mixed(part(content, encoding)), size) == [("a.pdf", content)]


def test_inline_pdf_is_found():
    inline = part().replace(b"attachment", b"inline")
    assert pdfs(mixed(b"Content-Type: text/plain\r\n\r\nhello", inline)) == [("a.pdf", PDF)]


def test_mail_that_is_a_pdf_is_found():
    assert found(b"From: a@b.c\r\n" + part()) == [("a.pdf", PDF)]


def test_pdf_without_a_name_gets_one():
    assert found(mixed(part(name=None))) == [("document.pdf", PDF)]


def test_bytes_before_the_magic_are_no_obstacle():
    assert pdfs(mixed(part(b"\xef\xbb\xbf\r\n" * 20 + PDF)))


def test_words_about_pdfs_are_words():
    mail = b"From: a@b.c\r\n\r\nMy file starts with %PDF-1.4 but you say no.\r\n"
    assert found(mail) == [Words("My file starts with %PDF-1.4 but you say no.\r\n", is_html=False)]


def message(content: EmailMessage | bytes, encoding: str = "8bit") -> bytes:
    inner = content if isinstance(content, bytes) else content.as_bytes(policy=policy.SMTP)
    body = base64.encodebytes(inner) if encoding == "base64" else inner
    return (
        f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + body
    )


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_forwarded_pdf_is_found_but_forwarded_words_are_not_the_senders(encoding):
    inner = mixed(b"Content-Type: text/plain\r\n\r\nto German", part(), boundary="b")
    outer = mixed(
        b"Content-Type: text/plain\r\n\r\nto French", message(inner, encoding), boundary="outer"
    )
    assert found(outer) == [Words("to French", is_html=False), ("a.pdf", PDF)]


def test_mails_in_mails_are_opened_three_deep():
    mail = mixed(part(), boundary="b0")
    for depth in range(1, 4):
        mail = mixed(message(mail), boundary=f"b{depth}")
    assert found(mail) == [("a.pdf", PDF)]
    assert found(mixed(message(mail), boundary="b9")) == [TooMany(None)]


def test_containers_are_opened_twenty_deep():
    def nested(depth: int) -> bytes:
        mail = part()
        for number in range(depth):
            mail = mixed(mail, boundary=f"b{number}.")
        return mail

    assert found(nested(20)) == [("a.pdf", PDF)]
    assert found(nested(21)) == [TooMany(None)]
    assert found(nested(2000)) == [TooMany(None)]


def test_two_hundred_parts_are_looked_at():
    assert found(mixed(*[b"\r\n"] * 190, part()))[-1] == ("a.pdf", PDF)
    assert found(mixed(*[b"\r\n"] * 5000, part()))[-1] == TooMany(None)


def test_twenty_five_pdfs_are_taken():
    items = found(mixed(*[part(name=f"{number}.pdf") for number in range(27)]))
    assert [item[0] for item in items[:25]] == [f"{number}.pdf" for number in range(25)]
    assert items[25:] == [TooMany("25.pdf"), TooMany("26.pdf")]


def test_other_attachments_are_told_and_decoration_is_not():
    mail = mixed(
        part(b"PK\x03\x04word", name="a.docx", kind="application/vnd.openxmlformats"),
        part(b"", name="empty.pdf"),
        part(b"notes", name="notes.txt", kind="text/plain"),
        part(b"%!PS", name=None, kind="application/postscript"),
        b"Content-Type: image/png\r\nContent-Disposition: inline; filename=logo.png\r\n\r\n\x89PNG",
        b"Content-Type: image/png; name=logo.png\r\nContent-ID: <x>\r\n\r\n\x89PNG",
        part(b"x", name="smime.p7s", kind="application/pkcs7-signature"),
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR",
        b"Content-Type: message/partial\r\n\r\n%",
    )
    assert found(mail) == [
        Other("a.docx", b"PK\x03\x04word"),
        Other("empty.pdf", b""),
        Other("notes.txt", b"notes"),
        Other("attachment", b"%!PS"),
    ]


NAMES = [
    ("Content-Disposition: attachment; filename=plain.pdf", "plain.pdf"),
    ('Content-Disposition: attachment; filename="with space; and.pdf"', "with space; and.pdf"),
    ("Content-Disposition: attachment; filename*=UTF-8''%C3%A4%20b.pdf", "ä b.pdf"),
    ("Content-Disposition: attachment; filename*0*=UTF-8''%C3; filename*1*=%A4.pdf", "ä.pdf"),
    (
        'Content-Disposition: attachment;\r\n filename*0="long";\r\n filename*1="er.pdf"',
        "longer.pdf",
    ),
    ('Content-Disposition: attachment; filename="ä.pdf"', "ä.pdf"),
    ('Content-Disposition: attachment; filename="=?UTF-8?B?w6QucGRm?="', "ä.pdf"),
    ("Content-Type: application/pdf; name=typed.pdf", "typed.pdf"),
    ('Content-Disposition: attachment; filename="a\u202efdp.exe"', "a fdp.exe"),
    ("Content-Disposition: attachment; filename*=x-no-charset''%E4.pdf", "ä.pdf"),
    ('Content-Disposition: attachment; filename="=?x?q?=E4.pdf?="', "ä.pdf"),
    ("Content-Disposition: attachment; filename*=''", None),
    ("Content-Disposition: ;;;=;filename", None),
    ("Content-Disposition: attachment; filename=" + ";" * 90_000, None),
    ("", None),
]


@pytest.mark.parametrize(("field", "name"), NAMES)
def test_names_of_files_in_all_spellings(field, name):
    assert headers.read(field.encode() + b"\r\n\r\n").filename == name


def test_plain_words_come_before_html_and_charsets_are_honoured():
    words = "für München".encode("latin-1")
    mail = mixed(
        b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + words,
        b"Content-Type: text/html;"
        b" charset=no-such\r\n\r\n<p>auf&nbsp;<b>Deutsch</b></p><blockquote>to French</blockquote>",
    )
    assert found(mail) == [
        Words("für München", is_html=False),
        Words("\nauf Deutsch\n", is_html=True),
    ]


def test_missing_last_delimiter_and_inner_one_lose_nothing():
    whole = mixed(part(), boundary="b")
    assert found(whole[: whole.index(b"--b--")]) == [("a.pdf", PDF)]
    outer = mixed(
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n" + part(),
        part(name="b.pdf"),
        boundary="out",
    )
    assert found(outer) == [("a.pdf", PDF), ("b.pdf", PDF)]


def test_missing_blank_line_loses_nothing():
    assert found(mixed(part().replace(b"\r\n\r\n", b"\r\n", 1))) == [("a.pdf", PDF)]
    assert found(mixed(part(PDF * 10_000).replace(b"\r\n\r\n", b"\r\n", 1))) == [
        ("a.pdf", PDF * 10_000)
    ]


def test_delimiter_that_begins_like_another_is_not_it():
    inner = mixed(part(), boundary="b-inner")
    assert found(mixed(inner.partition(b"\r\n")[2], part(name="b.pdf"), boundary="b")) == [
        ("a.pdf", PDF),
        ("b.pdf", PDF),
    ]


def test_large_pdf_takes_little_memory():
    content = b"%PDF-1.7\n" + random.Random(1).randbytes(8_000_000)
    mail = mixed(part(content))
    stream = io.BytesIO(mail)
    tracemalloc.start()
    size = sum(
        len(chunk) for item in attachments.items(stream) for chunk in iter(item.body.read, b"")
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == len(content)
    assert peak < 2_000_000


@settings(deadline=None)
@given(st.binary(max_size=600), st.integers(1, 600))
def test_no_bytes_break_it(data, size):
    found(data, size)
    found(mixed(data, b"Content-Type: message/rfc822\r\n\r\n" + data), size)
    found(
        mixed(
            part(data),
            part(data, "quoted-printable"),
            part(data, "8bit", "multipart/mixed; boundary=x"),
        ),
        size,
    )


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"\r\n",
                b"\n",
                b"x",
                b"--",
                b"-",
                b"Content-Type: multipart/a; boundary=b",
            ]
        )
    )
)
def test_no_order_of_delimiters_breaks_it(pieces):
    walk = walker.Walk(
        io.BytesIO(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(pieces))
    )
    for one in walk.parts():
        while one.read():
            pass
