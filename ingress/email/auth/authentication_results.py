"""What a mail server in front found out about a sender: its `Authentication-Results` (RFC 8601;
pure).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingress.email.auth.dmarc_alignment import canonical, is_aligned
from ingress.email.mime.headers import text_of

LONGEST = 8192  # characters that are looked at


def passes(values: Sequence[bytes], authserv_id: str, author_domain: str) -> bool:
    """Whether the topmost of `values` that `authserv_id` wrote says that DMARC, or an aligned DKIM
    or SPF, passes.

    Those of others, and those below, may have been written by the sender.
    """
    for value in values:
        found = _read(text_of(value))
        if found is not None and found.authserv_id.casefold() == authserv_id.casefold():
            return any(_counts(one, author_domain) for one in found.results)
        if found is None and _names(text_of(value), authserv_id):
            return False  # ours, and it cannot be read: what is below it is not ours to choose
    return False


def _read(value: str) -> Any:
    from authres import AuthenticationResultsHeader

    if len(value) > LONGEST:
        return None
    try:
        return AuthenticationResultsHeader.parse_value(value)
    except Exception:  # noqa: BLE001 - it raises SyntaxError, and others, on what others wrote
        return None


def _names(value: str, authserv_id: str) -> bool:
    return value.lstrip().casefold().startswith(authserv_id.casefold())


def _counts(result: Any, author_domain: str) -> bool:
    if str(result.result).casefold() != "pass":
        return False
    said = {(one.type, one.name): str(one.value) for one in result.properties}
    match str(result.method).casefold():
        case "dmarc":
            domain = said.get(("header", "from"), "").rpartition("@")[2]
            return canonical(domain) == canonical(author_domain) != ""
        case "dkim":
            domain = said.get(("header", "d")) or said.get(("header", "i"), "").rpartition("@")[2]
            return is_aligned(domain, author_domain)
        case "spf":
            return is_aligned(said.get(("smtp", "mailfrom"), "").rpartition("@")[2], author_domain)
    return False
