"""What a file is, by its first bytes: a PDF, or something else, which is named for what it is
(pure).
"""

from __future__ import annotations

import re

# readers accept `%PDF-` within the first KiB (ISO 32000-1, annex H, implementation note 13)
HEADER_WITHIN = 1024
HEADER = b"%PDF-"
# RFC 5322, section 2.2: what saved emails begin with (an mbox with a line of its own).
FIRST_OF_EMAIL = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:From \S+"
    rb" .*\r?\n|(?:Return-Path|Received|Delivered-To|Message-ID|MIME-Version|X-[\w-]+|Date|From|To|"
    rb"Subject|Content-Type|DKIM-Signature|ARC-[\w-]+|Authentication-Results|Reply-To|Envelope-To):["
    rb" \t])",
    re.IGNORECASE,
)
# What a saved answer of a web server, which begins with lines of the same form, does not have.
OF_EMAIL_ALONE = re.compile(
    rb"^(?:From|Received|Return-Path|Message-ID|Delivered-To|DKIM-Signature):",
    re.IGNORECASE | re.MULTILINE,
)
IN_OFFICE = (
    (b"word/", "a Word document (.docx)"),
    (b"xl/", "an Excel workbook (.xlsx)"),
    (b"ppt/", "a PowerPoint presentation (.pptx)"),
)
PICTURE = "The file is not a PDF but a picture."
WEB_PAGE = (
    "The file is not a PDF but a web page, perhaps a sign-in page: please download the PDF itself"
    " and send that."
)
ARCHIVE = "The file is not a PDF but an archive: please unpack it and send the PDFs themselves."
KINDS = (  # in small letters
    (b"{\\rtf", "The file is not a PDF but an RTF text."),
    (b"\x89png", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"gif8", PICTURE),
    (b"ii*\x00", PICTURE),
    (b"mm\x00*", PICTURE),
    (b"\x00\x00\x00\x1cftypheic", PICTURE),
    (b"<!doctype html", WEB_PAGE),
    (b"<html", WEB_PAGE),
    (b"<head", WEB_PAGE),
    (b"<svg", PICTURE),
    (b"pk\x05\x06", "The file is not a PDF but an empty ZIP archive."),
    (b"rar!", ARCHIVE),
    (b"7z\xbc\xaf", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
    (b"%!ps-adobe", "The file is not a PDF but a PostScript file (.ps, .eps)."),
)


def is_pdf(head: bytes) -> bool:
    """Whether a file with these first bytes (`HEADER_WITHIN` of them, or all) is to be read as a
    PDF.

    Bytes before `%PDF-` are passed over, as readers do, unless they begin a file of another kind
    that has a PDF in it.
    """
    return HEADER in head and (_start(head).startswith(HEADER.lower()) or what_is(head) is None)


def what_is(head: bytes) -> str | None:
    """What a file that is no PDF seems to be, by its first bytes, as a sentence with what to
    do; None: no idea.
    """
    start = _start(head)
    if start.startswith(b"pk\x03\x04"):
        return _in_zip(head)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return _in_compound(head)
    if FIRST_OF_EMAIL.match(head) and OF_EMAIL_ALONE.search(head):
        return (
            "The file is not a PDF but a saved email: please forward that email itself, or attach"
            " the PDF that is in it."
        )
    return next((text for magic, text in KINDS if start.startswith(magic)), None)


def _start(head: bytes) -> bytes:
    """The first bytes, in small letters, without a byte order mark or blanks before them."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()


def _in_zip(head: bytes) -> str:
    """What a ZIP archive is, by the names of its first entries."""
    if b"[Content_Types].xml" in head or b"_rels/" in head:
        found = next(
            (text for name, text in IN_OFFICE if name in head), "a Word, Excel or PowerPoint file"
        )
        return f"The file is not a PDF but {found}."
    if b"mimetypeapplication/vnd.oasis.opendocument" in head:
        return "The file is not a PDF but an OpenDocument file (.odt, .ods, .odp)."
    if b"mimetypeapplication/epub" in head:
        return "The file is not a PDF but an e-book (.epub)."
    if b".pdf" in head.lower() or HEADER in head:
        return (
            "The file is not a PDF but a ZIP archive with PDFs in it: please unpack it and send the"
            " PDFs themselves."
        )
    return "The file is not a PDF but a ZIP archive, or a Word, Excel or PowerPoint file."


def _in_compound(head: bytes) -> str:
    """An Outlook message and an old Office file begin alike; a message has streams named so,
    mostly further behind.
    """
    if "__nameid".encode("utf-16-le") in head or "__substg".encode("utf-16-le") in head:
        return (
            "The file is not a PDF but an email saved by Outlook (.msg): please forward that email"
            " itself."
        )
    return (
        "The file is not a PDF but an old Office file (.doc, .xls, .ppt) or an email saved by"
        " Outlook (.msg)."
    )
