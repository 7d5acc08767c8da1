"""What senders were told, against what they have: every word that is not true is found.

Mail: "attached" is said where a PDF is attached, and nowhere else. Slack: a card says "Done", and a
post has its check mark, when the file is in the thread; that is looked at all the time, since a
word that becomes true later was false when it was said. The API calls a job completed, and its
answer delivered, when it is.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from tests.chaos.client import Client, Sent
from tests.chaos.site import Site
from tests.servers.slack.model import Message

LOOK_EVERY_S = 0.3
NOT_ATTACHED = "is not attached"
DONE, ATTACHED, CHECK_MARK = ":white_check_mark: Done", "Attached as", "white_check_mark"


class Witness:
    """Looks at all posts again and again; `heard`: what was said too early."""

    def __init__(self, site: Site, client: Client) -> None:
        self._site, self._client = site, client
        self._stop = threading.Event()
        self.heard: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            for sent in list(self._client.sent):
                # First what is said, then what is there: a file that comes in between makes nothing
                # false.
                if (
                    sent.post is not None
                    and _says_done(self._site, sent.post)
                    and not _files(self._site, sent.post)
                ):
                    self.heard.add(f"Slack said Done without a file ({sent.word})")


def told_instead(site: Site, sent: Sent) -> bool:
    """Whether the sender of an email was told, in place of the PDF, that their mail server did
    not take it.
    """
    mails = site.sink.answers_to(sent.message_id) if sent.door == "mail" else ()
    return any(NOT_ATTACHED in _text(mail) and not _has_pdf(mail) for mail in mails)


def _came_unheard(site: Site, sent: Sent) -> bool:
    """Whether the PDF came by an email of which we never heard that it was taken."""
    return any(
        _has_pdf(mail) and str(mail["Message-ID"]) in site.sink.unheard
        for mail in site.sink.answers_to(sent.message_id)
    )


def _told_instead_unheard(site: Site, sent: Sent) -> bool:
    """Whether words in place of the PDF came by an email of which we never heard that it was
    taken: when the next try is refused, the delivery is given up, and the PDF goes out when an
    admin has it tried again.
    """
    return any(
        NOT_ATTACHED in _text(mail) and str(mail["Message-ID"]) in site.sink.unheard
        for mail in site.sink.answers_to(sent.message_id)
    )


def false(site: Site, client: Client, answers: Mapping[str, list[bytes]]) -> list[str]:
    """The false words about each document, now that all is over.

    `answers`: the PDFs that came, by word.
    """
    jobs = {one["filename"].removesuffix(".pdf"): one for one in client.jobs()}
    return [
        said
        for sent in client.sent
        for said in _false(site, sent, bool(answers[sent.word]), jobs.get(sent.word))
    ]


def _false(site: Site, sent: Sent, arrived: bool, job: Mapping[str, Any] | None) -> Iterator[str]:
    """What was said of a document that `arrived`, or did not; `job`: what the API says of it."""
    if job is None:
        yield f"the API knows nothing of {sent.word}"
        return
    instead = told_instead(site, sent)
    if instead and _came_unheard(site, sent):
        arrived = False  # as far as anybody could know: it was refused when it was sent once more
    if (job["status"] == "COMPLETED") is not (arrived or instead):
        yield f"the API says {job['status']} ({sent.word})"
    delivery = (job.get("delivery") or {}).get("state")
    if instead and arrived and _told_instead_unheard(site, sent):
        instead = False  # the PDF is the last word
    if sent.door == "mail" and (delivery == "instead") is not instead:
        yield f"the API says that the answer is {delivery} ({sent.word})"
    if sent.door != "http" and (delivery == "delivered") is not arrived:
        yield f"the API says that the answer is {delivery} ({sent.word})"
    if sent.post is not None and _says_done(site, sent.post) is not arrived:
        yield f"the card does not say what is there ({sent.word}): {_thread(site, sent.post)}"
    if sent.post is not None and (CHECK_MARK in sent.post.reactions) is not arrived:
        yield f"the check mark does not say what is there ({sent.word})"
    for mail in site.sink.answers_to(sent.message_id) if sent.door == "mail" else ():
        if (ATTACHED in _text(mail)) is not _has_pdf(mail):
            yield f"the email does not say what is attached ({sent.word})"


def _says_done(site: Site, post: Message) -> bool:
    """Whether a message in the thread that is no file's own says so now."""
    return any(
        DONE in json.dumps(one.blocks)
        for one in site.slack.thread(post)
        if not one.files and not one.deleted
    )


def _thread(site: Site, post: Message) -> str:
    """All that stands in a thread, in short."""
    shown = [
        f"{one.ts} {'deleted ' if one.deleted else ''}{len(one.files)} files"
        f" {json.dumps(one.blocks)[:200]}"
        for one in site.slack.thread(post)
    ]
    return f"{post.reactions} " + " | ".join(shown)


def _files(site: Site, post: Message) -> list[tuple[str, bytes]]:
    return site.slack.files_in(site.slack.thread(post))


def _text(mail: Any) -> str:
    body = mail.get_body(("plain",))
    return " ".join(str(body.get_content()).split()) if body else ""


def _has_pdf(mail: Any) -> bool:
    return any(part.get_content_type() == "application/pdf" for part in mail.iter_attachments())
