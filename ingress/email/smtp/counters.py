"""What the mail door has done since it started, for the metrics: replies by code, messages by what
became of them.

The door's process has no page of its own: it leaves the numbers with its sign of life, and the web
door's `/metrics` tells them. No address is in them.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock

# What is counted from 0 on, so that an alert sees the first of each.
REPLIES = (
    "250 2.0.0",
    "421 4.3.2",
    "421 4.4.2",
    "421 4.7.0",
    "451 4.3.0",
    "452 4.3.1",
    "452 4.5.3",
    "550 5.1.1",
    "550 5.7.1",
)
# Of messages from a mail server in front that are not taken, and whose refusal would bounce to an
# unproved sender.
NOT_RETURNED = (
    "closed",
    "long_headers",
    "malformed",
    "no_single_author",
    "sender_not_allowed",
    "too_big",
    "unauthenticated",
)
DROPPED = (
    "own_mail", "null_sender", "auto_submitted", "report", "precedence", "list", "auto_reply", "daily_limit", *NOT_RETURNED,  # noqa: E501
)  # fmt: skip
REFUSED = (
    "closed", "dns", "from", "hourly_limit", "long_headers", "malformed", "no_bounce", "no_single_author", "peer_not_trusted",  # noqa: E501
    "relay", "sender_not_allowed", "spool_failed", "too_big", "unauthenticated", "unknown_recipient",  # noqa: E501
)  # fmt: skip
MOST_NAMES = 200  # of each kind: nobody from outside can make labels up


class Tally:
    """Counts; safe to be used by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        known = {"replies": REPLIES, "dropped": DROPPED, "refused": REFUSED}
        self._counts = {kind: Counter(dict.fromkeys(names, 0)) for kind, names in known.items()}

    def replied(self, code: str) -> None:
        """One more reply with `code`, such as `550 5.7.1`."""
        self._count("replies", code)

    def dropped(self, reason: str) -> None:
        """One more message that was taken and not answered."""
        self._count("dropped", reason)

    def refused(self, reason: str) -> None:
        """One more message or recipient that was refused."""
        self._count("refused", reason)

    def facts(self) -> dict[str, dict[str, int]]:
        """The counts so far: `{"replies": {"250 2.0.0": 7, …}, "dropped": {…}, "refused": {…}}`."""
        with self._lock:
            return {kind: dict(counts) for kind, counts in self._counts.items()}

    def _count(self, kind: str, name: str) -> None:
        with self._lock:
            counts = self._counts[kind]
            counts[name if name in counts or len(counts) < MOST_NAMES else "other"] += 1
