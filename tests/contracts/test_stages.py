"""The way of a short job through its stages, with a tone and without one."""

from __future__ import annotations

from io import BytesIO

import pymupdf
import pytest

from dragoman.db.ledgers import jobs
from dragoman.db.ledgers.jobs import JOBS
from dragoman.domain.job import STAGES, RowState, Stage
from pipeline.attempt.context import Context
from pipeline.worker.tasks import perform
from tests.pdfs import long_pdf
from tests.rows import add_job, row


@pytest.fixture
def context(settings, database, store):
    return Context(settings.model_copy(update={"engine": "pseudo"}), database, store)


def translated(context: Context, **options: str) -> str:
    """A job that has been translated."""
    job_id = add_job(
        context.database, options={"target_lang": "de", "source_lang": "en", **options}
    )
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf(3)))
    assert perform(context, job_id, Stage.EXTRACT)
    assert perform(context, job_id, Stage.TRANSLATE)
    return job_id


def test_without_a_tone_the_chain_passes_its_task_by(context: Context) -> None:
    job_id = translated(context)
    before = row(context.database, JOBS, job_id)
    assert before["stage"] == Stage.RECONSTRUCT
    assert perform(context, job_id, Stage.TONE)
    # nobody has claimed it for nothing
    assert row(context.database, JOBS, job_id)["epoch"] == before["epoch"]
    assert perform(context, job_id, Stage.RECONSTRUCT)
    job = row(context.database, JOBS, job_id)
    assert job["state"] == RowState.DONE
    with context.store.open(job["result"]) as body:
        marked = pymupdf.open(stream=body.read()).get_xml_metadata()
    assert "<dragoman:Engine>pseudo</dragoman:Engine><dragoman:SourceLanguage>en<" in marked


def test_a_tone_is_a_stage_of_its_own(context: Context) -> None:
    job_id = translated(context, tone="formal")
    assert row(context.database, JOBS, job_id)["stage"] == Stage.TONE
    assert not perform(context, job_id, Stage.RECONSTRUCT)
    assert perform(context, job_id, Stage.TONE)
    assert row(context.database, JOBS, job_id)["stage"] == Stage.RECONSTRUCT


def test_a_job_that_stood_before_its_tone_without_wanting_one_goes_on(context: Context) -> None:
    # An older version left it there.
    job_id = translated(context)
    with context.database.write() as connection:
        connection.execute(JOBS.update().where(JOBS.c.id == job_id).values(stage=Stage.TONE))
    assert perform(context, job_id, Stage.TONE)
    assert row(context.database, JOBS, job_id)["stage"] == Stage.RECONSTRUCT


def test_the_chain_of_a_cancelled_job_ends_at_its_tone(context: Context) -> None:
    job_id = translated(context)
    with context.database.write() as connection:
        assert jobs.cancel(connection, job_id)
    assert [perform(context, job_id, stage) for stage in STAGES] == [False] * 4
