"""What each stage does with its run: load, call the pure stage, save."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from shutil import copyfile
from typing import Any

from dragoman.bucket import Bucket, Rates
from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import NO_ENGINE, Options
from dragoman.ports import Translator
from pipeline import estimating, notices
from pipeline.confined import confined
from pipeline.engines import deepl, registry
from pipeline.estimating import Cost
from pipeline.remembering import SharedMemory
from pipeline.run import Run
from pipeline.stages import extract as extracting
from pipeline.stages import reconstruct as reconstructing
from pipeline.stages import tone as toning
from pipeline.stages import translate as translating
from pipeline.throttle import Queue, ThrottledToneModel, ThrottledTranslator
from pipeline.translation import rephrase_all, translate_all


def extract(run: Run) -> None:
    """Read the PDF's words; the language is known now, so the engine is decided on, once."""
    options, settings = run.options, run.context.settings
    source = run.source()
    document = confined(
        lambda progress: extracting.extract(
            source,
            source_lang=options.source_lang,
            pages=options.pages,
            max_pages=settings.max_pages,
            on_progress=progress,
        ),
        run.progress,
    )
    run.save(
        document,
        source_lang=document.source_lang,
        pages=len(document.pages),
        characters=document.characters(),
        **_plan(run, document),
    )


def translate(run: Run) -> None:
    """Translate what is not remembered, batch by batch; a document in the target language passes through."""
    if run.job["engine"] == NO_ENGINE:
        run.pass_on(run.job["artifact"])
        return
    document, options = run.document(), run.options
    engine = _engine(run)
    answers, _ = translate_all(
        translating.segments(document),
        _in_turn(run, engine),
        run.job["source_lang"],
        options.target_lang,
        tone=options.tone,
        memory=SharedMemory(run.lease, engine.name, run.context.cache),
        on_progress=run.progress,
    )
    run.save(translating.apply(document, answers))


def customize_tone(run: Run) -> None:
    """Rephrase where a tone was asked for that a tone model has; else pass through."""
    options = run.options
    model = None
    if options.tone and run.job["engine"] != NO_ENGINE:
        model = registry.tone_model(run.context.settings, _engine(run), options.tone, options.target_lang)
    if model is None or options.tone is None:
        run.pass_on(run.job["artifact"])
        return
    document = run.document()
    answers, _ = rephrase_all(
        toning.segments(document),
        ThrottledToneModel(model, _queue(run)),
        target_lang=options.target_lang,
        tone=options.tone,
        memory=SharedMemory(run.lease, f"{run.job['engine']}-write", run.context.cache),
        on_progress=run.progress,
    )
    run.save(toning.apply(document, answers))


def reconstruct(run: Run) -> None:
    """Set the translation on the source's pages: the result."""
    source, result = run.source(), run.folder / "result.pdf"
    if run.job["engine"] == NO_ENGINE:
        copyfile(source, result)
        run.complete(result)
        return
    document = run.document()
    warnings = confined(
        lambda progress: reconstructing.reconstruct(
            source,
            document,
            result,
            options=run.options,
            stamp=notices.stamp(run.job["engine"]),
            on_progress=progress,
        ),
        run.progress,
    )
    run.complete(result, warnings=[*run.job["warnings"], *_as_json(warnings)])


def _plan(run: Run, document: Document) -> dict[str, Any]:
    """The engine for this job, what its reader has to be told, and what it will cost, as columns of its row.

    Raises LimitReached or QuotaUsedUp before anything is paid for.
    """
    options, settings = run.options, run.context.settings
    if not translating.needs_translation(document, options):
        said: Iterable[DocumentWarning] = (notices.already_in_target(options),)
        engine_name, planned = NO_ENGINE, Cost(0, 1.0)
    else:
        engine = _choose(run, options, document.source_lang)
        engine_name, planned = engine.name, estimating.cost(run, document, engine)
        estimating.check(run, len(document.pages), planned, engine)
        model = registry.tone_model(settings, engine, options.tone, options.target_lang)
        said = notices.of_engine(engine, model, options)
    return {"engine": engine_name, "warnings": _as_json((*document.warnings, *said)), **asdict(planned)}


def _engine(run: Run) -> Translator:
    """The engine that the job began with: it is never switched on the way."""
    return _choose(run, run.options, run.job["source_lang"], run.job["engine"])


def _in_turn(run: Run, engine: Translator) -> Translator:
    """The engine behind the bucket of its key; what runs on this machine needs none."""
    return ThrottledTranslator(engine, _queue(run)) if engine.name == deepl.NAME else engine


def _queue(run: Run) -> Queue:
    """Where the users of DeepL's key wait for their turn."""
    settings = run.context.settings
    key = settings.deepl_auth_key.get_secret_value() if settings.deepl_auth_key else ""
    rates = Rates(settings.deepl_requests_per_s, settings.deepl_characters_per_s)
    return Queue(Bucket(settings.broker_url, key, rates), run.lease.check)


def _choose(run: Run, options: Options, source_lang: str | None, engine: str | None = None) -> Translator:
    return registry.choose(run.context.settings, engine or options.engine, source_lang, options.target_lang)


def _as_json(warnings: Iterable[DocumentWarning]) -> list[dict[str, Any]]:
    return [asdict(warning) for warning in warnings]
