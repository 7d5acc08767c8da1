"""Names of files, and other texts of strangers, as they are shown; and the one name that a
result has, by every channel.
"""

from __future__ import annotations

import re

LONGEST_TEXT = 500  # characters of a message or a warning that are shown
LONGEST_NAME = 160  # of a file's name
# What could break a line, hide in it or turn it around: controls, line and paragraph separators,
# bidirectional marks.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_ENCODED_WORD = "=?"  # RFC 2047 2
_OF_PATHS = re.compile(r"[/\\]+")


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """`text` on one line, without characters that are not seen, cut to `longest` characters."""
    seen = " ".join(_UNSEEN.sub(" ", text).split())
    return seen if len(seen) <= longest else seen[: longest - 1].rstrip() + "…"


def result_name(filename: str, target_lang: str) -> str:
    """`contract.fr.pdf` of `contract.pdf`, the same by email, in Slack, on the web and in the
    download.

    Nothing in it is a path, breaks a line or hides in one, or would be decoded by a mail program;
    it is never without a stem.
    """
    name = plain(_OF_PATHS.sub("_", filename.replace(_ENCODED_WORD, "_?")), LONGEST_NAME)
    stem = name[:-4] if name.casefold().endswith(".pdf") else name
    return f"{stem.strip(' .') or 'document'}.{target_lang}.pdf"
