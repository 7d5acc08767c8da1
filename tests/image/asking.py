"""What a person does to a running Dragoman: upload a PDF, mail one, read what comes back."""

from __future__ import annotations

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

import pymupdf
import requests

from tests.patience import patience
from tests.servers.process import LOOPBACK, wait_until

SENTENCE, SPANISH = "The house is big and the books are in the library.", "casa"
SENDER, DOMAIN = "ana@example.com", "example.com"
# Proves the sender: mail from her domain may come from this machine.
ZONE = {(DOMAIN, "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"']}
ENDS = ("COMPLETED", "FAILED", "CANCELLED")
WEB, SMTP = 8000, 8025  # the image's own ports
WITHIN_S = 180.0


def one_page() -> bytes:
    """A PDF with a sentence in English."""
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), SENTENCE)
        return document.tobytes()


def text_of(pdf: bytes) -> str:
    """What is printed in a PDF."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        return "".join(page.get_text() for page in document)


def uploaded(token: str) -> bytes:
    """Upload the page, ask for Spanish, fetch the result.

    Raises AssertionError with what was answered instead.
    """
    url = f"http://{LOOPBACK}:{WEB}/api/v1"
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        sent = {"files": {"file": ("paper.pdf", one_page())}, "data": {"target_lang": "es"}}
        accepted = http.post(f"{url}/upload", timeout=patience(30), **sent)
        assert accepted.status_code == HTTPStatus.ACCEPTED, accepted.text
        job = accepted.json()["job_id"]
        status = f"{url}/status/{job}"
        wait_until(
            lambda: http.get(status, timeout=patience(30)).json()["status"] in ENDS,
            WITHIN_S,
            "the job ends",
            every_s=0.5,
        )
        assert http.get(status, timeout=patience(30)).json()["status"] == "COMPLETED", http.get(
            status, timeout=patience(30)
        ).text
        return http.get(f"{url}/jobs/{job}/result", timeout=patience(30)).content


def mailed(outbox: Path, message_id: str) -> EmailMessage:
    """Mail the page over SMTP, ask for Spanish; the answer that lies in `outbox`."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SENDER, "translate+es@localhost", "A paper"
    mail["Message-ID"] = message_id
    mail.set_content("Please.")
    mail.add_attachment(one_page(), maintype="application", subtype="pdf", filename="paper.pdf")
    with smtplib.SMTP(LOOPBACK, SMTP, timeout=patience(30)) as smtp:
        smtp.send_message(mail)
    wait_until(
        lambda: any((outbox / "new").glob("*")), WITHIN_S, "the answer is there", every_s=0.5
    )
    return message_from_bytes(next((outbox / "new").glob("*")).read_bytes(), policy=policy.default)
