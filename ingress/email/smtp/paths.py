"""Reverse and forward paths of SMTP commands (RFC 5321 4.1.2, RFC 6531 3.3; pure):
`<alice@example.org> SIZE=9`.
"""

from __future__ import annotations

import re

NULL = "<>"
LONGEST = 998
_LOCAL = r"(?:\"(?:[^\"\\]|\\.)*\"|[^\s<>\"@]+)"
_DOMAIN = r"(?:\[[^\[\]\s<>]+\]|[^\s<>\"@\[\]]+)"
_ROUTE = r"(?:@[^\s<>\":]+:)?"  # RFC 5321 C: source routes are read over
_PATH = re.compile(rf"<\s*{_ROUTE}({_LOCAL}(?:@{_DOMAIN})?)?\s*>(?:\s+(.*))?", re.DOTALL)
# some clients forget the brackets
_BARE = re.compile(rf"({_LOCAL}(?:@{_DOMAIN})?)(?:\s+(.*))?", re.DOTALL)
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read(text: str) -> tuple[str, str] | None:
    """The address (`<>` for the null path) and the parameters after it; None for what is no
    path.
    """
    if len(text) > LONGEST or _UNFIT.search(text):
        return None
    text = text.strip()
    found = _PATH.fullmatch(text) or _BARE.fullmatch(text)
    return (found[1] or NULL, found[2] or "") if found else None
