"""Rows about spellings: headers said twice, comments, odd containers, other wrappings, and what
looks like a PDF and is none.
"""

from __future__ import annotations

import binascii

from asn1crypto import cms

from tests.integration.torture.rows import (
    AUTHOR,
    GERMAN,
    NO_ROW,
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
)

NO_PDF, REFUSED, NO_LANGUAGE = "answer: no_pdf", "answer: refused", "answer: no_language"
PLAIN = "translate@localhost"

DROPPED = [
    ("Auto-Submitted: no", "Auto-Submitted: auto-replied"),
    ("Precedence: first-class", "Precedence: bulk"),
    ("Precedence:\r\n bulk",),
    ("X-Auto-Response-Suppress: OOF", "X-Auto-Response-Suppress: All"),
    ("X-Auto-Response-Suppress: OOF,\r\n\tALL",),
    ("Auto-Submitted : auto-generated",),
    ("Auto-Submitted: auto-replied (vacation)",),
    ("Auto-Submitted: something-new",),
    ("List-Post: <mailto:users@lists.example>",),
    ("List-Unsubscribe: <mailto:u@lists.example>",),
    ("List-Archive: <https://lists.example>",),
    ("LIST-ID:",),
    ("X-Autorespond: vacation",),
    ("X-AutoReply:",),
    ("X-Dragoman-Loop: 1", "X-Dragoman-Loop: 2"),
    ("Precedence: bulk", "Auto-Submitted: no", "List-Id: <a.b>"),
]
TAKEN = [
    ("Auto-Submitted: No",),
    ("Auto-Submitted: no; owner-token=x",),
    ("Precedence: special-delivery",),
    ("Precedence: bulky",),
    ("X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",),
    ("X-Auto-Response-Suppress: allow",),
    ("X-List-Administrivia: no",),
    ("X-Loop: somebody@else.example",),
    ("Return-Path: <>",),
    ("Return-Receipt-To: a@example.org", "Disposition-Notification-To: a@example.org"),
    ("X-Mailer: Auto-Reply 2000",),
    ("Subject: Out of office: A contract",),
    ("Importance: high", "X-Priority: 1 (Highest)"),
    ("Resent-From: b@example.com", "Resent-To: c@example.com"),
    ("ARC-Seal: i=1; a=rsa-sha256; cv=none", "ARC-Message-Signature: garbage"),
    ("Received: " + "from x by y; " * 70,),
    ("Keywords: =?utf-8?q?=00=0A?=",),
    ("Subject: =?utf-8?b?8J+Ygw==?= =?iso-2022-jp?b?GyRCJUYlOSVIGyhC?= =?utf-7?q?x?=",),
    ("Subject: " + "=?utf-8?q?a?= " * 2000,),
    ("Message-ID: <second@example.org>",),
    ("References: " + " ".join(f"<{number}@x.example>" for number in range(300)),),
    ("In-Reply-To: not an id at all",),
    ("X-A: " + "b" * 998,),
    ("X-A:\r\n" + "\r\n".join(" c" for _ in range(500)),),
    ("X-A:\r\n ",),
    ("Content-Description: " + "\udce9" * 50,),
    ("Bcc:", "Cc: undisclosed-recipients:;"),
    ("To: " + ", ".join(f"p{number}@example.com" for number in range(400)),),
    ("MIME-Version: 7.3 (odd)",),
    ("Content-Length: 1",),
    ("Content-Transfer-Encoding: base64",),
    ("Encrypted: PGP", "X-PGP: yes"),
    ("X-MS-Has-Attach: yes", "X-MS-TNEF-Correlator: <x>"),
    ("Accept-Language: de-DE, xx-bogus;q=0.9, *",),
]
# How the header about the whole may be written: the parts are always two, words and a PDF.
CONTAINERS = [
    'multipart/mixed (a comment); boundary="b"',
    "multipart/mixed; boundary=b (a comment)",
    "Multipart/MIXED; BOUNDARY=b",
    'multipart/mixed; charset=utf-8;\r\n\tboundary="b"',
    'multipart/mixed;boundary="b";;',
    "multipart/mixed; boundary*=us-ascii''b",
    'multipart/mixed; boundary*0="b"',
    'multipart/mixed; boundary="b"; boundary="c"',
    'multipart/mixed ; boundary = "b"',
    'multipart/x-unknown; boundary="b"',
    'multipart/form-data; boundary="b"',
    'multipart/parallel; boundary="b"',
    'multipart/signed; protocol="application/pgp-signature"; boundary="b"',
    'multipart/appledouble; boundary="b"',
    'multipart/related; type="text/html"; boundary="b"',
]
BOUNDARIES = [
    "=_b", "----=_Part_1_2.3", "a'()+_,-./:=?b", "x" * 70, "y" * 200, "b b", "-", "--", "--b--", "\udce4", "ä", "b\\\\c", "0", "<b@c>", "boundary",
]  # fmt: skip
PDF_HEADERS = [
    ("Content-Type: application/pdf (scanned)", "Content-Transfer-Encoding: base64 (as usual)"),
    ("Content-Type: application/pdf", 'Content-Transfer-Encoding: "base64"'),
    ("Content-Type: application/pdf", "Content-Transfer-Encoding: base64;"),
    ("Content-Type: application/pdf", "Content-Transfer-Encoding:\r\n base64"),
    (
        "Content-Type: application/pdf",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: 7bit",
    ),
    (
        "Content-Type: application/pdf",
        "Content-Type: text/plain",
        "Content-Transfer-Encoding: base64",
    ),
    ("Content-Transfer-Encoding: base64",),
    ("Content-Type:", "Content-Transfer-Encoding: base64"),
    ("Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "Content-MD5: wrong"),
    ("Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "X-A: " + "y" * 5000),
    ("Content-Disposition: ATTACHMENT; FILENAME=A.PDF", "Content-Transfer-Encoding: base64"),
    (
        "Content-Disposition: attachment; size=1; filename=a.pdf; filename*=utf-8''b.pdf",
        "Content-Transfer-Encoding: base64",
    ),
    ("Content-Type: image/pdf; name=scan.pdf", "Content-Transfer-Encoding: base64"),
    (
        "Content-Type: application/force-download",
        "Content-Transfer-Encoding: base64",
        "Content-ID: <a>",
    ),
    (
        "Content-Type: image/png",
        "Content-Disposition: inline",
        "Content-ID: <a>",
        "Content-Transfer-Encoding: base64",
    ),
    ("Content-Type: application/octetstream; name=a.pdf.exe", "Content-Transfer-Encoding: base64"),
    ("Content-Type: text/calendar; name=a.ics", "Content-Transfer-Encoding: base64"),
    ("Content-Type: application/pgp-signature; name=a.asc", "Content-Transfer-Encoding: base64"),
    ("Content-Type: application/zip; name=a.zip", "Content-Transfer-Encoding: base64"),
    ("garbage without a colon is no header",),
]
NAMES = [
    'filename="a\r\n b.pdf"', "filename*=UTF-8''%E2%82%AC%20rates.pdf", "filename*=iso-8859-1'en'%A3%20rates.pdf", "filename*=''a.pdf",
    "filename*='a.pdf", "filename*=a.pdf", "filename*0*=utf-8''a; filename*2*=c", "filename*0=a; filename*0=b", "filename*999999999=a.pdf",
    'filename="=?utf-8?b?####?="', 'filename="=?x-none?q?a?="', 'filename="a.pdf"junk', 'filename="\\"', "filename=;", 'filename="a;b.pdf"',
    'filename="' + "\u202e" * 50 + '.pdf"', 'filename="' + "ä" * 300 + '.pdf"', 'filename="."', 'filename=".."', 'filename="/"', 'filename="a\tb.pdf"',
    'filename="%2e%2e%2fa.pdf"', "filename=\udcff\udcfe.pdf", 'filename="nul"', 'filename="a.pdf "',
]  # fmt: skip
NO_PDFS = [
    ("zip with a PDF's name", b"PK\x03\x04" + b"\0" * 2000 + PDF, "a.pdf"),
    ("text with a PDF's name", b"This is no PDF.\r\n" * 100, "a.pdf"),
    ("HTML with a PDF's name", b"<html>" + b"<p>x</p>" * 300, "a.pdf"),
    ("picture with a PDF's name", b"\x89PNG\r\n\x1a\n" + b"\0" * 2000, "a.pdf"),
    ("PostScript", b"%!PS-Adobe-3.0\n" * 100, "a.ps"),
    ("half a magic number", b"%PDF", "a.pdf"),
    ("magic number after 2 KB", b"x" * 2048 + PDF, "a.pdf"),
    ("PDF in UTF-16", PDF.decode().encode("utf-16"), "a.pdf"),
    ("PDF as base64 once too often", base64_of(PDF), "a.pdf"),
    ("gzip", b"\x1f\x8b\x08" + b"\0" * 500, "a.pdf.gz"),
    ("a program", b"MZ" + b"\0" * 2000, "invoice.pdf.exe"),
    ("zeros", b"\0" * 5000, "a.pdf"),
]
STILL_PDFS = [
    ("line ends before it", b"\r\n\r\n" + PDF),
    ("a mark of UTF-8 before it", b"\xef\xbb\xbf" + PDF),
    ("1000 bytes before it", b"x" * 1000 + PDF),
    ("a printer's words before it", b'\x1b%-12345X@PJL JOB\r\n@PJL SET X="Y"\r\n' + PDF),
    ("much after it", PDF + b"\0" * 50_000),
    ("a version that nobody has", PDF.replace(b"1.4", b"9.9")),
]


def uu(data: bytes, name: str = "a.pdf", end: str = "end\r\n") -> bytes:
    """As `uuencode` writes it, CRLF."""
    lines = [
        binascii.b2a_uu(data[at : at + 45]).replace(b"\n", b"\r\n")
        for at in range(0, len(data), 45)
    ]
    return f"begin 644 {name}\r\n".encode() + b"".join(lines) + b"`\r\n" + end.encode()


def signed_opaque(inner: bytes) -> bytes:
    """S/MIME of the kind that holds what it signs; the signature is left out, for nobody looks
    at it.
    """
    data = cms.SignedData({
        "version": "v1", "digest_algorithms": [], "signer_infos": [],
        "encap_content_info": {"content_type": "data", "content": inner},
    })  # fmt: skip
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()


def nested(depth: int) -> bytes:
    """A PDF below `depth` multiparts."""
    made = pdf()
    for level in range(depth):
        made = multipart(made, boundary=f"b{level}")
    return head() + made


def messages(depth: int, encoding: str = "") -> bytes:
    """A PDF in a mail in a mail ..., as attachments."""
    made = mail()
    for _ in range(depth):
        made = mail(text(), part(made, "Content-Type: message/rfc822", encoding=encoding))
    return made


def as_is(kind: str) -> bytes:
    return head() + multipart(text(), pdf()).replace(
        b'multipart/mixed; boundary="b"', kind.encode("utf-8", "surrogateescape"), 1
    )


def inner() -> bytes:
    """A mail with a PDF that can stand in another as it is."""
    return head() + multipart(text(), pdf(), boundary="i")


def of(*headers: str, body: bytes = PDF) -> bytes:
    return (
        "".join(f"{line}\r\n" for line in headers).encode("utf-8", "surrogateescape")
        + b"\r\n"
        + base64_of(body)
    )


def with_boundary(boundary: str) -> bytes:
    written = boundary.encode("utf-8", "surrogateescape")
    made = multipart(text(), pdf(), boundary="BOUNDARY").replace(
        b"BOUNDARY", written.replace(b"\\\\", b"\\")
    )
    return head() + made.replace(
        b'"' + written.replace(b"\\\\", b"\\") + b'"', b'"' + written + b'"', 1
    )


SMIME = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"
DIGEST = b"--b\r\n\r\n" + inner()

ROWS: list[Row] = [
    *(Row(f"said twice or oddly: {'; '.join(lines)[:60]}", mail(headers=lines), OK, NO_ROW) for lines in DROPPED),
    *(Row(f"no sign of a machine: {'; '.join(lines)[:50]}", mail(headers=lines), OK, ONE_JOB) for lines in TAKEN),
    *(Row(f"container: {kind[:60]}", as_is(kind), OK, ONE_JOB) for kind in CONTAINERS),
    *(Row(f"boundary: {boundary[:40]}", with_boundary(boundary), OK, ONE_JOB) for boundary in BOUNDARIES),
    *(Row(f"part: {'; '.join(lines)[:90]}", mail(text(), of(*lines)), OK, ONE_JOB) for lines in PDF_HEADERS[:-1]),
    *(
        Row(f"named: {name[:50]}", mail(text(), pdf("Content-Type: application/pdf", f"Content-Disposition: attachment; {name}")), OK, ONE_JOB)
        for name in NAMES
    ),
    *(
        Row(f"no PDF: {name}", mail(pdf(f'Content-Type: application/pdf; name="{file}"', body=data)), OK, NO_PDF)
        for name, data, file in NO_PDFS
    ),
    *(Row(f"PDF: {name}", mail(pdf(body=data)), OK, ONE_JOB) for name, data in STILL_PDFS),
    Row("a report's type without a report", head() + b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n", OK, NO_ROW),
    Row("a read receipt", head() + multipart(text("read"), part(b"x", "Content-Type: message/disposition-notification", encoding=""),
        kind="report"), OK, NO_ROW),
    Row("a report's type with a comment", as_is("multipart/report (x); boundary=b"), OK, NO_ROW),
    Row("from MAILER-DAEMON", mail(sender="Mail Delivery System <MAILER-DAEMON@example.org>"), OK, NO_ROW),
    Row("a report deeper inside", mail(text(), multipart(text("failed"), kind="report", boundary="r"), pdf()), OK, ONE_JOB),
    Row("auto reply by an own address", mail(sender=GERMAN, headers=("Auto-Submitted: auto-replied",)), OK, NO_ROW),
    Row("an invitation", mail(text("Meet me"), part(b"BEGIN:VCALENDAR\r\n", "Content-Type: text/calendar; method=REQUEST")), OK, NO_PDF),
    Row("an invitation with a PDF", mail(text(), part(b"BEGIN:VCALENDAR\r\n", "Content-Type: text/calendar"), pdf()), OK, ONE_JOB),
    Row("a digest of one mail", head() + b'Content-Type: multipart/digest; boundary="b"\r\n\r\n' + DIGEST + b"--b--\r\n", OK, ONE_JOB),
    Row("a digest that says its types", mail(part(inner(),
        "Content-Type: message/rfc822", encoding=""), kind="digest"), OK, ONE_JOB),
    Row("an empty digest", mail(b"", kind="digest"), OK, NO_PDF),
    Row("message/global", mail(text(), part(inner(), "Content-Type: message/global",
        encoding="")), OK, ONE_JOB),
    Row("a forwarded mail in base64", mail(text(), part(mail(), "Content-Type: message/rfc822")), OK, ONE_JOB),
    Row("a forwarded mail in quoted-printable", mail(text(), part(binascii.b2a_qp(mail().replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"),
        "Content-Type: message/rfc822", encoding="quoted-printable")), OK, ONE_JOB),
    Row("a forwarded mail as a file", mail(text(), part(mail(), "Content-Type: application/octet-stream; name=mail.eml")), OK, NO_PDF),
    Row("an external body", mail(text(), part(b"Content-Type: application/pdf\r\n\r\n", 'Content-Type: message/external-body; access-type=URL;'
        ' URL="http://127.0.0.1:1/a.pdf"', encoding="")), OK, NO_PDF),
    Row("message/partial inside", mail(text(), part(inner(), "Content-Type: message/partial; id=x; number=2", encoding="")), OK, NO_PDF),
    Row("a link to a PDF", mail(text("Please translate https://example.org/a.pdf")), OK, NO_PDF),
    Row("a data link", mail(text("data:application/pdf;base64,JVBERi0xLjQK")), OK, NO_PDF),
    Row("%PDF in the words", mail(text("The magic number is %PDF-1.4, you know.")), OK, NO_PDF),
    Row("PDF as the only text", head() + b"\r\n" + PDF.replace(b"\n", b"\r\n"), OK, ONE_JOB),
    Row("uuencoded in the words", head() + b"\r\nHello,\r\n\r\n" + uu(PDF) + b"\r\nBye\r\n", OK, ONE_JOB),
    Row("uuencoded twice", head() + b"\r\n" + uu(b"x" * 100, "a.txt") + uu(PDF), OK, ONE_JOB),
    Row("two PDFs, uuencoded", head() + b"\r\n" + uu(PDF) + uu(PDF2, "b c.pdf"), OK, "2 jobs"),
    Row("uuencoded without an end", head() + b"\r\n" + uu(PDF, end=""), OK, ONE_JOB),
    Row("uuencoded part", mail(text(), part(uu(PDF), "Content-Type: application/pdf", encoding="x-uuencode")), OK, ONE_JOB),
    Row("uuencoded part without a beginning", mail(text(), part(b"hello", "Content-Type: application/pdf; name=a.pdf",
        encoding="x-uuencode")), OK, REFUSED),
    Row("begin at a line's start", mail(text("begin 644 the work\r\nNow.")), OK, NO_PDF),
    Row("yEnc", head() + b"\r\n=ybegin line=128 size=37 name=a.pdf\r\n" + bytes((one + 42) % 256 for one in PDF if one != 10) + b"\r\n=yend size=37\r\n",
        OK, NO_PDF),
    Row("S/MIME, opaque", mail(text(), part(signed_opaque(mail()), SMIME)), OK, ONE_JOB),
    Row("S/MIME, opaque, as the whole", head() + part(signed_opaque(text() ), SMIME), OK, NO_PDF),
    Row("S/MIME, the whole a PDF", head() + part(signed_opaque(pdf()), SMIME), OK, ONE_JOB),
    Row("S/MIME in S/MIME", head() + part(signed_opaque(part(signed_opaque(pdf()), SMIME)), SMIME), OK, ONE_JOB),
    Row("S/MIME by its name alone", mail(part(signed_opaque(pdf()), "Content-Type: application/octet-stream; name=smime.p7m")), OK, ONE_JOB),
    Row("S/MIME that is garbage", mail(part(b"0\x82garbage" * 50, SMIME)), OK, REFUSED),
    Row("S/MIME, empty", mail(part(b"", SMIME)), OK, REFUSED),
    Row("S/MIME, clear", mail(text(), pdf(), part(b"0", "Content-Type: application/pkcs7-signature; name=smime.p7s"), kind="signed"), OK, ONE_JOB),
    Row("PGP, encrypted", mail(part(b"Version: 1\r\n", "Content-Type: application/pgp-encrypted"),
        part(b"-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n", "Content-Type: application/octet-stream", encoding="7bit"), kind="encrypted"), OK, REFUSED),
    Row("PGP in the words", mail(text("-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nHi"), pdf()), OK, ONE_JOB),
    Row("PGP, signed", mail(text(), pdf(), part(b"-----BEGIN PGP SIGNATURE-----", "Content-Type: application/pgp-signature"), kind="signed"),
        OK, ONE_JOB),
    Row("winmail.dat that is garbage", mail(part(b"\x78\x9f\x3e\x22" + b"\xff" * 500, "Content-Type: application/ms-tnef; name=winmail.dat")),
        OK, NO_PDF),
    Row("winmail.dat, cut short", mail(part(b"\x78\x9f\x3e\x22\x01", "Content-Type: application/ms-tnef; name=winmail.dat"), pdf()), OK, ONE_JOB),
    Row("multiparts, exactly as deep as may be", nested(20), OK, ONE_JOB),
    Row("multiparts, one too deep", nested(21), OK, REFUSED),
    Row("mails, exactly as deep as may be", messages(3, "base64"), OK, ONE_JOB),
    Row("mails, one too deep", messages(4, "base64"), OK, REFUSED),
    Row("parts, as many as may be", mail(*[text("x")] * 198, pdf()), OK, ONE_JOB),
    Row("parts, too many, the PDF first", mail(pdf(), *[text("x")] * 300), OK, ONE_JOB),
    Row("the same boundary inside", head() + multipart(text(), multipart(pdf()), pdf(body=PDF2)), OK, ONE_JOB),
    Row("a boundary that begins like another", head() + multipart(text(), multipart(pdf(), boundary="bb"), pdf(body=PDF2)), OK, "2 jobs"),
    Row("a boundary of the outer one inside the PDF's part", head() + multipart(pdf())[:-9], OK, ONE_JOB),
    Row("a closing boundary first", head() + multipart(pdf()).replace(b"\r\n--b\r\n", b"\r\n--b--\r\n--b\r\n", 1), OK, NO_PDF),
    Row("parts after the closing boundary", mail() + b"\r\n--b\r\n" + pdf(body=PDF2) + b"--b--\r\n", OK, ONE_JOB),
    Row("no parts at all", head() + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b--\r\n', OK, NO_PDF),
    Row("an empty part before it", mail(b"", pdf()), OK, ONE_JOB),
    Row("a part that is a line alone", mail(b"\r\n", pdf()), OK, ONE_JOB),
    Row("a part without a blank line", mail(b"Content-Type: text/plain", pdf()), OK, ONE_JOB),
    Row("base64 with other characters in it", mail(part(base64_of(PDF).replace(b"\r\n", b"!\r\n \t"), "Content-Type: application/pdf",
        encoding="").replace(b"application/pdf\r\n", b"application/pdf\r\nContent-Transfer-Encoding: base64\r\n")), OK, ONE_JOB),
    Row("base64, cut short", mail(of("Content-Type: application/pdf", "Content-Transfer-Encoding: base64")[:-7]), OK, ONE_JOB),
    Row("base64 that is none", mail(part(b"%%%%", "Content-Type: application/pdf; name=a.pdf", encoding="").replace(
        b"a.pdf\r\n", b"a.pdf\r\nContent-Transfer-Encoding: base64\r\n")), OK, REFUSED),
    Row("8-bit body that is said to be 7-bit", mail(text("Grüße"), pdf()), OK, ONE_JOB),
    Row("quoted-printable that is cut", mail(part(b"Bitte =C", "Content-Type: text/plain", encoding="quoted-printable"), pdf()), OK, ONE_JOB),
    Row("an encoding that nobody knows", mail(part(PDF.replace(b"\n", b"\r\n"), "Content-Type: application/pdf", encoding="x-own")), OK, ONE_JOB),
    Row("charset with a NUL in it", mail(text("x", 'Content-Type: text/plain; charset="\\\x01"'), pdf()), OK, ONE_JOB),
    Row("charset idna", mail(text("x" * 500, "Content-Type: text/plain; charset=idna"), pdf()), OK, ONE_JOB),
    Row("charset rot13", mail(text("x", "Content-Type: text/plain; charset=rot13"), pdf()), OK, ONE_JOB),
    Row("charset zlib", mail(text("x", "Content-Type: text/plain; charset=zlib"), pdf()), OK, ONE_JOB),
    Row("charset undefined", mail(text("x", "Content-Type: text/plain; charset=undefined"), pdf()), OK, ONE_JOB),
    Row("HTML that never ends", mail(text("<" * 30_000, "Content-Type: text/html"), pdf()), OK, ONE_JOB),
    Row("HTML of styles", mail(text("<style>" * 4000, "Content-Type: text/html"), pdf()), OK, ONE_JOB),
    Row("words of one line", mail(text("into " * 20_000), pdf()), OK, ONE_JOB),
    Row("words of empty lines", mail(text("\r\n" * 50_000), pdf()), OK, ONE_JOB),
    Row("three languages by recipient", mail(), OK, "3 jobs", recipients=(GERMAN, "translate+fr@localhost", "translate+es@localhost")),
    Row("ours and the postmaster", mail(), OK, ONE_JOB, recipients=(GERMAN, "postmaster@localhost")),
    Row("fifty times the same recipient", mail(), OK, ONE_JOB, recipients=(GERMAN,) * 50),
    Row("a stranger, for fifty-five", mail(sender="eve@evil.example"), "550 5.7.1", NO_ROW,
        recipients=tuple(f"translate+de+{number}@localhost" for number in range(55))),
    Row("tone in the address", mail(), OK, ONE_JOB, recipients=("translate+formal+de@localhost",)),
    Row("an empty tag", mail(), OK, NO_LANGUAGE, recipients=("translate+@localhost",)),
    Row("pluses alone", mail(), OK, NO_LANGUAGE, recipients=("translate+++@localhost",)),
    Row("a tag of 200 characters", mail(), OK, "answer: unknown_language", recipients=(f"translate+{'x' * 200}@localhost",)),
    Row("a tag beyond ASCII", mail(), OK, "answer: unknown_language", recipients=("translate+ÿ@localhost",)),
    Row("a region nobody knows", mail(), OK, ONE_JOB, recipients=("translate+pt-br@localhost",)),
    Row("in the subject", mail(headers=("Subject: [de] x",), without="Subject"), OK, ONE_JOB, recipients=(PLAIN,)),
    Row("words in HTML alone", mail(text("<p>into German</p>", "Content-Type: text/html"), pdf()), OK, ONE_JOB, recipients=(PLAIN,)),
    Row("words in UTF-16", mail(part("into German".encode("utf-16"), "Content-Type: text/plain; charset=utf-16"), pdf()), OK, ONE_JOB,
        recipients=(PLAIN,)),
    Row("null sender with brackets and a PDF", mail(), OK, NO_ROW, envelope_from="<>"[1:1]),
    Row("no Message-ID", mail(without="Message-ID"), OK, ONE_JOB),
    Row("no Date, no To, no Subject", head(without="Date") + multipart(pdf()), OK, ONE_JOB),
    Row("Message-ID of 900 characters", mail(headers=(f"Message-ID: <{'m' * 890}@x>",), without="Message-ID"), OK, ONE_JOB),
    Row("Message-ID with a space in it", mail(headers=("Message-ID: <a b@c>",), without="Message-ID"), OK, ONE_JOB),
    Row("a NUL in the body", head() + multipart(text("a\0b"), pdf()), OK, ONE_JOB),
    Row("bare CR in the body", head() + multipart(text("a\rb\r.\rc"), pdf()), OK, ONE_JOB),
    Row("a line of 1 MB", head() + multipart(text("y" * 1_000_000), pdf()), OK, ONE_JOB),
    Row("only dots", head() + b"\r\n" + b".\r\n" * 1000 + b"..\r\n", OK, NO_PDF),
    Row("capital letters in our address", mail(), OK, ONE_JOB, recipients=("TRANSLATE+DE@LOCALHOST",)),
    Row("two addresses in Sender", mail(headers=(f"Sender: {AUTHOR}, b@c.d",)), OK, ONE_JOB),
]  # fmt: skip
