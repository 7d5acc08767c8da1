"""A mail with a small PDF, the way that people's mails come, and the answer to it."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from dragoman.errors import OutboundUnavailable
from dragoman.settings import Settings, host_port
from ops.doctor.findings import Finding, Verdict
from ops.doctor.live import plan as live
from ops.doctor.live.plan import LiveTrialFailed, Plan, Site

SMTP_TIMEOUT_S = 20.0
NO_SENDER = (
    "Give an address of yours that may send documents: --sender ADDRESS. The answer goes there."
)
LOST = (
    "The email did not become a job; it may still be on its way, or the log of `dragoman smtp` says"
    " why it was refused"
)


def send(settings: Settings, plan: Plan) -> Iterator[Finding]:
    """Send it, follow the job, and see the answer sent.

    Raises LiveTrialFailed, OutboundUnavailable or OutboundRefused.
    """
    if plan.sender is None:
        yield Finding("live mail", Verdict.WARN, "not tried", NO_SENDER)
        return
    began, file = time.monotonic(), live.name()
    with live.site(settings) as here:
        source, target = live.published(here)
        sentence = live.SENTENCES[source]
        way = _send(
            settings, plan.sender, written(settings, plan.sender, file, target, live.page(sentence))
        )
        yield Finding("live mail", Verdict.OK, f"an email with one page was accepted {way}")
        try:
            job = live.await_job(here, file, plan.within_s, LOST)
            sent = live.await_sent(here, job.message_id or job.id, plan.within_s)
            seen = _seen(here, settings.maildir, sent.ref, sentence)
        finally:
            live.forget_file(here, file)
        took = f"{time.monotonic() - began:.0f} s"
        yield Finding(
            "live answer",
            Verdict.OK,
            f"{seen}, {took} after the email ({source} to {target}, {job.engine})",
        )


def written(settings: Settings, sender: str, file: str, target: str, pdf: bytes) -> EmailMessage:
    """The mail: to our address with the target language as its tag."""
    local, _, domain = settings.mail_address.partition("@")
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, f"{local}+{target}@{domain}"
    mail["Subject"] = "A live trial of Dragoman"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    mail.set_content("A live trial: please translate the page.\n")
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=file)
    return mail


def _send(settings: Settings, sender: str, mail: EmailMessage) -> str:
    """Through the mail server for answers, which people's mail servers are like; where there is
    none, at our own.
    """
    from notifier.email.smtp_client import SmtpOutbound, open_outbound

    outbound = open_outbound(settings)
    message = mail.as_bytes(policy=policy.SMTP)
    if isinstance(outbound, SmtpOutbound):
        outbound.send(sender, str(mail["To"]), message)
        return "by the mail server that sends our answers"
    host, port = host_port(settings.smtp_listen)
    try:
        with smtplib.SMTP(host, port, timeout=SMTP_TIMEOUT_S) as smtp:
            smtp.sendmail(sender, [str(mail["To"])], message)
    except (OSError, smtplib.SMTPException) as error:
        raise OutboundUnavailable(
            "Our own mail server does not accept the email.", detail=str(error)[:200]
        ) from error
    return "by our own mail server"


def _seen(here: Site, maildir: Path | None, ref: str | None, sentence: str) -> str:
    """What is known of the answer: that it holds a translation, where it can be looked into;
    else who took it.
    """
    if here.settings.outbound_smtp_url is not None or maildir is None:
        return "the mail server accepted the answer; please check that it has arrived"
    for file in maildir.glob(f"*/{ref}*"):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        for part in mail.iter_attachments():
            if part.get_content_type() == "application/pdf":
                live.check(part.get_content(), sentence)
                return "the answer has the translated page"
    raise LiveTrialFailed("The answer is not in the folder of answers, or has no PDF.")
