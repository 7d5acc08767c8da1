"""The one way in: durable before it is accepted, the same thing once, the broker never in the
way.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import ClassVar

import pytest

from dragoman.adapters import queues
from dragoman.adapters.storage import open_store
from dragoman.app import retention
from dragoman.app.intake import Intake, Message, Request
from dragoman.channels.slack import posts
from dragoman.db.engine import Database
from dragoman.db.ledgers import cards, inbox, jobs, lease, outbox
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import process_registry
from dragoman.domain.job import Options, RowState
from dragoman.domain.request import OnCard
from dragoman.errors import (
    Conflict,
    DatabaseUnavailable,
    EmptyFile,
    LeaseLost,
    NotAPdf,
    NotFound,
    StoreUnavailable,
    TooLarge,
    UnsupportedTarget,
)
from dragoman.ports import Capabilities
from tests.fakes import InMemoryStore
from tests.races import together
from tests.rows import complete, deliveries, expire, row
from tests.servers.process import LOOPBACK, free_port

MAIL = Message("email", "mail:1", "ann@example.org", {"message_id": "<1@example.org>"})
PDF = b"%PDF-1.7\n" + b"x" * 3000
RUNG_ONCE = 1


def request(intake: Intake, key: str = "job:1", lang: str = "de", channel: str = "web") -> Request:
    pdf = intake.store_pdf("paper.pdf", BytesIO(PDF))
    return Request(
        pdf, Options(lang), "ann@example.org" if channel == "email" else "web:tests", channel, key
    )


def keep(intake: Intake) -> str:
    message_id = intake.keep(MAIL, BytesIO(b"a mail")).message_id
    assert message_id
    return message_id


def without_database(intake: Intake) -> Intake:
    refusing = Database(f"postgresql+psycopg://nobody@{LOOPBACK}:{free_port()}/none")
    return Intake(refusing, intake.store, intake.doorbell, intake.settings)


def post_with_card(intake: Intake) -> tuple[lease.Lease, str]:
    """A leased message of a post in Slack, and the id of its card."""
    kept = intake.keep(Message("slack", "slack:T1:Ev1", "slack:T1:U1", {}))
    held = lease.claim(intake.database, inbox.LEDGER, str(kept.message_id), 60.0)
    assert held
    place = {"team": "T1", "place": "C1", "post_ts": "1.0", "thread_ts": "1.0", "requester": "U1"}
    card, _ = posts.open_card(intake, key="slack:T1:C1:1.0", message_id=held.id, **place)
    return held, card.id


class TestNotesOnACard:
    NOTE: ClassVar = {
        "filename": "a.txt",
        "code": "not_a_pdf",
        "message": "No PDF.",
        "advice": "Send one.",
    }

    def test_are_said_with_the_commit_that_ends_the_message(self, intake):
        held, card_id = post_with_card(intake)
        intake.submit([], message=held, on_card=OnCard(card_id, [self.NOTE]))
        assert row(intake.database, INBOX, held.id)["state"] == RowState.DONE
        assert row(intake.database, CARDS, card_id)["notes"] == [self.NOTE]

    def test_end_no_message_that_cannot_be_said(self, intake, monkeypatch):
        held, card_id = post_with_card(intake)

        def killed(*_args: object, **_values: object) -> None:
            raise DatabaseUnavailable

        monkeypatch.setattr(cards, "note", killed)
        with pytest.raises(DatabaseUnavailable):
            intake.submit([], message=held, on_card=OnCard(card_id, [self.NOTE]))
        assert row(intake.database, INBOX, held.id)["state"] == RowState.RUNNING


class TestKeep:
    def test_bytes_and_row_are_there_and_the_bell_is_rung(self, intake, doorbell):
        receipt = intake.keep(MAIL, BytesIO(b"a mail"))
        kept = row(intake.database, INBOX, receipt.message_id)
        assert receipt.created
        assert (kept["key"], kept["sender"], kept["payload"]) == (
            MAIL.key,
            MAIL.sender,
            MAIL.payload,
        )
        assert (kept["blob"], kept["size"]) == (f"inbox/{receipt.message_id}/message", 6)
        with intake.store.open(kept["blob"]) as body:
            assert body.read() == b"a mail"
        assert doorbell.rings == [(queues.OPEN_OF["email"], receipt.message_id)]

    def test_the_same_message_is_kept_once(self, intake, doorbell, tmp_path):
        first = keep(intake)
        spooled = tmp_path / "spooled"
        spooled.write_bytes(b"a mail")
        for body in (BytesIO(b"a mail"), spooled, None):
            again = intake.keep(MAIL, body)
            assert (again.created, again.message_id) == (False, first)
        assert not spooled.exists()
        assert list(intake.store.keys("inbox/")) == [f"inbox/{first}/message"]
        assert len(doorbell.rings) == RUNG_ONCE

    def test_the_same_message_at_the_same_moment_is_kept_once(self, intake, doorbell):
        receipts = together(6, lambda _: intake.keep(MAIL, BytesIO(b"a mail")))
        assert sum(receipt.created for receipt in receipts) == 1
        assert len({receipt.message_id for receipt in receipts}) == 1
        assert len(list(intake.store.keys("inbox/"))) == 1
        assert len(doorbell.rings) == RUNG_ONCE

    def test_spooled_file_is_taken_over(self, intake, tmp_path):
        spooled = tmp_path / "spooled"
        spooled.write_bytes(b"a mail")
        receipt = intake.keep(MAIL, spooled)
        assert not spooled.exists()
        assert row(intake.database, INBOX, receipt.message_id)["size"] == 6

    def test_a_message_may_have_no_bytes(self, intake):
        receipt = intake.keep(MAIL)
        assert row(intake.database, INBOX, receipt.message_id)["blob"] is None

    def test_nothing_is_accepted_when_the_store_is_down(self, intake, doorbell, tmp_path):
        spooled = tmp_path / "spooled"
        spooled.write_bytes(b"a mail")
        down = InMemoryStore()
        down.broken = StoreUnavailable()
        deaf = Intake(intake.database, down, doorbell, intake.settings)
        with pytest.raises(StoreUnavailable):
            deaf.keep(MAIL, spooled)
        with intake.database.read() as connection:
            assert inbox.by_key(connection, MAIL.key) is None
        assert doorbell.rings == []
        assert spooled.exists()

    def test_nothing_is_accepted_when_the_database_is_down(self, intake, doorbell):
        with pytest.raises(DatabaseUnavailable):
            without_database(intake).keep(MAIL, BytesIO(b"a mail"))
        assert doorbell.rings == []

    def test_death_between_put_and_commit_leaves_bytes_without_an_owner_and_no_row(self, intake):
        class Dying(Intake):
            def _put(self, key, body):
                super()._put(key, body)
                raise SystemExit("killed")

        with pytest.raises(SystemExit):
            Dying(intake.database, intake.store, intake.doorbell, intake.settings).keep(
                MAIL, BytesIO(b"a mail")
            )
        [orphan] = retention.unreferenced(intake.database, intake.store, "inbox/")
        assert orphan.endswith("/message")
        assert keep(intake), "the sender's server sends it again"
        assert retention.unreferenced(intake.database, intake.store, "inbox/") == [orphan]


class TestStorePdf:
    def test_bytes_are_counted_and_hashed_on_the_way(self, intake):
        pdf = intake.store_pdf("../My paper.PDF", BytesIO(PDF))
        assert (pdf.filename, pdf.size, pdf.sha256) == (
            "My paper.pdf",
            len(PDF),
            hashlib.sha256(PDF).hexdigest(),
        )
        with intake.store.open(pdf.blob) as body:
            assert body.read() == PDF

    @pytest.mark.parametrize(
        ("data", "error", "words"),
        [
            (b"", EmptyFile, "0 bytes"),
            (b"Dear all,", NotAPdf, "not a PDF"),
            (b"x" * 5000 + b"%PDF-1.7", NotAPdf, "not a PDF"),
            (b"PK\x03\x04" + b"x" * 2000, NotAPdf, "Word, Excel"),
            (b"\n<!DOCTYPE html><p>", NotAPdf, "web page"),
        ],
    )
    def test_what_is_no_pdf_is_named_and_not_kept(self, intake, data, error, words):
        with pytest.raises(error, match=words):
            intake.store_pdf("paper.pdf", BytesIO(data))
        assert list(intake.store.keys("jobs/")) == []

    def test_junk_before_the_header_is_forgiven(self, intake):
        assert intake.store_pdf("paper.pdf", BytesIO(b"\n" * 1000 + PDF)).size == len(PDF) + 1000

    def test_a_byte_too_many_is_refused_on_the_way(self, intake, settings):
        small = Intake(
            intake.database,
            intake.store,
            intake.doorbell,
            settings.model_copy(update={"max_pdf_bytes": len(PDF)}),
        )
        assert small.store_pdf("paper.pdf", BytesIO(PDF))
        with pytest.raises(TooLarge):
            small.store_pdf("paper.pdf", BytesIO(PDF + b"x"))
        assert len(list(intake.store.keys("jobs/"))) == 1

    def test_endless_body_is_not_read_to_its_end(self, intake, settings):
        class Endless:
            taken = 0

            def read(self, count: int = -1) -> bytes:
                self.taken += count
                return b"%PDF-1.7".ljust(count, b"x")

        body = Endless()
        small = Intake(
            intake.database,
            intake.store,
            intake.doorbell,
            settings.model_copy(update={"max_pdf_bytes": 3_000_000}),
        )
        with pytest.raises(TooLarge):
            small.store_pdf("paper.pdf", body)
        assert body.taken < 6_000_000


class TestSubmit:
    def test_upload_becomes_a_job(self, intake, doorbell):
        receipt = intake.submit([request(intake)])
        [job_id] = receipt.job_ids
        job = row(intake.database, JOBS, job_id)
        assert receipt.created
        assert (job["state"], job["stage"], job["target_lang"], job["owner"]) == (
            "ready",
            "extract",
            "de",
            "web:tests",
        )
        assert doorbell.rings == [(queues.EXTRACT_AND_TRANSLATE, job_id)]

    def test_the_same_upload_is_one_job_and_its_second_copy_goes(self, intake, doorbell):
        first = intake.submit([request(intake)])
        again = intake.submit([request(intake)])
        assert (again.created, again.job_ids) == (False, first.job_ids)
        assert len(list(intake.store.keys("jobs/"))) == 1
        assert len(doorbell.rings) == RUNG_ONCE

    def test_request_that_is_sent_twice_keeps_its_source(self, intake):
        """A door that got no answer from the database tries the very same request again."""
        wanted = request(intake)
        intake.submit([wanted])
        intake.submit([wanted])
        assert intake.store.size(wanted.pdf.blob) == len(PDF)

    def test_jobs_of_a_message_are_made_in_one_commit(self, intake, doorbell):
        message_id = keep(intake)
        with intake.opened(message_id) as message:
            asked = [request(intake, f"job:{number}", channel="email") for number in range(3)]
            receipt = intake.submit(
                asked, message=message, notes={"left_out": ["a.docx"]}, ack_after_s=30
            )
        kept = row(intake.database, INBOX, message_id)
        assert (kept["state"], kept["jobs_left"]) == (RowState.DONE, 3)
        assert kept["payload"] == {**MAIL.payload, "left_out": ["a.docx"]}
        assert sorted(found["kind"] for found in deliveries(intake.database, message_id)) == [
            "ack",
            "progress",
        ]
        with intake.database.read() as connection:
            made = jobs.of_message(connection, message_id)
        assert sorted(job.id for job in made) == sorted(receipt.job_ids)
        assert len(doorbell.rings) == 4
        for job_id in receipt.job_ids:
            complete(intake.database, job_id)
        assert [found["kind"] for found in deliveries(intake.database, message_id)] == ["final"]

    def test_message_that_brings_nothing_new_is_answered_at_once(self, intake, doorbell):
        known = intake.submit([request(intake)])
        message_id = keep(intake)
        with intake.opened(message_id) as message:
            receipt = intake.submit(
                [request(intake, channel="email")], message=message, ack_after_s=30
            )
        [answer] = deliveries(intake.database, message_id)
        assert (receipt.created, receipt.job_ids) == (False, known.job_ids)
        assert (answer["kind"], answer["payload"]["reason"]) == ("final", "nothing_new")
        assert doorbell.rings[-1] == (queues.DELIVER, message_id)

    def test_message_that_another_worker_took_over_makes_no_jobs(self, intake):
        message_id = keep(intake)
        late = lease.claim(intake.database, inbox.LEDGER, message_id, 60.0)
        expire(intake.database, INBOX, message_id)
        assert lease.claim(intake.database, inbox.LEDGER, message_id, 60.0)
        with pytest.raises(LeaseLost):
            intake.submit([request(intake)], message=late)
        with intake.database.read() as connection:
            assert jobs.listed(connection) == []

    def test_nothing_is_accepted_when_the_database_is_down(self, intake, doorbell):
        wanted = request(intake)
        with pytest.raises(DatabaseUnavailable):
            without_database(intake).submit([wanted])
        assert doorbell.rings == []
        assert retention.unreferenced(intake.database, intake.store, "jobs/") == [wanted.pdf.blob]

    def test_unsupported_target_is_refused_with_the_list(self, intake):
        with intake.database.write() as connection:
            process_registry.publish(
                connection, "worker@a", [Capabilities("apertium", frozenset({"es", "ca"}))]
            )
        with pytest.raises(UnsupportedTarget) as caught:
            intake.submit([request(intake, lang="ja")])
        assert "Japanese" in str(caught.value)
        assert "Catalan (ca), Spanish (es)" in caught.value.advice
        intake.check_target("es-MX")

    def test_nothing_is_refused_before_a_worker_has_spoken(self, intake):
        intake.check_target("ja")


class TestMessage:
    def test_answer_ends_it_with_a_delivery(self, intake, doorbell):
        message_id = keep(intake)
        with intake.opened(message_id) as message:
            intake.answer(message, {"reason": "no_language"})
        [answer] = deliveries(intake.database, message_id)
        assert (answer["kind"], answer["payload"]) == (outbox.Kind.FINAL, {"reason": "no_language"})
        assert row(intake.database, INBOX, message_id)["state"] == RowState.DONE
        assert doorbell.rings[-1] == (queues.DELIVER, message_id)

    def test_dropped_message_is_answered_by_nothing(self, intake):
        message_id = keep(intake)
        with intake.opened(message_id) as message:
            intake.drop(message, "auto_reply")
        kept = row(intake.database, INBOX, message_id)
        assert (kept["state"], kept["payload"]["dropped"]) == (RowState.DONE, "auto_reply")
        assert deliveries(intake.database, message_id) == []

    def test_opened_message_is_opened_by_one(self, intake):
        message_id = keep(intake)
        with intake.opened(message_id) as first, intake.opened(message_id) as second:
            assert first is not None
            assert second is None


class TestJob:
    def test_is_found_by_its_owner_only(self, intake):
        [job_id] = intake.submit([request(intake)]).job_ids
        assert intake.find(job_id).eta_s > 0
        assert intake.find(job_id, "web:tests").job.id == job_id
        for wrong in ((job_id, "web:other"), ("0" * 32, None)):
            with pytest.raises(NotFound):
                intake.find(*wrong)

    def test_cancel_tells_and_happens_once(self, intake, doorbell):
        [job_id] = intake.submit([request(intake)]).job_ids
        assert intake.cancel(job_id)
        assert not intake.cancel(job_id)
        assert doorbell.rings[1:] == [(queues.DELIVER, job_id)]

    def test_retry_rings_for_the_job(self, intake, doorbell):
        [job_id] = intake.submit([request(intake)]).job_ids
        intake.cancel(job_id)
        intake.retry(job_id)
        assert doorbell.rings[-1] == (queues.EXTRACT_AND_TRANSLATE, job_id)
        with pytest.raises(Conflict):
            intake.retry(job_id)

    def test_purge_deletes_its_bytes(self, intake):
        [job_id] = intake.submit([request(intake)]).job_ids
        assert intake.purge(job_id)
        assert not intake.purge("0" * 32)
        assert list(intake.store.keys("jobs/")) == []
        assert intake.find(job_id).job.state == RowState.CANCELLED


def test_store_of_the_settings_is_the_place_s(settings, place):
    assert type(open_store(settings.storage)).__name__ == (
        "FolderStore" if place == "sqlite+folder" else "S3Store"
    )
