"""Rows about where a PDF may be in a mail, how it may be named, and what is no PDF."""

from __future__ import annotations

from tests.integration.torture.rows import (
    GERMAN,
    OK,
    ONE_JOB,
    PDF,
    PDF2,
    Row,
    base64_of,
    head,
    mail,
    multipart,
    part,
    pdf,
    text,
)  # fmt: skip

NAMES = [
    'filename="a.pdf"', "filename=a.pdf", 'filename="ä.pdf"', "filename=\udce4.pdf", 'filename="../../etc/passwd.pdf"',
    'filename="C:\\\\docs\\\\a.pdf"', "filename*=utf-8''%C3%A4.pdf", "filename*=x-none''%FF.pdf", "filename*=utf-8''%zz.pdf",
    "filename*0*=utf-8''%C3; filename*1*=%A4.pdf", 'filename*0="a"; filename*1=".pdf"', 'filename*1="b"; filename*0="a"',
    'filename="=?utf-8?q?=C3=A4?=.pdf"', 'filename="=?utf-8?b?w6Q=?= =?utf-8?b?LnBkZg==?="', 'filename=""', "filename=",
    "filename", 'filename="a.pdf', 'filename="\u202efdp.exe"', 'filename="' + "x" * 3000 + '.pdf"', "filename=a b c.pdf",
    'filename="a.pdf"; filename="b.pdf"', 'filename="a\\"b.pdf"', 'filename="CON.pdf"', 'filename="a.pdf."', 'filename="🙂.pdf"',
]  # fmt: skip
KINDS = [
    "application/octet-stream", "application/x-pdf", "text/plain", "text/html", "image/png", "application/msword", "x/y", "pdf", "",
    "application/pdf; charset=utf-8", "APPLICATION/PDF", 'application/pdf; name="a.pdf"', "application/pdf;;;", "audio/mpeg",
]  # fmt: skip
NESTED = b"Content-Type: message/rfc822\r\n\r\n" + mail()
ENCODINGS = [
    ("base64", PDF, ONE_JOB), ("BASE64", PDF, ONE_JOB), ("8bit", PDF.replace(b"\n", b"\r\n"), ONE_JOB),
    ("binary", PDF.replace(b"\n", b"\r\n"), ONE_JOB), ("7bit", PDF.replace(b"\n", b"\r\n"), ONE_JOB),
    ("quoted-printable", PDF.replace(b"\n", b"=0A"), ONE_JOB),
]  # fmt: skip


def deep(depth: int) -> bytes:
    """A PDF below `depth` multiparts."""
    made = pdf()
    for level in range(depth):
        made = multipart(made, boundary=f"b{level}")
    return head() + made


def inside(messages: int) -> bytes:
    """A PDF in a mail in a mail ..."""
    made = mail()
    for _ in range(messages):
        made = head() + b"Content-Type: message/rfc822\r\n\r\n" + made
    return made


ROWS: list[Row] = [
    *(
        Row(f"name: {name[:40]}", mail(pdf("Content-Type: application/pdf", f"Content-Disposition: attachment; {name}")), OK, ONE_JOB)
        for name in NAMES
    ),
    *(Row(f"kind: {kind}", mail(text(), pdf(f"Content-Type: {kind}")), OK, ONE_JOB) for kind in KINDS),
    *(Row(f"encoding: {name}", mail(pdf(body=body, encoding=name)), OK, outcome) for name, body, outcome in ENCODINGS),
    Row("the mail itself is the PDF", head() + pdf(), OK, ONE_JOB),
    Row("inline, as Apple Mail does it", mail(text(), pdf("Content-Type: application/pdf", "Content-Disposition: inline")), OK, ONE_JOB),
    Row("between two texts", mail(text(), pdf(), text("Sent from my phone")), OK, ONE_JOB),
    Row("in a related part", mail(text(), multipart(text(), pdf(), kind="related", boundary="r")), OK, ONE_JOB),
    Row("as the alternative", mail(text(), pdf(), kind="alternative"), OK, ONE_JOB),
    Row("a forwarded mail", mail(text(), NESTED), OK, ONE_JOB),
    Row("two PDFs", mail(pdf(), pdf(body=PDF2)), OK, "2 jobs"),
    Row("the same PDF twice", mail(pdf(), pdf()), OK, ONE_JOB),
    Row("the same PDF under two names", mail(pdf(), pdf("Content-Type: application/pdf; name=b.pdf")), OK, ONE_JOB),
    Row("25 PDFs", mail(*(pdf(body=PDF + b"%d" % n) for n in range(25))), OK, "25 jobs"),
    Row("26 PDFs", mail(*(pdf(body=PDF + b"%d" % n) for n in range(26))), OK, "25 jobs"),
    Row("a PDF and a picture", mail(pdf(), part(b"\x89PNG\r\n\x1a\n", "Content-Type: image/png")), OK, ONE_JOB),
    Row("a PDF and an empty one", mail(pdf(), pdf(body=b"")), OK, ONE_JOB),
    Row("bytes before the PDF", mail(pdf(body=b"junk\r\n" * 10 + PDF)), OK, ONE_JOB),
    Row("no closing boundary", head() + multipart(text(), pdf(), end=False), OK, ONE_JOB),
    Row("boundary with spaces behind it", head() + multipart(text(), pdf()).replace(b"--b\r\n", b"--b  \r\n"), OK, ONE_JOB),
    Row("a preamble with a PDF's words", head() + multipart(pdf()).replace(b"\r\n\r\n", b"\r\n\r\n%PDF-1.4\r\n", 1), OK, ONE_JOB),
    Row("base64 without padding", mail(pdf(body=base64_of(PDF).rstrip(b"=\r\n"), encoding="").replace(
        b"a.pdf\r\n\r\n", b"a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")), OK, ONE_JOB),
    Row("base64 on one line", mail(b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64_of(PDF, 10_000)), OK, ONE_JOB),
    Row("20 levels deep", deep(15), OK, ONE_JOB),
    Row("mails in mails, two deep", inside(2), OK, ONE_JOB),
    Row("mails in mails, three hundred deep", inside(300), OK, "answer: refused"),
    Row("multiparts, three hundred deep", deep(300), OK, "answer: refused"),
    Row("no PDF", mail(text("hello")), OK, "answer: no_pdf"),
    Row("only a picture", mail(text("hi"), part(b"\x89PNG\r\n\x1a\n", "Content-Type: image/png; name=a.png",
        "Content-Disposition: attachment")), OK, "answer: no_pdf"),
    Row("Word with a PDF's name", mail(pdf(body=b"PK\x03\x04" + b"x" * 2000)), OK, "answer: no_pdf"),
    Row("empty PDF alone", mail(pdf(body=b"")), OK, "answer: refused"),
    Row("empty body", head() + b"\r\n", OK, "answer: no_pdf"),
    Row("help", mail(text("help")), OK, "answer: help"),
    Row("multipart without a boundary", head() + b"Content-Type: multipart/mixed\r\n\r\n" + text() , OK, "answer: no_pdf"),
    Row("no language", mail(text("")), OK, "answer: no_pdf", recipients=("translate@localhost",)),
    Row("a PDF without a language", mail(text("Hello"), pdf()), OK, "answer: no_language", recipients=("translate@localhost",)),
    Row("language in the text", mail(text("into French"), pdf()), OK, ONE_JOB, recipients=("translate@localhost",)),
    Row("language unknown", mail(), OK, "answer: unknown_language", recipients=("translate+nosuchtongue@localhost",)),
    Row("message/partial", head() + b"Content-Type: message/partial; id=x; number=1; total=2\r\n\r\n" + mail(), OK, "answer: no_pdf"),
    Row("5000 parts", mail(*[text("x")] * 5000, pdf()), OK, "answer: refused"),
    Row("charset nobody knows", mail(text("x", "Content-Type: text/plain; charset=x-klingon"), pdf()), OK, ONE_JOB),
    Row("charset utf-16", mail(text("x", "Content-Type: text/plain; charset=utf-16"), pdf()), OK, ONE_JOB),
    Row("to a tag in capitals", mail(), OK, ONE_JOB, recipients=(GERMAN.upper(),)),
]  # fmt: skip
