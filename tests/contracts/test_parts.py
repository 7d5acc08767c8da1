"""Long documents in parts: the same result, each part lost or tried again alone, everything
paid for once.
"""

from __future__ import annotations

from io import BytesIO

import pymupdf
import pytest

from dragoman.adapters import encryption, queues
from dragoman.app import retention
from dragoman.db.ledgers import jobs, lease
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.queries.due_rows import take_unrung
from dragoman.domain.job import RowState, Stage
from dragoman.domain.rows.part import PartFacts
from dragoman.errors import EngineBusy, EngineKeyRejected, LeaseLost
from pipeline.attempt.context import Context
from pipeline.worker.tasks import perform, perform_part
from tests.driving import drive, parts_of, text_of
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.races import together
from tests.rows import add_job, change, expire, message_with_jobs, row

PAGES = 7


@pytest.fixture
def deepl():
    with FakeDeepL() as server:
        yield server


@pytest.fixture
def context(settings, database, store, deepl):
    chosen = {
        "engine": "deepl",
        "deepl_auth_key": type(settings.secret_key)(KEY),
        "deepl_server_url": deepl.url,
    }
    update = {**chosen, "pages_per_part": 3, "deepl_requests_per_s": 0}
    return Context(settings.model_copy(update=update), database, store)


def document():
    """Seven pages, each with a heading that all of them have."""
    with pymupdf.open(stream=long_pdf(15 * PAGES - 8)) as pdf:
        for page in pdf:
            page.insert_text((60, 30), "Minutes of the meeting of the northern line", fontsize=9)
        return bytes(pdf.tobytes())


def new_job(context, **values):
    job_id = add_job(context.database, **values)
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(document()))
    return job_id


def at(context, stage):
    """A job that is spread over its parts at `stage`, and the ids of these."""
    job_id = new_job(context)
    drive(context, job_id, until=stage)
    rings = []
    assert not perform(context, job_id, stage, lambda *ring: rings.append(ring))
    return job_id, [row_id for task, row_id in rings if task == queues.PART]


def test_result_is_that_of_one_piece_and_everything_is_paid_for_once(context, deepl):
    in_parts = drive(context, new_job(context))
    assert (in_parts["state"], in_parts["progress"], in_parts["pages"]) == (
        RowState.DONE,
        100,
        PAGES,
    )
    asked = [one for request in deepl.requests for one in request["text"]]
    assert len(asked) == len(set(asked))
    assert parts_of(context, in_parts["id"]) == []
    whole = Context(
        context.settings.model_copy(update={"pages_per_part": 0}), context.database, context.store
    )
    in_one = drive(whole, new_job(whole))
    assert text_of(context, in_parts) == text_of(context, in_one)
    assert (in_one["to_bill"], in_one["remembered"]) == (0, 1.0)
    assert in_parts["to_bill"] == in_parts["characters_billed"]


def test_job_is_nobodys_while_its_parts_work_and_percent_follows_them(context):
    job_id, ids = at(context, Stage.EXTRACT)
    assert len(ids) == 3
    with context.database.write() as connection:
        assert [one.id for one in take_unrung(connection, JOBS, 10)] == []
    assert lease.claim(context.database, jobs.LEDGER, job_id, 60) is None
    seen = []
    for part_id in ids:
        perform_part(context, part_id)
        seen.append(row(context.database, JOBS, job_id)["parts_left"])
    assert seen == [2, 1, 0]
    held = lease.claim(context.database, jobs.PART_LEDGER, ids[0], 60)
    assert held is None


@pytest.mark.more
def test_part_tells_its_share_of_the_whole(context):
    job_id, ids = at(context, Stage.TRANSLATE)
    held = lease.claim(context.database, jobs.PART_LEDGER, ids[0], 60)
    with context.database.write() as connection:
        jobs.show_part(connection, held, 0.5)
    assert row(context.database, JOBS, job_id)["progress"] == 10 + 60 // 6


@pytest.mark.more
def test_lost_part_costs_only_itself(context):
    job_id, ids = at(context, Stage.EXTRACT)
    perform_part(context, ids[0])
    stale = lease.claim(context.database, jobs.PART_LEDGER, ids[1], 60)
    expire(context.database, PARTS, ids[1])
    rung = []
    for part_id in ids[1:]:
        assert perform_part(context, part_id, lambda *ring: rung.append(ring))
    assert rung == [(queues.EXTRACT_AND_TRANSLATE, job_id)]
    with pytest.raises(LeaseLost), context.database.write() as connection:
        jobs.finish_part(connection, stale, "jobs/x/extract/1.json", PartFacts())
    assert [one["epoch"] for one in parts_of(context, job_id)] == [1, 2, 1]
    assert drive(context, job_id)["state"] == RowState.DONE


@pytest.mark.more
def test_part_that_gives_up_takes_the_job_along_once_and_retry_keeps_what_is_done(context, deepl):
    message_id, _ = message_with_jobs(context.database, 1)
    job_id = new_job(context, message_id=message_id)
    drive(context, job_id, until=Stage.TRANSLATE)
    rings = []
    perform(context, job_id, Stage.TRANSLATE, lambda *ring: rings.append(ring))
    ids = [row_id for task, row_id in rings if task == queues.PART]
    perform_part(context, ids[0])
    deepl.faults.append(403)
    with pytest.raises(EngineKeyRejected):
        perform_part(context, ids[1])
    dead = row(context.database, JOBS, job_id)
    assert (dead["state"], dead["error_code"], dead["stage"]) == (
        RowState.DEAD,
        "engine_key_rejected",
        "translate",
    )
    assert not perform_part(context, ids[2])
    asked = len(deepl.requests)
    with context.database.write() as connection:
        jobs.retry(connection, job_id)
    assert drive(context, job_id)["state"] == RowState.DONE
    texts = [one for request in deepl.requests for one in request["text"]]
    assert len(texts) == len(set(texts))
    assert len(deepl.requests) > asked


def test_part_is_tried_again_after_temporary_trouble(context, deepl):
    job_id, ids = at(context, Stage.TRANSLATE)
    deepl.faults.append(429)
    with pytest.raises(EngineBusy):
        perform_part(context, ids[0])
    part = row(context.database, PARTS, ids[0])
    assert (part["state"], part["error_code"]) == (RowState.READY, "engine_busy")
    assert row(context.database, JOBS, job_id)["state"] == RowState.READY


def test_cancel_stops_all_parts(context):
    job_id, ids = at(context, Stage.EXTRACT)
    held = lease.claim(context.database, jobs.PART_LEDGER, ids[0], 60)
    with context.database.write() as connection:
        assert jobs.cancel(connection, job_id)
    with pytest.raises(LeaseLost):
        held.renew()
    assert not perform_part(context, ids[1])
    assert {one["state"] for one in parts_of(context, job_id)} == {RowState.CANCELLED}
    with context.database.write() as connection:
        jobs.retry(connection, job_id)
    assert drive(context, job_id)["state"] == RowState.DONE


def test_retry_from_the_start_cuts_anew_and_purge_forgets_samples(context):
    job_id, _ = at(context, Stage.TRANSLATE)
    with context.database.write() as connection:
        jobs.cancel(connection, job_id)
        jobs.retry(connection, job_id, from_start=True)
    assert parts_of(context, job_id) == []
    drive(context, job_id, until=Stage.TRANSLATE)
    assert parts_of(context, job_id)
    retention.purge_job(context.database, context.store, job_id)
    assert parts_of(context, job_id) == []


def test_parts_that_end_together_make_the_job_due_once(context):
    for _ in range(5):
        _, ids = at(context, Stage.EXTRACT)
        held = [lease.claim(context.database, jobs.PART_LEDGER, part_id, 60) for part_id in ids]

        def end(number, held=held):
            with context.database.write() as connection:
                return jobs.finish_part(
                    connection, held[number], "jobs/x/extract/1.json", PartFacts()
                )

        assert sum(together(len(ids), end)) == 1


def test_long_document_waits_for_a_yes_before_it_costs_anything(context, intake, deepl, doorbell):
    asking = Context(
        context.settings.model_copy(update={"approval_pages": 5}), context.database, context.store
    )
    job_id = new_job(asking)
    waiting = drive(asking, job_id)
    assert (waiting["state"], waiting["waiting_for"], waiting["stage"]) == (
        RowState.WAITING,
        "approval",
        "translate",
    )
    assert waiting["to_bill"] > 0
    assert deepl.requests == []
    assert intake.approve(job_id)
    assert not intake.approve(job_id)
    assert doorbell.rings == [(queues.EXTRACT_AND_TRANSLATE, job_id)]
    assert drive(asking, job_id)["state"] == RowState.DONE


def test_locked_document_is_opened_by_every_part(context):
    job_id = new_job(context)
    with pymupdf.open(stream=document()) as pdf:
        locked = pdf.tobytes(
            encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="open sesame", owner_pw="another"
        )
    context.store.delete(f"jobs/{job_id}/source.pdf")
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(locked))
    change(context.database, JOBS, job_id, secret=encryption.seal(context.settings, "open sesame"))
    done = drive(context, job_id)
    assert (done["state"], done["pages"], done["secret"]) == (RowState.DONE, PAGES, None)
    assert all("Minutes" in one or "MINUTES" in one.upper() for one in text_of(context, done))


def test_joined_result_has_its_outline_and_each_typeface_once(context):
    with pymupdf.open(stream=document()) as pdf:
        pdf.set_toc([[1, f"Chapter {page}", page + 1] for page in range(PAGES)])
        job_id = add_job(context.database)
        context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(pdf.tobytes()))
    done = drive(context, job_id)
    with context.store.open(done["result"]) as body, pymupdf.open(stream=body.read()) as pdf:
        assert [entry[2] for entry in pdf.get_toc()] == [page + 1 for page in range(PAGES)]
        files = {font[0]: font[3] for page in pdf for font in page.get_fonts() if font[1] != "n/a"}
    assert files
    # no typeface is in the file twice, though three parts used it
    assert len(files) == len(set(files.values()))
