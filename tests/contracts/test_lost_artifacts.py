"""What a stage has left is lost from the store: it is made anew, once, and nothing is paid for
again.
"""

from __future__ import annotations

from io import BytesIO

import pytest
import structlog

from dragoman.adapters import queues
from dragoman.db.ledgers import jobs
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.parts import PARTS
from dragoman.domain.job import RowState, Stage
from dragoman.errors import Gone, LeaseLost
from pipeline.attempt.claim import stage_run
from pipeline.attempt.context import Context
from pipeline.attempt.stage_run import ArtifactLost
from pipeline.worker.tasks import perform, perform_part
from tests.driving import drive, parts_of, text_of
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.rows import add_job, message_with_jobs, row

pytestmark = pytest.mark.more

DOCUMENT = long_pdf(97)  # seven pages
WITH_TONE = {"target_lang": "de", "tone": "business"}


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
    update = {**chosen, "pages_per_part": 0, "deepl_requests_per_s": 0, "deepl_write": True}
    return Context(settings.model_copy(update=update), database, store)


@pytest.fixture
def in_parts(context):
    """The same, where seven pages are three parts."""
    return Context(
        context.settings.model_copy(update={"pages_per_part": 3}), context.database, context.store
    )


def new_job(context, **values):
    job_id = add_job(context.database, **values)
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(DOCUMENT))
    return job_id


def lose(context, job_id):
    """Everything but the source goes."""
    for key in list(context.store.keys(f"jobs/{job_id}/")):
        if not key.endswith("/source.pdf"):
            context.store.delete(key)


def spread(context, stage):
    """A job that is spread over its parts at `stage`, and what has to be rung for."""
    job_id, rings = new_job(context), []
    drive(context, job_id, until=stage)
    assert not perform(context, job_id, stage, lambda *ring: rings.append(ring))
    return job_id, rings


def asked(deepl):
    return [text for request in deepl.requests for text in request["text"]]


@pytest.mark.parametrize(
    ("options", "stage"),
    [
        ({"target_lang": "de"}, Stage.TRANSLATE),
        ({"target_lang": "de"}, Stage.RECONSTRUCT),
        (WITH_TONE, Stage.TRANSLATE),
        (WITH_TONE, Stage.TONE),
        (WITH_TONE, Stage.RECONSTRUCT),
    ],
)
def test_a_job_goes_back_once_by_itself_and_pays_nothing_twice(context, deepl, stage, options):
    whole = drive(context, new_job(context, options=options))
    deepl.requests.clear()
    job_id = new_job(context, options=options)
    before = drive(context, job_id, until=stage)
    lose(context, job_id)
    with structlog.testing.capture_logs() as lines:
        done = drive(context, job_id)
    assert (done["state"], done["characters_billed"], done["run"]) == (RowState.DONE, 0, 1)
    assert done["progress"] == 100 > before["progress"]
    assert done["pages"] == whole["pages"]
    assert text_of(context, done) == text_of(context, whole)
    assert asked(deepl) == []
    told = [
        (line["stage"], line["log_level"]) for line in lines if line["event"] == "artifact_lost"
    ]
    assert told == [(stage, "warning")]


def test_the_engine_and_the_yes_stay(context, deepl):
    asking = Context(
        context.settings.model_copy(update={"approval_pages": 5}), context.database, context.store
    )
    job_id = new_job(asking)
    assert drive(asking, job_id)["waiting_for"] == "approval"
    with context.database.write() as connection:
        assert jobs.resume(connection, job_id, jobs.WaitingFor.APPROVAL, approved_at=1.0)
    drive(asking, job_id, until=Stage.RECONSTRUCT)
    lose(asking, job_id)
    now_other = Context(
        asking.settings.model_copy(update={"engine": "pseudo"}), context.database, context.store
    )
    done = drive(now_other, job_id)
    assert (done["state"], done["engine"], done["approved_at"]) == (RowState.DONE, "deepl", 1.0)


def test_a_limit_counts_the_pages_of_a_job_that_goes_back_once(context):
    strict = Context(
        context.settings.model_copy(update={"sender_pages_per_day": 8}),
        context.database,
        context.store,
    )
    job_id = new_job(strict)
    drive(strict, job_id, until=Stage.RECONSTRUCT)
    lose(strict, job_id)
    assert drive(strict, job_id)["state"] == RowState.DONE


def test_what_cannot_be_read_is_lost_too(context):
    job_id = new_job(context)
    key = drive(context, job_id, until=Stage.TRANSLATE)["artifact"]
    context.store.delete(key)
    context.store.put(key, BytesIO(b"half a document"))
    assert drive(context, job_id)["state"] == RowState.DONE


def test_lost_again_is_a_dead_letter_with_a_clear_word_and_a_retry_goes_on(context, deepl):
    message_id, _ = message_with_jobs(context.database, 1)
    job_id = new_job(context, message_id=message_id)
    drive(context, job_id, until=Stage.RECONSTRUCT)
    lose(context, job_id)
    drive(context, job_id, until=Stage.TRANSLATE)
    lose(context, job_id)
    with pytest.raises(ArtifactLost):
        drive(context, job_id)
    dead = row(context.database, JOBS, job_id)
    assert (dead["state"], dead["error_code"], dead["attempts"]) == (
        RowState.DEAD,
        "artifact_lost",
        1,
    )
    assert "lost it again" in dead["error_message"]
    assert dead["error_detail"] == f"{dead['artifact']} is lost"
    bought = asked(deepl)
    with context.database.write() as connection:
        jobs.retry(connection, job_id)
    assert drive(context, job_id)["state"] == RowState.DONE  # a new run may go back anew
    assert asked(deepl) == bought


@pytest.mark.parametrize("stage", [Stage.EXTRACT, Stage.RECONSTRUCT])
def test_a_lost_source_is_a_dead_letter_that_says_so(context, stage):
    job_id = new_job(context)
    drive(context, job_id, until=stage)
    context.store.delete(f"jobs/{job_id}/source.pdf")
    with pytest.raises(Gone):
        drive(context, job_id)
    dead = row(context.database, JOBS, job_id)
    assert (dead["state"], dead["error_code"], dead["stage"]) == (RowState.DEAD, "gone", stage)
    assert "document that was sent" in dead["error_message"]
    assert "send the document again" in dead["error_advice"]


def test_source_and_work_lost_together_end_with_the_word_about_the_source(context):
    job_id = new_job(context)
    drive(context, job_id, until=Stage.TRANSLATE)
    lose(context, job_id)
    context.store.delete(f"jobs/{job_id}/source.pdf")
    with pytest.raises(Gone):
        drive(context, job_id)
    assert row(context.database, JOBS, job_id)["error_code"] == "gone"


@pytest.mark.parametrize("stage", [Stage.TRANSLATE, Stage.RECONSTRUCT])
def test_a_part_goes_back_alone_while_the_others_stay(in_parts, context, deepl, stage):
    whole = drive(context, new_job(context))
    deepl.requests.clear()
    job_id, rings = spread(in_parts, stage)
    first, second, third = parts_of(in_parts, job_id)
    in_parts.store.delete(second["artifact"])
    done = drive(
        in_parts, job_id, rings=[(queues.PART, one["id"]) for one in (first, third, second)]
    )
    assert rings == [(queues.PART, one["id"]) for one in (first, second, third)]
    assert (done["state"], done["characters_billed"]) == (RowState.DONE, 0)
    assert text_of(in_parts, done) == text_of(in_parts, whole)
    assert asked(deepl) == []


def test_a_part_that_is_lost_again_takes_its_job_along_and_a_retry_goes_on(in_parts):
    job_id, _ = spread(in_parts, Stage.TRANSLATE)
    part = parts_of(in_parts, job_id)[1]
    in_parts.store.delete(part["artifact"])
    assert perform_part(in_parts, part["id"])  # goes back
    assert perform_part(in_parts, part["id"])  # reads its pages again
    in_parts.store.delete(row(in_parts.database, PARTS, part["id"])["artifact"])
    with pytest.raises(ArtifactLost):
        perform_part(in_parts, part["id"])
    assert row(in_parts.database, JOBS, job_id)["error_code"] == "artifact_lost"
    with in_parts.database.write() as connection:
        jobs.retry(connection, job_id)
    assert drive(in_parts, job_id)["state"] == RowState.DONE


def test_a_part_that_was_stopped_on_its_way_back_is_not_taken_for_translated(in_parts, context):
    whole = drive(context, new_job(context))
    job_id, _ = spread(in_parts, Stage.RECONSTRUCT)
    part = parts_of(in_parts, job_id)[1]
    in_parts.store.delete(part["artifact"])
    assert perform_part(in_parts, part["id"])  # goes back
    assert perform_part(in_parts, part["id"])  # reads its pages again, and they are not translated
    with in_parts.database.write() as connection:
        assert jobs.cancel(connection, job_id)
        jobs.retry(connection, job_id)
    done = drive(in_parts, job_id)
    assert text_of(in_parts, done) == text_of(in_parts, whole)


def finish(context, rings):
    """All parts that are rung for do their stage."""
    for _, part_id in rings:
        assert perform_part(context, part_id)


@pytest.mark.parametrize("stage", [Stage.EXTRACT, Stage.RECONSTRUCT])
def test_a_join_that_misses_parts_waits_for_them_alone(in_parts, context, deepl, stage):
    whole = drive(context, new_job(context))
    deepl.requests.clear()
    job_id, rings = spread(in_parts, stage)
    finish(in_parts, rings)
    before = parts_of(in_parts, job_id)
    for one in before[1:]:
        in_parts.store.delete(one["artifact"])
    rung = []
    assert not perform(in_parts, job_id, stage, lambda *ring: rung.append(ring))
    assert rung == [(queues.PART, one["id"]) for one in before[1:]]
    assert row(in_parts.database, JOBS, job_id)["parts_left"] == 2
    assert parts_of(in_parts, job_id)[0] == before[0]
    done = drive(in_parts, job_id, rings=rung)
    assert (done["state"], done["characters_billed"]) == (RowState.DONE, 0)
    assert text_of(in_parts, done) == text_of(in_parts, whole)


def test_what_parts_share_is_still_bought_once_when_one_was_lost_before(in_parts, deepl):
    job_id = new_job(in_parts)
    drive(in_parts, job_id, until=Stage.TRANSLATE)
    in_parts.store.delete(parts_of(in_parts, job_id)[2]["artifact"])
    done = drive(in_parts, job_id)
    assert (done["state"], done["stage"]) == (RowState.DONE, Stage.RECONSTRUCT)
    assert len(asked(deepl)) == len(set(asked(deepl)))
    assert done["characters_billed"] == done["to_bill"]


def test_everything_lost_of_a_long_document_is_made_anew(in_parts, context, deepl):
    whole = drive(context, new_job(context))
    deepl.requests.clear()
    job_id, rings = spread(in_parts, Stage.RECONSTRUCT)
    finish(in_parts, rings)
    lose(in_parts, job_id)
    done = drive(in_parts, job_id)
    assert (done["state"], done["characters_billed"]) == (RowState.DONE, 0)
    assert text_of(in_parts, done) == text_of(in_parts, whole)
    assert parts_of(in_parts, job_id) == []


def test_whoever_lost_the_job_sends_nobody_back(context):
    job_id = new_job(context)
    drive(context, job_id, until=Stage.TRANSLATE)
    with pytest.raises(LeaseLost), stage_run(context, job_id, Stage.TRANSLATE) as run:
        with context.database.write() as connection:
            jobs.cancel(connection, job_id)
        lose(context, job_id)
        run.document()
    job = row(context.database, JOBS, job_id)
    assert (job["state"], job["stage"], job["remade_in"]) == (
        RowState.CANCELLED,
        Stage.TRANSLATE,
        None,
    )
