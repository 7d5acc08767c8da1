"""Asking engines for a run, of a whole document or of a part: through the memory, in turn, with
the engine of the job.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dragoman.adapters.rate_limit import Bucket, Rates
from dragoman.domain import engines
from dragoman.domain.document import Document
from dragoman.domain.job import NO_ENGINE, Options
from dragoman.domain.owner import sharing
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.loading import load
from dragoman.errors import EngineMisbehaved
from dragoman.ports import ToneModel, Translator
from pipeline.attempt.interrupts import interruptible
from pipeline.attempt.stage_run import Run
from pipeline.engines import registry
from pipeline.stages import tone as toning
from pipeline.stages import translate as translating
from pipeline.stages.checks import Doubt
from pipeline.stages.protection import Glossary
from pipeline.translation import billing, document_context, result_warnings
from pipeline.translation.batches import NO_HINTS, Hints, OnDoubt, rephrase_all, translate_all
from pipeline.translation.memory import SharedMemory
from pipeline.translation.rate_limited_engine import Queue, ThrottledToneModel, ThrottledTranslator

NOTHING = "The translation service could not translate any of the texts in this document."


def translated(run: Run, document: Document, *, whole: bool = False) -> Document:
    """The document with its targets, and a warning for each page with texts that are not
    translated, or not well.

    `whole`: it is no part of a longer one. Raises EngineMisbehaved if not one text of it could be
    translated: that is no result.
    """
    engine, doubts = _engine(run), dict[str, Doubt]()
    glossary, held = run.glossary, _held_back(run, engine)
    hints = document_context.hints_of(engine, document, glossary)
    texts = translating.segments(document, held)
    found = answers(run, texts, hints=hints, on_doubt=doubts.__setitem__)
    if whole and texts and not found:
        raise EngineMisbehaved(
            NOTHING,
            detail=f"{engine.name}: {len(texts)} texts, {', '.join(sorted(set(doubts.values())))}",
        )
    done = translating.apply(document, found, held)
    said = result_warnings.of_words(
        done, doubts, held=held, glossary=glossary, target_lang=run.options.target_lang
    )
    return replace(done, warnings=(*done.warnings, *said))


def answers(
    run: Run,
    texts: Iterable[str],
    *,
    tells: bool = True,
    hints: Hints = NO_HINTS,
    on_doubt: OnDoubt = lambda _text, _doubt: None,
) -> dict[str, str]:
    """The translations of `texts`; what is not remembered is asked for, and remembered.

    `tells`: whether they are the stage's work, and so its progress.
    """
    engine = _engine(run)
    found, _ = translate_all(
        texts,
        ThrottledTranslator(engine, _queue(run, engine)),
        run.job.source_lang,
        run.options.target_lang,
        tone=run.options.tone,
        team=sharing(run.job.owner),
        memory=SharedMemory(
            run.lease,
            engine.name,
            run.context.cache,
            run.job,
            engine.version,
            bill=billing.of_engine(engine, run.context.settings),
        ),
        hints=hints,
        on_progress=run.progress if tells else lambda _: run.lease.check(),
        on_doubt=on_doubt,
        around=lambda: interruptible(run.lease),
    )
    return found


def texts_of(run: Run, document: Document) -> tuple[str, ...]:
    """What of `document` its engine has to see."""
    return translating.segments(document, _held_back(run, _engine(run)))


def tone_model(run: Run) -> ToneModel | None:
    """What rephrases in the tone that was asked for; None: nothing does."""
    options = run.options
    if not options.tone or run.job.engine == NO_ENGINE:
        return None
    model = registry.tone_model(
        run.context.settings, _engine(run), options.tone, options.target_lang
    )
    return ThrottledToneModel(model, _queue(run, _engine(run))) if model else None


def rephrased(run: Run, document: Document, model: ToneModel) -> Document:
    """The translated document in the tone that was asked for."""
    if run.options.tone is None:
        return document
    found, _ = rephrase_all(
        toning.segments(document),
        model,
        target_lang=run.options.target_lang,
        tone=run.options.tone,
        team=sharing(run.job.owner),
        memory=SharedMemory(
            run.lease,
            f"{run.job.engine}-write",
            run.context.cache,
            run.job,
            bill=billing.of_engine(_engine(run), run.context.settings),
        ),
        on_progress=run.progress,
    )
    return toning.apply(document, found)


def choose(
    run: Run, options: Options, source_lang: str | None, engine: str | None = None
) -> Translator:
    """The engine for a document in `source_lang`. Raises as `registry.choose`."""
    settings, job = run.context.settings, run.job
    who = {"channel": job.channel, "owner": job.owner}
    only = settings.in_house_engines if options.in_house else None
    allowed = engines.allowed(settings.engine_rules, **who, only=only)
    return registry.choose(
        settings, engine or options.engine, source_lang, options.target_lang, allowed
    )


def _engine(run: Run) -> Translator:
    """The engine that the job began with: it is never switched on the way."""
    return choose(run, run.options, run.job.source_lang, run.job.engine)


def _held_back(run: Run, engine: Translator) -> Glossary:
    return document_context.held_back(
        engine, run.glossary, run.job.source_lang, run.options.target_lang
    )


def _queue(run: Run, engine: Translator) -> Queue:
    """Where the users of an engine's key wait for their turn; one without a rate is asked at once.

    An engine that is asked from several threads is waited for in the thread that began them.
    """
    settings = run.context.settings
    spec = engine_specs.by_name(engine.name)
    key, requests, characters = load(spec.rates)(settings) if spec and spec.rates else ("", 0, 0)
    rates = Rates(requests, characters)
    return Queue(Bucket(settings.broker_url, key, rates), run.lease.check, run.sleep, run.at_engine)
