"""Parts that hold others in a form of their own: Outlook's winmail.dat (TNEF), and signed S/MIME
(pure).

Both are read by libraries that were not written for hostile input, so whatever they raise means
"cannot be read". The process that calls this has limits of its own
(`ingress.email.sandboxed_parser`).
"""

from __future__ import annotations

import logging
import struct

TNEF_MAGIC = b"\x78\x9f\x3e\x22"  # MS-OXTNEF 2.1.3.1
DEEPEST_TNEF = 3  # mails inside winmail.dat inside mails
_LIBRARY_ERRORS = (
    ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RecursionError, OSError,  # noqa: E501
    NotImplementedError, NameError, struct.error,
)  # fmt: skip


def signed_content(data: bytes) -> bytes | None:
    """The MIME entity inside signed S/MIME (RFC 8551 3.5.2); None: it is encrypted, or cannot
    be read.
    """
    from asn1crypto import cms

    try:
        info = cms.ContentInfo.load(data)
        if info["content_type"].native != "signed_data":
            return None
        content = info["content"]["encap_content_info"]["content"].native
    except _LIBRARY_ERRORS:
        return None
    return content if isinstance(content, bytes) else None


def tnef_files(data: bytes) -> list[tuple[str, bytes]] | None:
    """The files in a winmail.dat, by name, those of mails inside it too; None: it cannot be
    read.
    """
    import tnefparse

    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # it would quote the mail
    try:
        return _files(tnefparse.TNEF(data, do_checksum=False), 0)
    except _LIBRARY_ERRORS:
        return None


def _files(tnef: object, depth: int) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for attachment in getattr(tnef, "attachments", ()):
        inner = getattr(attachment, "embed", None)
        if inner is not None:
            found += _files(inner, depth + 1) if depth < DEEPEST_TNEF else []
        elif isinstance(attachment.data, bytes):
            found.append((_name(attachment), attachment.data))
    return found


def _name(attachment: object) -> str:
    """The long name, else the short one; either may be bytes of an unknown charset, or not be
    there.
    """
    for ask in ("long_filename", "name"):
        try:
            found = getattr(attachment, ask)
            name = found() if callable(found) else found
        except _LIBRARY_ERRORS:
            continue
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "")
        if text.strip("\x00 "):
            return text.strip("\x00 ")
    return ""
