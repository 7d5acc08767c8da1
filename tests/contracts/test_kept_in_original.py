"""A text that the engine fails at, in a job: told with its page, not remembered, and asked for
again by the next document.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pymupdf
import pytest
from sqlalchemy import func, select

from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.tables import TranslationRow
from pipeline.attempt.context import Context
from tests.driving import drive
from tests.pdfs import long_pdf
from tests.rows import add_job, row
from tests.servers.llm import KEY, MODEL, FakeLLM
from tests.spoiling import FAULTS


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    with FakeLLM() as server:
        yield server


def context_of(settings, database, store, llm: FakeLLM, pages_per_part: int) -> Context:
    chosen = {"engine": "openai", "openai_base_url": llm.url, "openai_model": MODEL}
    key = {"openai_api_key": type(settings.secret_key)(KEY), "pages_per_part": pages_per_part}
    return Context(settings.model_copy(update={**chosen, **key}), database, store)


def translated(context: Context) -> dict:
    job_id = add_job(context.database)
    context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf(45)))
    drive(context, job_id)
    return row(context.database, JOBS, job_id)


@pytest.mark.parametrize("pages_per_part", [0, 1], ids=["whole", "parts"])
def test_it_is_told_with_its_page_and_asked_for_again(
    settings, database, store, llm, pages_per_part
):
    context = context_of(settings, database, store, llm, pages_per_part)
    with pymupdf.open(stream=long_pdf(45)) as pdf:
        text = pdf[1].get_text().splitlines()[3]
    llm.spoils = {text: FAULTS["echo"]}
    job = translated(context)
    assert job["state"] == "done"
    assert [(one["code"], one["page"]) for one in job["warnings"]] == [("kept_in_original", 1)]
    assert text[:30] in job["warnings"][0]["message"]
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(TranslationRow)) == 44
    with context.store.open(job["result"]) as body, pymupdf.open(stream=body.read()) as result:
        assert text in " ".join(result[1].get_text().split())
    asked = len(llm.requests)
    llm.spoils = {}
    again = translated(context)
    assert again["warnings"] == []
    assert llm.asked()[asked:] == [[text]]
