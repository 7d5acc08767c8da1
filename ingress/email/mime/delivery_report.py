"""What a bounce says (RFC 3464; pure): read from its first bytes, wherever the report stands in
it.
"""

from __future__ import annotations

import re

READ_BYTES = 65_536  # a report comes before the mail that it is about
_FIELDS = {
    name: re.compile(rb"^" + name.encode() + rb"[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE | re.IGNORECASE)  # noqa: E501
    for name in ("Action", "Status", "Diagnostic-Code")
}  # fmt: skip
_UNSEEN = re.compile(r"[^\x21-\x7e\u00a1-\uffff]+")
LONGEST = 250
DELAYED = "delayed"  # an action: nothing is decided yet (RFC 3464 2.3.3)
PASSING = frozenset({"delivered", "relayed", "expanded"})


def said(head: bytes) -> str | None:
    """Such as `failed 5.1.1: smtp; 550 no such user`, without addresses; None if it reports
    that nothing went wrong.
    """
    found = {name: _value(pattern, head) for name, pattern in _FIELDS.items()}
    action = found["Action"].casefold() or "failed"
    if action in PASSING:
        return None
    status = found["Status"].partition(" ")[0]
    told = _without_addresses(found["Diagnostic-Code"])
    return f"{action} {status}: {told}"[:LONGEST].strip(" :")


def _value(pattern: re.Pattern[bytes], head: bytes) -> str:
    match = pattern.search(head)
    return _UNSEEN.sub(" ", match[1].decode("utf-8", "replace")).strip() if match else ""


def _without_addresses(text: str) -> str:
    return re.sub(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}", "(address)", text)
