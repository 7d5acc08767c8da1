"""Senders who submit by mail and by HTTP, and repeat only what they were not promised."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass
from email.message import EmailMessage
from smtplib import SMTP, SMTPException
from typing import Any

import pymupdf

from tests.chaos.site import TOKEN, Site
from tests.servers.process import LOOPBACK


@dataclass
class Sent:
    """One document that was accepted. `word` is in no other; `job_id` None: it was mailed."""

    word: str
    pages: int
    message_id: str
    job_id: str | None = None


class Client:
    """Submits `count` documents, some of several pages, about `seconds` long."""

    def __init__(self, site: Site, seed: int, count: int, seconds: float) -> None:
        self._site, self._dice, self._count = site, random.Random(f"client {seed}"), count
        self._pause = seconds / count
        self.sent: list[Sent] = []
        self.repeated = 0
        self._thread = threading.Thread(target=self._run, name="client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, within_s: float) -> None:
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"only {len(self.sent)} of {self._count} were accepted"

    def status(self, job_id: str) -> dict[str, Any]:
        return dict(json.loads(self._http("GET", f"/api/v1/status/{job_id}")))

    def result(self, job_id: str) -> bytes:
        return self._http("GET", f"/api/v1/jobs/{job_id}/result")

    def retry_dead(self) -> int:
        """Try all dead letters again; how many."""
        told = self._http("POST", "/api/v1/dead/retry", b"{}", {"Content-Type": "application/json"})
        return len(json.loads(told)["retried"])

    def _run(self) -> None:
        for number in range(self._count):
            word = (
                uuid.UUID(int=self._dice.getrandbits(128)).hex[:12].translate(str.maketrans("0123456789", "ghijklmnop"))
            )
            pages = self._dice.choice((1, 1, 1, 2, 5))
            sent = Sent(word, pages, f"<{word}@example.org>")
            pdf = document(word, pages)
            self._until_accepted(self._mail if number % 2 else self._upload, sent, pdf)
            self.sent.append(sent)
            time.sleep(self._pause * self._dice.random())

    def _until_accepted(self, submit: Any, sent: Sent, pdf: bytes) -> None:
        while True:
            try:
                submit(sent, pdf)
            except (OSError, SMTPException, http.client.HTTPException):
                self.repeated += 1
                time.sleep(0.3)
            else:
                return

    def _mail(self, sent: Sent, pdf: bytes) -> None:
        message = EmailMessage()
        message["From"], message["To"] = "ana@example.org", "translate+de@dragoman.test"
        message["Subject"], message["Message-ID"] = "A document", sent.message_id
        message.set_content("Please translate.\n")
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{sent.word}.pdf")
        with SMTP(LOOPBACK, self._site.smtp, timeout=20) as smtp:
            smtp.send_message(message)

    def _upload(self, sent: Sent, pdf: bytes) -> None:
        line = "boundary-of-the-client"
        field = f'--{line}\r\nContent-Disposition: form-data; name="target_lang"\r\n\r\nde\r\n'
        file = f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="{sent.word}.pdf"\r\n\r\n'
        body = (field + file).encode() + pdf + f"\r\n--{line}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={line}", "Idempotency-Key": sent.word}
        sent.job_id = json.loads(self._http("POST", "/api/v1/upload", body, headers))["job_id"]

    def _http(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
        connection = http.client.HTTPConnection(LOOPBACK, self._site.web, timeout=20)
        try:
            connection.request(method, path, body or None, {"Authorization": f"Bearer {TOKEN}", **(headers or {})})
            answer = connection.getresponse()
            read = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise http.client.HTTPException(f"{answer.status} {read[:300]!r}")
        return read


def document(word: str, pages: int) -> bytes:
    """A PDF whose sentences are like those of no other."""
    with pymupdf.open() as pdf:
        for page in range(pages):
            sheet = pdf.new_page()
            for line in range(4):
                words = (
                    f"The visitor {word} wanted window seat {'abcd'[line]} in the morning train of day {'vwxyz'[page]}."
                )
                sheet.insert_text((60, 80 + 60 * line), words, fontsize=11)
        return bytes(pdf.tobytes())
