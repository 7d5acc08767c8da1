"""What the door does with a message that came in whole: says no, lets it fall, or keeps it
durably.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from dragoman.app.intake import Intake, Message, Receipt
from dragoman.channels.email import bounces
from dragoman.errors import DragomanError
from dragoman.telemetry import hashed
from ingress.email.auth import policy
from ingress.email.auth.policy import Accepted, Bounced, Dropped, Refused, Rules, Verdict
from ingress.email.mime.headers import Headers, Mailbox
from ingress.email.smtp.counters import Tally
from ingress.email.smtp.data_reader import Reception
from ingress.email.smtp.replies import TAKEN, TEMPORARY

log = structlog.get_logger(__name__)

CHANNEL = "email"
HOUR_S, DAY_S = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Came:
    """How a message came: its envelope, the client's IP address and what it calls itself."""

    envelope_from: str
    recipients: tuple[str, ...]
    peer: str
    helo: str


def judged(
    headers: Headers, envelope_from: str, recipients: Sequence[str], peer: str, rules: Rules
) -> Verdict:
    """The verdict on a message for `recipients`, as `policy.screen`; mail for the postmaster
    alone always comes in.
    """
    if envelope_from in policy.NULL_SENDERS and any(
        bounces.is_return_path(one, rules.address) for one in recipients
    ):
        return Bounced()
    if all(policy.is_for_postmaster(recipient) for recipient in recipients):
        return policy.screen_postmaster(headers)
    return policy.screen(headers, envelope_from, peer, rules)


def recipient_refused(
    intake: Intake, recipient: str, envelope_from: str, rules: Rules
) -> Refused | None:
    """As `policy.recipient_refused`; what an answer was sent from takes bounces of it, and
    nothing else.
    """
    if bounces.is_return_path(recipient, rules.address):
        is_bounce = (
            envelope_from in policy.NULL_SENDERS and delivery_of(intake, recipient) is not None
        )
        return None if is_bounce else Refused(policy.UNKNOWN_RECIPIENT, "no_bounce")
    return policy.recipient_refused(recipient, rules)


def delivery_of(intake: Intake, recipient: str) -> str | None:
    """The delivery that came back, by the address that it came back to; None if that is none of
    ours.
    """
    secret = intake.settings.secret_key
    return (
        bounces.delivery_of(recipient, intake.settings.mail_address, secret.get_secret_value())
        if secret
        else None
    )


def concluded(intake: Intake, received: Reception, came: Came, tally: Tally, rules: Rules) -> str:
    """The reply to a message, which is durable if that is 250 and the message was not dropped.

    Closes its file.
    """
    try:
        match received.verdict:
            case Refused() as no:
                return _refused(no, received, came, tally, rules)
            case Dropped(reason):
                log.info("mail_dropped", reason=reason)
                tally.dropped(reason)
                return TAKEN
            case Bounced():
                return _kept(intake, received, Mailbox(None, ""), came)
            case Accepted(author):
                return _limited(intake, received, author, came, tally)
    finally:
        received.file.close()


def _refused(no: Refused, received: Reception, came: Came, tally: Tally, rules: Rules) -> str:
    """Said in the dialogue; or not at all where a server in front would send it to somebody who
    may not be the sender.
    """
    facts = {"reason": no.reason, "hint": no.hint, "claimed": hashed(received.headers.raw("from"))}
    is_final, is_relayed = no.reply.startswith("5"), policy.is_trusted(came.peer, rules)
    if (
        is_final
        and is_relayed
        and not policy.may_return(received.headers, came.envelope_from, rules)
    ):
        log.warning(
            "mail_dropped", because="a refusal would bounce to an unverified sender", **facts
        )
        tally.dropped(no.reason)
        return TAKEN
    log.warning("mail_refused", reply=no.reply[:9], **facts)
    tally.refused(no.reason)
    return no.reply


def _limited(intake: Intake, received: Reception, author: Mailbox, came: Came, tally: Tally) -> str:
    """Within the limits of one sender; a message that is known already does not count."""
    settings, sender = intake.settings, author.address.casefold()
    hourly, daily = settings.sender_hourly_limit, settings.sender_daily_limit
    is_limited = (hourly or daily) and not all(
        policy.is_for_postmaster(one) for one in came.recipients
    )
    try:
        if not is_limited or _is_known(intake, received, author, came):
            return _kept(intake, received, author, came)
        if hourly and intake.received(sender, HOUR_S, hourly) >= hourly:
            tally.refused("hourly_limit")
            log.info("mail_put_off", sender=hashed(sender), reason="hourly_limit")
            return (
                f"452 4.7.1 At most {hourly} messages an hour are taken from one sender; please try"
                " again later"
            )
        count = intake.received(sender, DAY_S, daily + 1) if daily else 0
    except DragomanError as error:
        return _not_kept(author, error)
    if not daily or count < daily:
        return _kept(intake, received, author, came)
    # the first beyond is answered with what the limit is, the others are covered by that answer
    if count == daily:
        return _kept(intake, received, author, came, over_daily_limit=daily)
    tally.dropped("daily_limit")
    log.info("mail_dropped", reason="daily_limit", sender=hashed(sender))
    return TAKEN


def _is_known(intake: Intake, received: Reception, author: Mailbox, came: Came) -> bool:
    first = min(one.casefold() for one in came.recipients)
    message = message_of(received.headers, received.file.sha256, author, came.envelope_from, first)
    return intake.has_kept(message.key)


def _kept(intake: Intake, received: Reception, author: Mailbox, came: Came, **notes: Any) -> str:
    """One row for each recipient: each asks for something else.

    Sent again, the message finds its rows.
    """
    different = _addressees(came)
    try:
        received.file.sync()
        receipts = []
        for recipient in different:
            message = message_of(
                received.headers, received.file.sha256, author, came.envelope_from, recipient
            )
            facts = (
                {"bounce_of": delivery_of(intake, recipient)}
                if isinstance(received.verdict, Bounced)
                else notes
            )
            message = replace(message, payload={**message.payload, **facts})
            receipts.append(_keep(intake, message, received, is_last=recipient == different[-1]))
    except (DragomanError, OSError) as error:
        return _not_kept(author, error)
    for receipt in receipts:
        log.info(
            "mail_accepted",
            message_id=receipt.message_id,
            again=not receipt.created,
            size=received.file.size,
        )
    more = f" and {len(receipts) - 1} more" if len(receipts) > 1 else ""
    return f"{TAKEN} as {receipts[0].message_id}{more}"


def _addressees(came: Came) -> list[str]:
    """The recipients that a message is kept for, each once; a bounce only for the address that
    it came back to.
    """
    different = sorted({recipient.casefold() for recipient in came.recipients})
    returned = [one for one in different if one.partition("+")[0].endswith(bounces.SUFFIX)]
    return returned or different


def _not_kept(author: Mailbox, error: Exception) -> str:
    detail = error.detail if isinstance(error, DragomanError) else str(error)
    code = getattr(error, "code", "spool")
    log.warning("mail_not_kept", sender=hashed(author.address), code=code, detail=detail[:200])
    return TEMPORARY


def _keep(intake: Intake, message: Message, received: Reception, *, is_last: bool) -> Receipt:
    if is_last:
        return intake.keep(message, received.file.path)
    with received.file.path.open("rb") as body:
        return intake.keep(message, body)


def message_of(
    headers: Headers, sha256: str, author: Mailbox, envelope_from: str, recipient: str
) -> Message:
    """The message as intake keeps it, with all that an answer in the sender's thread needs."""
    sender = author.address.casefold()
    payload: dict[str, Any] = {
        "from": author.address,
        "from_name": author.name,
        "recipient": recipient,
        "envelope_from": envelope_from,
        "message_id": headers.message_id,
        "references": headers.references,
        "subject": headers.text("subject"),
        "target_lang": None,
        "tone": None,
        "ignored": [],
    }
    return Message(CHANNEL, key_of(sender, headers.message_id, sha256, recipient), sender, payload)


def key_of(sender: str, message_id: str | None, sha256: str, recipient: str) -> str:
    """When two messages are the same; holds no address.

    A Message-ID alone is not enough: some senders repeat theirs.
    """
    facts = json.dumps([sender, message_id or "", sha256, recipient])
    return "email:" + hashlib.sha256(facts.encode()).hexdigest()
