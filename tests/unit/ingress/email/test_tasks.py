"""A kept mail becomes jobs, or one answer, or nothing."""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO

import pytest
from celery import Celery

from dragoman.adapters import queues
from dragoman.app.intake import Intake
from dragoman.db.ledgers import jobs
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records import process_registry
from dragoman.errors import Gone, StoreUnavailable
from dragoman.ports import Capabilities
from ingress.email.contents import MailTooComplex
from ingress.email.mime import headers
from ingress.email.mime.headers import Mailbox
from ingress.email.smtp.acceptance import message_of
from ingress.email.tasks import open_message, register

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
DOCX = b"PK\x03\x04 a document"


def mail(*files: tuple[str, bytes], body: str = "Please.\n", subject: str = "A contract") -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = (
        "Alice <alice@example.org>",
        subject,
        "<1@example.org>",
    )
    message.set_content(body)
    for name, content in files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    return message.as_bytes()


def keep(intake: Intake, content: bytes, recipient: str = "translate@localhost") -> str:
    author = Mailbox("Alice", "Alice@Example.org")
    message = message_of(headers.read(content), "hash", author, "alice@example.org", recipient)
    return intake.keep(message, BytesIO(content)).message_id


def rows(intake: Intake, table) -> list[dict]:
    with intake.database.read() as connection:
        return [
            dict(row)
            for row in connection.execute(table.select().order_by(table.c.created_at)).mappings()
        ]


def answer(intake: Intake, kind: str = "final") -> dict:
    """The payload of the one answer that is owed; nothing else came of the mail."""
    (row,) = rows(intake, OUTBOX)
    assert row["kind"] == kind
    assert rows(intake, JOBS) == []
    assert list(intake.store.keys("jobs/")) == []
    return row["payload"]


def test_pdf_becomes_a_job_and_an_ack_waits(intake, doorbell):
    message_id = keep(intake, mail(("contract.pdf", PDF)), "translate+de+formal@localhost")
    open_message(intake, message_id)
    (job,), (message,), (ack, progress) = (
        rows(intake, JOBS),
        rows(intake, INBOX),
        rows(intake, OUTBOX),
    )
    assert (job["filename"], job["target_lang"], job["options"]["tone"]) == (
        "contract.pdf",
        "de",
        "formal",
    )
    assert (job["owner"], job["channel"], job["message_id"]) == (
        "alice@example.org",
        "email",
        message_id,
    )
    assert "alice" not in job["key"]
    with intake.store.open(job["source"]) as body:
        assert body.read() == PDF
    assert (message["state"], message["jobs_left"]) == ("done", 1)
    assert message["payload"]["target_lang"] == "de"
    assert message["payload"]["tone"] == "formal"
    assert message["payload"]["ignored"] == []
    assert ack["kind"] == "ack"
    assert ack["run_after"] > ack["created_at"] + 25
    assert progress["kind"] == "progress"
    assert progress["run_after"] > progress["created_at"] + 895
    assert (queues.EXTRACT_AND_TRANSLATE, job["id"]) in doorbell.rings


def test_several_pdfs_become_a_job_each_and_duplicates_one(intake):
    files = [("a.pdf", PDF), ("b.pdf", PDF + b"b"), ("again.pdf", PDF)]
    open_message(intake, keep(intake, mail(*files), "translate+de@localhost"))
    assert sorted(job["filename"] for job in rows(intake, JOBS)) == ["a.pdf", "b.pdf"]
    assert len(list(intake.store.keys("jobs/"))) == 2
    assert rows(intake, INBOX)[0]["jobs_left"] == 2


def test_what_is_left_out_is_told_with_the_result(intake):
    files = [("a.pdf", PDF), ("b.docx", DOCX), ("c.pdf", b"")]
    open_message(intake, keep(intake, mail(*files), "translate+de@localhost"))
    (message,) = rows(intake, INBOX)
    assert [(left["filename"], left["code"]) for left in message["payload"]["ignored"]] == [
        ("b.docx", "not_a_pdf"),
        ("c.pdf", "empty_file"),
    ]
    assert "Word" in message["payload"]["ignored"][0]["message"]


def test_opened_twice_is_one_job(intake):
    message_id = keep(intake, mail(("a.pdf", PDF)), "translate+de@localhost")
    open_message(intake, message_id)
    open_message(intake, message_id)
    assert len(rows(intake, JOBS)) == 1


def test_language_is_taken_from_the_body(intake):
    open_message(intake, keep(intake, mail(("a.pdf", PDF), body="Hello,\n\ninto French, please\n")))
    assert rows(intake, JOBS)[0]["target_lang"] == "fr"


def test_language_is_taken_from_the_server(intake):
    settings = intake.settings.model_copy(update={"default_target_lang": "it"})
    with_default = Intake(intake.database, intake.store, intake.doorbell, settings)
    open_message(with_default, keep(intake, mail(("a.pdf", PDF))))
    assert rows(intake, JOBS)[0]["target_lang"] == "it"


def test_without_a_language_the_sender_is_asked(intake):
    open_message(intake, keep(intake, mail(("a.pdf", PDF))))
    assert answer(intake, "question")["reason"] == "no_language"
    (message,) = rows(intake, INBOX)
    assert (message["state"], message["waiting_for"]) == ("waiting", "language")


def test_unknown_language_in_the_address_is_told(intake):
    open_message(
        intake, keep(intake, mail(("a.pdf", PDF), body="to German"), "translate+xyzzy@localhost")
    )
    told = answer(intake, "question")
    assert told["reason"] == "unknown_language"
    assert "xyzzy" in told["error_message"]


def test_without_a_pdf_the_sender_is_told(intake):
    open_message(intake, keep(intake, mail(), "translate+de@localhost"))
    assert answer(intake) == {"reason": "no_pdf", "ignored": [], "locale": "en"}


def test_word_document_alone_is_no_pdf(intake):
    open_message(intake, keep(intake, mail(("a.docx", DOCX)), "translate+de@localhost"))
    told = answer(intake)
    assert told["reason"] == "no_pdf"
    assert [left["filename"] for left in told["ignored"]] == ["a.docx"]


def test_pdf_that_is_too_large_is_refused(intake):
    settings = intake.settings.model_copy(update={"max_pdf_bytes": 20})
    small = Intake(intake.database, intake.store, intake.doorbell, settings)
    open_message(small, keep(intake, mail(("a.pdf", PDF)), "translate+de@localhost"))
    told = answer(intake)
    assert told["reason"] == "refused"
    assert [left["code"] for left in told["ignored"]] == ["too_large"]


def test_language_that_no_engine_has_is_refused_by_its_name(intake):
    with intake.database.write() as connection:
        process_registry.publish(
            connection, "worker@a", [Capabilities("deepl", frozenset({"de", "fr"}))]
        )
    open_message(intake, keep(intake, mail(("a.pdf", PDF)), "translate+ja@localhost"))
    told = answer(intake, "question")
    assert (told["reason"], told["error_code"]) == ("unsupported_language", "unsupported_target")
    assert "Japanese" in told["error_message"]


def test_mail_for_the_postmaster_is_not_answered(intake):
    open_message(intake, keep(intake, mail(("a.pdf", PDF)), "postmaster@localhost"))
    (message,) = rows(intake, INBOX)
    assert (message["state"], message["payload"]["dropped"]) == ("done", "postmaster")
    assert rows(intake, OUTBOX) == rows(intake, JOBS) == []


def test_trouble_leaves_the_mail_to_be_opened_again_and_no_files(intake):
    class Full(Intake):
        def submit(self, *args, **kwargs):
            raise StoreUnavailable

    full = Full(intake.database, intake.store, intake.doorbell, intake.settings)
    message_id = keep(intake, mail(("a.pdf", PDF)), "translate+de@localhost")
    with pytest.raises(StoreUnavailable):
        open_message(full, message_id)
    (message,) = rows(intake, INBOX)
    assert (message["state"], message["error_code"]) == ("ready", "store_unavailable")
    assert list(intake.store.keys("jobs/")) == []


def test_trouble_after_the_jobs_are_made_costs_no_file(intake):
    class Late(Intake):
        def submit(self, *args, **kwargs):
            super().submit(*args, **kwargs)
            raise StoreUnavailable

    late = Late(intake.database, intake.store, intake.doorbell, intake.settings)
    with pytest.raises(StoreUnavailable):
        open_message(late, keep(intake, mail(("a.pdf", PDF)), "translate+de@localhost"))
    (job,) = rows(intake, JOBS)
    assert intake.store.size(job["source"]) == len(PDF)


def test_the_same_pdf_in_another_mail_is_another_job(intake):
    open_message(intake, keep(intake, mail(("a.pdf", PDF)), "translate+de@localhost"))
    open_message(
        intake,
        keep(intake, mail(("a.pdf", PDF), subject="Again") + b"\n", "translate+fr@localhost"),
    )
    assert len(rows(intake, JOBS)) == 2
    with intake.database.read() as connection:
        assert all(jobs.by_key(connection, job["key"]) for job in rows(intake, JOBS))


def test_worker_opens_by_the_name_of_the_task(intake):
    app = Celery("test", broker="memory://", set_as_current=False)
    register(app, intake.settings)
    message_id = keep(intake, mail(("a.pdf", PDF)), "translate+de@localhost")
    app.tasks[queues.OPEN_OF["email"]].apply(args=(message_id,)).get()
    assert [job["filename"] for job in rows(intake, JOBS)] == ["a.pdf"]


def test_dead_message_is_opened_to_success_when_its_bytes_are_back(intake, doorbell):
    content = mail(("contract.pdf", PDF))
    message_id = keep(intake, content, "translate+de@localhost")
    [kept] = rows(intake, INBOX)
    intake.store.delete(kept["blob"])
    with pytest.raises(Gone):
        open_message(intake, message_id)
    [dead] = rows(intake, INBOX)
    assert (dead["state"], dead["error_code"]) == ("dead", "gone")
    intake.store.put(kept["blob"], BytesIO(content))
    intake.retry(message_id)
    assert doorbell.rings[-1] == (queues.OPEN_OF["email"], message_id)
    open_message(intake, message_id)
    [job], [opened] = rows(intake, JOBS), rows(intake, INBOX)
    assert (job["message_id"], opened["state"], opened["run"]) == (message_id, "done", 2)


def test_mail_that_dies_is_answered_in_the_language_of_the_mails_before_it(intake, monkeypatch):
    open_message(intake, keep(intake, mail(("a.pdf", PDF), body="Bitte auf Deutsch, danke.\n")))
    second = keep(intake, mail(("b.pdf", PDF), body="???\n"), "translate+fr@localhost")

    def died(*_: object) -> None:
        raise MailTooComplex

    monkeypatch.setattr("ingress.email.contents.Contents.read", died)
    with pytest.raises(MailTooComplex):
        open_message(intake, second)
    (told,) = [row["payload"] for row in rows(intake, OUTBOX) if row["owner"] == second]
    assert (told["reason"], told["error_code"], told["locale"]) == (
        "failed",
        MailTooComplex.code,
        "de",
    )
