"""Emails to the admin (`OPERATOR_ADDRESS`): what went wrong, and what to do.

In English, without any text or address of a sender.

They come from nobody (the null sender) and are marked as automatic, so that nothing ever answers
them, and no bounce of one comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from dragoman.channels.email import bounces
from dragoman.db.ledgers.alarms import Cause
from dragoman.domain.rows.delivery import Delivery as Owed
from dragoman.settings import Settings
from notifier.delivery.channel import Delivery
from notifier.email.reply import FROM_NAME, POLICY, message_id
from notifier.email.smtp_client import Outbound

# made anew for each attempt, under the same Message-ID: it is small, and holds no file
RENDERED = "operator-email"


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a cause."""

    subject: str
    what: str
    advice: str


WORDS: Mapping[Cause, Words] = {
    Cause.DELIVERY_FAILED: Words(
        "an answer could not be delivered",
        "An answer could not be delivered in any way: not as it is, and not in words. Its sender"
        " may know nothing of it.",
        "See `dragoman jobs dead`. When the reason is gone, `dragoman jobs retry ID` sends it"
        " again.",
    ),
    Cause.FILES_REFUSED: Words(
        "Slack does not take files",
        "Slack refused to take a translated file. Its sender was told why, with a link if"
        " DRAGOMAN_PUBLIC_URL is set.",
        "The word below is Slack's. docs/howto/slack.md says what can be done. `dragoman jobs show"
        " ID` has the details.",
    ),
    Cause.QUOTA_GONE: Words(
        "the translation quota is used up",
        "The quota at the translation service, or the budget that you set, is not enough for what"
        " is asked for.",
        "Raise it, or wait for its next period. Then `dragoman jobs retry --all --error"
        " quota_used_up` goes on with what failed.",
    ),
    Cause.QUOTA_NEAR: Words(
        "80 % of the translation quota are used",
        "More than 80 % of the quota at the translation service, or of the budget that you set, are"
        " used.",
        "Raise it in time, or set a budget (DRAGOMAN_BUDGET_CHARACTERS); `dragoman jobs list` shows"
        " who uses how much.",
    ),
    Cause.KEY_REJECTED: Words(
        "the translation service rejects the key",
        "The translation service does not accept this server's key, so documents fail.",
        "Check the key; `dragoman doctor` tries it. Then `dragoman jobs retry --all --error"
        " engine_key_rejected` goes on with what failed.",
    ),
    Cause.WORKER_AWAY: Words(
        "no worker is running",
        "No worker has said for minutes that it is alive, so no document is translated. What comes"
        " in is kept.",
        "Look at the worker's log and start it again. The work goes on by itself.",
    ),
    Cause.DISK_LOW: Words(
        "a disk is nearly full",
        "A disk that Dragoman writes to is nearly full. When it is full, emails and uploads are"
        " refused.",
        "Make room, or keep documents for fewer days (DRAGOMAN_RETENTION_DAYS).",
    ),
    Cause.MAIL_DOWN: Words(
        "the mail server takes no answers",
        "The mail server for answers has not taken any for ten minutes or more. They are kept, and"
        " tried again for a day.",
        "Check DRAGOMAN_OUTBOUND_SMTP_URL; `dragoman doctor` tries it.",
    ),
    Cause.COMPLAINT: Words(
        "somebody says that a translation is wrong",
        "Somebody answered a translation by email and says that something is wrong with it. They"
        " were told what they can do, and that you know.",
        "`dragoman jobs list` shows the jobs of the message named below. Please write to its sender"
        " if they need a person.",
    ),
}


class OperatorChannel:
    """The `Channel` to the admin."""

    def __init__(self, settings: Settings, address: str, outbound: Outbound) -> None:
        """`address` is the admin's, `outbound` the way of all emails."""
        self._own, self._address, self._outbound = settings.mail_address, address, outbound

    def prepare(self, delivery: Delivery) -> str:
        """As `Channel.prepare`: there is nothing to keep."""
        return RENDERED

    def find(self, delivery: Delivery) -> str | None:
        """As `Channel.find`."""
        return self._outbound.find(message_id(delivery.row, self._own))

    def send(self, delivery: Delivery, rendered: str) -> str:
        """As `Channel.send`."""
        mail = composed(delivery.row, self._own, self._address)
        return self._outbound.send("", self._address, mail.as_bytes())


def composed(row: Owed, own: str, address: str) -> EmailMessage:
    """The email for a row that `dragoman.db.ledgers.alarms.tell` inserted."""
    told = row.payload
    words, at = WORDS[Cause(told["cause"])], datetime.fromtimestamp(told["at"], UTC)
    mail = EmailMessage(policy=POLICY.clone(utf8=not address.isascii()))
    local, _, domain = address.rpartition("@")
    mail["From"] = Address(FROM_NAME, addr_spec=own)
    mail["To"] = Address(username=local, domain=domain)
    mail["Subject"] = f"Dragoman: {words.subject}"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(row, own)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    mail[bounces.LOOP_HEADER] = own
    mail["X-Auto-Response-Suppress"] = "All"
    lines = [words.what, ""]
    lines += [f"Details: {told['detail']}"] if told["detail"] else []
    lines += [f"About: {told['of']}"] if told["of"] else []
    lines += [f"When: {at:%Y-%m-%d %H:%M} UTC", "", words.advice, ""]
    lines.append(
        "You get this at most once an hour for each cause, since DRAGOMAN_OPERATOR_ADDRESS is your"
        " address."
    )
    mail.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    return mail
