"""What each stage does with its run: load, call the pure stage, save.

A long document's parts: `pipeline.jobs.page_parts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from shutil import copyfile
from typing import Any

from dragoman.db.ledgers import jobs
from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import NO_ENGINE, WaitingFor
from dragoman.errors import EncryptedPdf, WrongPassword
from pipeline.attempt.stage_run import Run
from pipeline.engines import registry
from pipeline.jobs import cost_estimate, page_parts
from pipeline.jobs.cost_estimate import Cost
from pipeline.sandbox import calls
from pipeline.stages import reconstruct as reconstructing
from pipeline.stages import translate as translating
from pipeline.translation import engine_calls, result_warnings

PASSWORD_WAIT_S = 86_400.0


def extract(run: Run) -> None:
    """Read the PDF's words; the language is known now, so the engine is decided on, once."""
    if run.parts:
        page_parts.spread_or(run, lambda: _extract_joined(run))
        return
    try:
        found = _read(run)
    except (EncryptedPdf, WrongPassword):
        if run.job.card_id is None:  # nobody can be asked
            raise
        with run.context.database.write() as connection:
            jobs.wait(connection, run.lease, WaitingFor.PASSWORD, PASSWORD_WAIT_S, secret=None)
        run.halted = True
        return
    if isinstance(found, Document):
        _end_reading(
            run,
            found,
            len(found.pages),
            found.characters(),
            translating.segments(found, run.glossary),
        )
    else:
        page_parts.spread(run, found)


def translate(run: Run) -> None:
    """Translate what is not remembered, batch by batch; a document in the target language
    passes through.
    """
    if run.job.engine == NO_ENGINE:
        run.pass_on(run.artifact)
    elif cost_estimate.must_wait(run):
        with run.context.database.write() as connection:
            jobs.wait(
                connection, run.lease, WaitingFor.APPROVAL, run.context.settings.approval_wait_s
            )
        run.halted = True
    elif not run.parts:
        run.save(engine_calls.translated(run, run.document(), whole=True))
    else:
        if page_parts.is_new(run):
            page_parts.translate_shared(run)
        page_parts.spread_or(run, lambda: run.save(engine_calls.translated(run, run.document())))


def customize_tone(run: Run) -> None:
    """Rephrase where a tone was asked for that a tone model has; else pass through."""
    model = engine_calls.tone_model(run)
    if model is None:
        run.pass_on(run.artifact)
    elif run.parts:
        page_parts.spread_or(run, lambda: run.pass_on(run.artifact))
    else:
        run.save(engine_calls.rephrased(run, run.document(), model))


def reconstruct(run: Run) -> None:
    """Set the translation on the source's pages: the result."""
    if run.job.engine == NO_ENGINE:
        result = run.folder / "result.pdf"
        copyfile(run.source(), result)
        run.complete(result)
    elif run.parts:
        page_parts.spread_or(run, lambda: page_parts.join(run))
    else:
        _reconstruct_whole(run)


def _read(run: Run) -> Document | calls.Ranges:
    """The document, or the ranges of pages that a long one is cut into."""
    settings, source = run.context.settings, run.source()
    return calls.extract(
        run.confined,
        run.folder,
        source,
        run.options,
        max_pages=settings.max_pages,
        pages_per_part=settings.pages_per_part,
    )


def _extract_joined(run: Run) -> None:
    whole = page_parts.read(run)
    _end_reading(run, whole.shell, whole.pages, whole.characters, whole.texts)


def _reconstruct_whole(run: Run) -> None:
    source, document, result = run.source(), run.document(), run.folder / "result.pdf"
    stamp, mark = result_warnings.stamp(run.engine), result_warnings.mark(run.engine)
    warnings = calls.reconstruct(
        run.confined,
        run.folder,
        source,
        document,
        result,
        options=run.options,
        mark=mark,
        stamp=stamp,
    )
    said = [
        *run.job.warnings,
        *document.warnings,
        *warnings,
        *result_warnings.of_figures(run.engine, document),
    ]
    run.complete(result, warnings=page_parts.as_json(reconstructing.once(said)))


def _end_reading(
    run: Run, document: Document, pages: int, characters: int, texts: Iterable[str]
) -> None:
    facts = {"source_lang": document.source_lang, "pages": pages, "characters": characters}
    run.save(document, **facts, **_plan(run, document, pages, texts))


def _plan(run: Run, document: Document, pages: int, texts: Iterable[str]) -> dict[str, Any]:
    """The engine for this job, what its reader has to be told, and what it will cost, as columns of
    its row.

    Raises LimitReached before anything is paid for.
    """
    options, settings = run.options, run.context.settings
    if not translating.needs_translation(document, options):
        said: Iterable[DocumentWarning] = (result_warnings.already_in_target(options),)
        engine_name, planned = NO_ENGINE, Cost(0, 1.0)
    else:
        engine = engine_calls.choose(
            run, options, document.source_lang, run.job.engine
        )  # the second time as the first
        engine_name, planned = (
            engine.name,
            cost_estimate.plan(run, pages, texts, document.source_lang, engine),
        )
        model = registry.tone_model(settings, engine, options.tone, options.target_lang)
        said = (
            *result_warnings.of_engine(engine, model, options),
            *result_warnings.of_kept(run.kept_glossaries(document.source_lang)),
        )
    return {
        "engine": engine_name,
        "warnings": page_parts.as_json((*document.warnings, *said)),
        **asdict(planned),
    }
