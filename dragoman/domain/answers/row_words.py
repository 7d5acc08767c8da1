"""What answers are about: words that front ends write into rows, and that the notifier finds
there.
"""

from __future__ import annotations

from enum import StrEnum

# the name, among what was left out, of parts that were not looked at
REST_OF_EMAIL = "the rest of the email"


class AnswerKind(StrEnum):
    """What an answer is about, as a whole."""

    ACK = "ack"
    PROGRESS = "progress"
    APPROVAL = "approval"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NO_PDF = "no_pdf"
    NO_LANGUAGE = "no_language"
    UNKNOWN_LANGUAGE = "unknown_language"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    NOTHING_NEW = "nothing_new"
    HELP = "help"
    ERASED = "deleted"
    GONE = "gone"
    QUOTA = "quota"
    LIMIT = "limit"
    UNCLEAR = "unclear"
    REMEMBERED = "remembered"
    REFUSED = "refused"
    COMPLAINT = "complaint"
