"""Forgetting: bytes, texts and addresses go; rows keep counts; nothing that is still owed is
touched.
"""

from __future__ import annotations

import os
import time
from io import BytesIO

import pytest

from dragoman.app import retention
from dragoman.db.clock import now_s
from dragoman.db.ledgers import jobs, lease, outbox, parts
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records import translation_memory
from dragoman.domain.job import RowState
from dragoman.errors import Conflict, LeaseLost, StoreUnavailable
from dragoman.telemetry import hashed
from tests.fakes import InMemoryStore
from tests.rows import (
    SENDER,
    add_job,
    add_message,
    change,
    claim_job,
    complete,
    deliveries,
    message_with_jobs,
    row,
)

LONG_AGO = now_s() - 8 * 86400


def store_all(store, *keys: str) -> None:
    for key in keys:
        assert store.put(key, BytesIO(b"bytes"))


def answered_message(database, store, count: int = 1) -> tuple[str, list[str], str]:
    """A message whose jobs ended and whose answer was sent: its id, its jobs' ids, its
    delivery's id.
    """
    message_id, ids = message_with_jobs(database, count)
    change(
        database,
        INBOX,
        message_id,
        blob=f"inbox/{message_id}/message",
        payload={"subject": "secret"},
    )
    store_all(store, f"inbox/{message_id}/message")
    for job_id in ids:
        store_all(
            store,
            f"jobs/{job_id}/source.pdf",
            f"jobs/{job_id}/extract/1.json",
            f"jobs/{job_id}/reconstruct/4.pdf",
        )
        complete(database, job_id)
    [answer] = deliveries(database, message_id)
    held = lease.claim(database, outbox.LEDGER, answer["id"], 60.0)
    store_all(store, f"outbox/{answer['id']}/1.eml")
    with database.write() as connection:
        held.finish(connection, rendered=f"outbox/{answer['id']}/1.eml", sent_at=now_s())
    return message_id, ids, answer["id"]


def everything(store) -> list[str]:
    return [key for prefix in ("inbox/", "jobs/", "outbox/") for key in store.keys(prefix)]


def test_purged_job_keeps_counts_only(database, store):
    job_id = add_job(database, owner=SENDER, filename="Contract with Bob.pdf", pages=7)
    store_all(store, f"jobs/{job_id}/source.pdf")
    complete(database, job_id)
    assert retention.purge_job(database, store, job_id)
    left = row(database, JOBS, job_id)
    assert everything(store) == []
    assert (left["filename"], left["source"], left["artifact"], left["result"]) == (
        "",
        "",
        None,
        None,
    )
    assert (left["owner"], left["pages"], left["state"]) == (hashed(SENDER), 7, RowState.DONE)


def test_purge_revokes_links_and_forgets_what_was_learnt(database, store):
    job_id = add_job(database)
    with database.write() as connection:
        translation_memory.remember(
            connection, {"k": "x"}, engine="deepl", target_lang="de", job_id=job_id
        )
    before = row(database, JOBS, job_id)["link_version"]
    retention.purge_job(database, store, job_id)
    assert row(database, JOBS, job_id)["link_version"] == before + 1
    with database.write() as connection:
        assert translation_memory.recall(connection, ["k"]) == {}


def test_purge_stops_a_job_at_work_for_good(database, store):
    job_id = add_job(database)
    held = claim_job(database, job_id)
    retention.purge_job(database, store, job_id)
    with pytest.raises(LeaseLost), database.write() as connection:
        held.finish(connection)
    with pytest.raises(Conflict), database.write() as connection:
        jobs.retry(connection, job_id)


def test_bytes_that_a_late_worker_wrote_after_the_purge_are_found(database, store):
    job_id, kept = add_job(database), add_job(database)
    retention.purge_job(database, store, job_id)
    store_all(store, f"jobs/{job_id}/translate/2.json", f"jobs/{kept}/source.pdf")
    assert retention.unreferenced(database, store, "jobs/") == [f"jobs/{job_id}/translate/2.json"]


def test_purge_may_be_repeated(database, store):
    job_id = add_job(database, owner=SENDER)
    assert retention.purge_job(database, store, job_id)
    assert retention.purge_job(database, store, job_id)
    assert row(database, JOBS, job_id)["owner"] == hashed(SENDER)
    assert not retention.purge_job(database, store, "0" * 32)


def test_message_goes_with_its_last_job(database, store):
    message_id, ids, delivery = answered_message(database, store, count=2)
    retention.purge_job(database, store, ids[0])
    assert row(database, INBOX, message_id)["purged_at"] is None
    retention.purge_job(database, store, ids[1])
    left = row(database, INBOX, message_id)
    assert (left["sender"], left["payload"], left["blob"]) == (hashed(SENDER), {}, None)
    assert row(database, OUTBOX, delivery)["rendered"] is None
    assert everything(store) == []


def test_answers_in_the_maildir_go_with_their_message(database, store, tmp_path):
    message_id, [job_id], delivery = answered_message(database, store)
    change(database, OUTBOX, delivery, ref=f"{message_id}.1.final@localhost")
    for name in (f"cur/{message_id}.1.final@localhost:2,S", "new/another.1.final@localhost"):
        file = tmp_path / "mail" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a mail")
    retention.purge_job(database, store, job_id, maildir=tmp_path / "mail")
    assert [file.name for file in tmp_path.glob("mail/*/*")] == ["another.1.final@localhost"]


def test_old_answers_in_the_maildir_go_by_their_age(tmp_path):
    for name, days in (("old", 8), ("new", 6)):
        file = tmp_path / "mail" / "new" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a mail")
        written = time.time() - days * 86400
        os.utime(file, (written, written))
    assert retention.purge_old_mail(tmp_path / "mail", 7) == 1
    assert [file.name for file in tmp_path.glob("mail/*/*")] == ["new"]


def test_answer_that_is_still_owed_keeps_its_message(database, store):
    message_id, [job_id] = message_with_jobs(database, 1)
    store_all(store, f"inbox/{message_id}/message")
    retention.purge_job(database, store, job_id)
    assert row(database, INBOX, message_id)["sender"] == SENDER, (
        "the sender is told that the job was cancelled"
    )
    assert not retention.purge_message(database, store, message_id)
    assert everything(store) == [], (
        "the mail holds the document too, and its answer needs none of its bytes"
    )


def test_with_one_of_two_jobs_go_the_mails_that_hold_its_document(database, store):
    message_id, ids, delivery = answered_message(database, store, count=2)
    retention.purge_job(database, store, ids[0])
    assert {key.split("/")[1] for key in everything(store)} == {ids[1]}
    assert (
        row(database, INBOX, message_id)["blob"],
        row(database, OUTBOX, delivery)["rendered"],
    ) == (None, None)
    assert row(database, INBOX, message_id)["payload"] == {"subject": "secret"}, (
        "a retry is answered in its thread"
    )


def test_message_that_is_not_opened_yet_keeps_its_bytes(database, store):
    message_id = add_message(database)
    store_all(store, f"inbox/{message_id}/message")
    assert not retention.purge_message(database, store, message_id)
    assert everything(store) == [f"inbox/{message_id}/message"]


def test_purge_that_was_cut_short_is_finished_by_the_clean_up(database, store):
    job_id = add_job(database, owner=SENDER, filename="Contract with Bob.pdf")
    away = InMemoryStore()
    away.broken = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        retention.purge_job(database, away, job_id)
    assert retention.purge_old(database, store, 7) == 1
    left = row(database, JOBS, job_id)
    assert (left["filename"], left["owner"]) == ("", hashed(SENDER))
    assert retention.purge_old(database, store, 7) == 0


def test_all_of_a_sender_goes_and_nothing_of_others(database, store):
    message_id, _, _ = answered_message(database, store, count=2)
    other = add_job(database, owner="bob@example.org")
    store_all(store, f"jobs/{other}/source.pdf")
    assert retention.purge_sender(database, store, " Ann@Example.ORG ") == 2
    assert everything(store) == [f"jobs/{other}/source.pdf"]
    assert row(database, INBOX, message_id)["sender"] == hashed(SENDER)


def test_a_token_s_jobs_go_by_its_name(database, store):
    job_id = add_job(database, owner="web:CI")
    assert retention.purge_sender(database, store, "web:CI") == 1
    assert row(database, JOBS, job_id)["owner"] == "web:CI"


def test_message_without_jobs_goes_with_its_sender(database, store):
    message_id = add_message(database, state=RowState.DONE)
    retention.purge_sender(database, store, SENDER)
    assert row(database, INBOX, message_id)["sender"] == hashed(SENDER)


def test_what_ended_long_ago_goes_and_the_rest_stays(database, store):
    _, old, _ = answered_message(database, store)
    message_id, new, _ = answered_message(database, store)
    still_open = add_job(database)
    for job_id in old:
        change(database, JOBS, job_id, ended_at=LONG_AGO)
    assert retention.purge_old(database, store, 7) == 1
    assert retention.purge_old(database, store, 7) == 0
    assert row(database, JOBS, old[0])["purged_at"] is not None
    assert row(database, JOBS, new[0])["purged_at"] is None
    assert row(database, JOBS, still_open)["purged_at"] is None
    assert f"inbox/{message_id}/message" in everything(store)


def test_keys_without_a_row_are_found_and_only_those(database, store):
    message_id, [job_id], _ = answered_message(database, store)
    change(
        database,
        JOBS,
        job_id,
        artifact=f"jobs/{job_id}/extract/1.json",
        result=f"jobs/{job_id}/reconstruct/4.pdf",
    )
    store_all(store, "inbox/ff/message", "jobs/ff/source.pdf", "outbox/ff/1.eml")
    for prefix, lost in (
        ("inbox/", "inbox/ff/message"),
        ("jobs/", "jobs/ff/source.pdf"),
        ("outbox/", "outbox/ff/1.eml"),
    ):
        assert retention.unreferenced(database, store, prefix) == [lost]
    assert row(database, INBOX, message_id)["purged_at"] is None


def test_what_a_superseded_worker_left_and_what_a_stage_before_did_are_found(database, store):
    job_id, kept = add_job(database), "jobs/{}/translate/5.json.gz"
    change(database, JOBS, job_id, stage="tone", artifact=kept.format(job_id))
    left = [f"jobs/{job_id}/extract/1.json.gz", f"jobs/{job_id}/translate/3.json.gz"]
    store_all(store, f"jobs/{job_id}/source.pdf", kept.format(job_id), *left)
    assert sorted(retention.unreferenced(database, store, "jobs/")) == left


def test_what_parts_need_is_kept_until_the_whole_is_done(database, store):
    job_id = add_job(database)
    store_all(store, f"jobs/{job_id}/source.pdf", f"jobs/{job_id}/extract/0-1.json.gz")
    held = claim_job(database, job_id)
    with database.write() as connection:
        [part_id] = jobs.spread(connection, held, [(0, 1)])
    change(database, parts.PARTS, part_id, artifact=f"jobs/{job_id}/extract/0-1.json.gz")
    assert retention.unreferenced(database, store, "jobs/") == []
    with database.write() as connection:
        parts.forget(connection, job_id)
    assert retention.unreferenced(database, store, "jobs/") == [
        f"jobs/{job_id}/extract/0-1.json.gz"
    ]


def test_hundreds_of_orphans_are_found(database, store):
    for number in range(250):  # more than one query asks for
        store_all(store, f"jobs/{number}/a")
    assert len(retention.unreferenced(database, store, "jobs/")) == 250
