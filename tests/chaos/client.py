"""Senders who submit by HTTP, by mail and in Slack, and repeat only what they were not promised."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from smtplib import SMTP, SMTPException
from typing import Any

import pymupdf

from tests.chaos.site import TOKEN, Site
from tests.patience import patience
from tests.servers.process import LOOPBACK
from tests.servers.slack.courier import Delivery
from tests.servers.slack.model import Message

ASKED_AGAIN_AFTER_S = 0.3
IN_TURN = ("http", "mail", "slack", "mail", "http")
LETTERS = str.maketrans("0123456789", "ghijklmnop")


class NotPromised(OSError):
    """The door did not say that it took the document."""


class Unknown(http.client.HTTPException):
    """There is nothing there."""


@dataclass
class Sent:
    """One document.

    `word` is in no other; `door`: `http`, `mail` or `slack`; `job_id`: of an upload, `post`: in
    Slack.

    `first_asked_at`, `asked_at`, `promised_at`: when it was sent for the first and the last time,
    and was taken (`time.monotonic()`).
    """

    word: str
    pages: int
    door: str
    job_id: str | None = None
    post: Message | None = None
    first_asked_at: float = 0.0
    asked_at: float = 0.0
    promised_at: float = 0.0

    @property
    def message_id(self) -> str:
        """Of the mail that it came with."""
        return f"<{self.word}@example.org>"


class Client:
    """Submits `count` documents, some of several pages, about `seconds` long, by all doors in
    turn.
    """

    def __init__(self, site: Site, seed: int, count: int, seconds: float) -> None:
        self._site, self._dice, self._count = site, random.Random(f"client {seed}"), count
        self._pause = seconds / count
        self._doors: dict[str, Callable[[Sent, bytes], None]] = {
            "http": self._upload,
            "mail": self._mail,
            "slack": self._post,
        }
        self._people = [site.slack.user(name) for name in ("ana", "ben", "cem", "dua", "eli")]
        self._channel = site.slack.channel("documents", *self._people)
        self.sent: list[Sent] = []
        self.repeated = 0
        self._thread = threading.Thread(target=self._run, name="client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, within_s: float) -> None:
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"only {len(self.sent)} of {self._count} were accepted"

    def result(self, job_id: str) -> bytes | None:
        """The translated PDF of an upload; None if there is none, or no such job (any more)."""
        try:
            status = json.loads(self._http("GET", f"/api/v1/status/{job_id}"))["status"]
        except Unknown:
            return None
        return self._http("GET", f"/api/v1/jobs/{job_id}/result") if status == "COMPLETED" else None

    def jobs(self) -> list[dict[str, Any]]:
        """What the API says of all jobs."""
        found, after = [], ""
        while True:
            page = json.loads(self._http("GET", f"/api/v1/jobs?limit=100{after}"))
            found += page["jobs"]
            if not page["next"]:
                return found
            after = f"&cursor={page['next']}"

    def retry_dead(self) -> int:
        """Try all dead letters again; how many."""
        told = self._http("POST", "/api/v1/dead/retry", b"{}", {"Content-Type": "application/json"})
        return len(json.loads(told)["retried"])

    def _run(self) -> None:
        for number in range(self._count):
            word = uuid.UUID(int=self._dice.getrandbits(128)).hex[:12].translate(LETTERS)
            sent = Sent(word, self._dice.choice((1, 1, 1, 2, 5)), IN_TURN[number % len(IN_TURN)])
            self._until_promised(sent, document(word, sent.pages))
            self.sent.append(sent)
            time.sleep(self._pause * self._dice.random())

    def _until_promised(self, sent: Sent, pdf: bytes) -> None:
        sent.first_asked_at = time.monotonic()
        while True:
            sent.asked_at = time.monotonic()
            try:
                self._doors[sent.door](sent, pdf)
            except (OSError, SMTPException, http.client.HTTPException):
                self.repeated += 1
                time.sleep(ASKED_AGAIN_AFTER_S)
            else:
                sent.promised_at = time.monotonic()
                return

    def _mail(self, sent: Sent, pdf: bytes) -> None:
        message = EmailMessage()
        message["From"], message["To"] = "ana@example.org", "translate+de@dragoman.test"
        message["Subject"], message["Message-ID"] = "A document", sent.message_id
        message.set_content("Please translate.\n")
        message.add_attachment(
            pdf, maintype="application", subtype="pdf", filename=f"{sent.word}.pdf"
        )
        with SMTP(LOOPBACK, self._site.smtp, timeout=patience(20)) as smtp:
            smtp.send_message(message)

    def _upload(self, sent: Sent, pdf: bytes) -> None:
        line = "boundary-of-the-client"
        # One in two by the language model: by its word, so that it stays so when it is sent again.
        engine = "openai" if sent.word[0] < "i" else "auto"
        field = "".join(
            f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (("target_lang", "de"), ("engine", engine))
        )
        file = (
            f'--{line}\r\nContent-Disposition: form-data; name="file";'
            f' filename="{sent.word}.pdf"\r\n\r\n'
        )
        body = (field + file).encode() + pdf + f"\r\n--{line}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={line}",
            "Idempotency-Key": sent.word,
        }
        sent.job_id = json.loads(self._http("POST", "/api/v1/upload", body, headers))["job_id"]

    def _post(self, sent: Sent, pdf: bytes) -> None:
        """Slack asks a few times whether the app has heard; later we make it ask again, with
        the same event.
        """
        slack = self._site.slack
        if sent.post is None:
            file = slack.file(f"{sent.word}.pdf", pdf)
            person = self._dice.choice(self._people)
            sent.post = slack.post(person, self._channel, "to German", files=[file])
            told = self._told_of(sent.post)
            slack.wait_until(lambda: told.over, 30, "Slack has an answer, or has given up")
        else:
            told = slack.replay(self._told_of(sent.post))
        if not told.acked:
            raise NotPromised

    def _told_of(self, post: Message) -> Delivery:
        def found() -> list[Delivery]:
            shared = self._site.slack.deliveries("message/file_share")
            return [one for one in shared if one.event["ts"] == post.ts]

        self._site.slack.wait_until(found, 10, "the app is told of the post")
        return found()[0]

    def _http(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> bytes:
        connection = http.client.HTTPConnection(LOOPBACK, self._site.web, timeout=patience(20))
        try:
            connection.request(
                method, path, body or None, {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
            )
            answer = connection.getresponse()
            read: Any = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            raise Unknown(f"{path} {read[:300]!r}")
        if answer.status >= 300:
            raise http.client.HTTPException(f"{answer.status} {read[:300]!r}")
        return bytes(read)


def document(word: str, pages: int) -> bytes:
    """A PDF whose sentences are like those of no other."""
    with pymupdf.open() as pdf:
        for page in range(pages):
            sheet = pdf.new_page()
            for line in range(4):
                words = (
                    f"The visitor {word} wanted window seat {'abcd'[line]} in the morning train of"
                    f" day {'vwxyz'[page]}."
                )
                sheet.insert_text((60, 80 + 60 * line), words, fontsize=11)
        return bytes(pdf.tobytes())


def is_translated(sent: Sent, pdf: bytes) -> bool:
    """Whether it is the document as the fake services translate: its word in capitals."""
    try:
        with pymupdf.open("pdf", pdf) as read:
            text = "".join(page.get_text() for page in read)
            return read.page_count == sent.pages and text.count(sent.word.upper()) == 4 * sent.pages
    except pymupdf.FileDataError:
        return False
