"""A long document in parts: ranges of its pages, which all workers share, stage by stage.

The job's row is nobody's while its parts work; the last of them makes it due (counted in the
database), and its next run joins what they left. The parts' documents stay with the parts; the
job's own has the title and the outline alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from dragoman.adapters import queues
from dragoman.db.ledgers import jobs
from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import RowState, Stage
from pipeline.attempt.stage_run import PartRun, Run
from pipeline.sandbox import calls
from pipeline.stages import extract as extracting
from pipeline.stages import reconstruct as reconstructing
from pipeline.stages import translate as translating
from pipeline.translation import engine_calls, result_warnings


@dataclass(frozen=True, slots=True)
class Whole:
    """What all parts held. `shell`: the document without its pages; `texts`: its unique texts."""

    shell: Document
    pages: int
    characters: int
    texts: tuple[str, ...]


def is_new(run: Run) -> bool:
    """Whether the parts have not begun with this stage."""
    return all(part.stage != run.stage for part in run.parts)


def spread_or(run: Run, join_: Callable[[], None]) -> None:
    """Give the stage to the parts that have not finished it; with all of them done, `join_`."""
    if all(part.stage == run.stage and part.state == RowState.DONE for part in run.parts):
        join_()
    else:
        spread(run)


def spread(run: Run, ranges: Iterable[Sequence[int]] = ()) -> None:
    """Give the stage to the parts, made of `ranges` (0-based page numbers) at first."""
    with run.context.database.write() as connection:
        ids = jobs.spread(connection, run.lease, ranges)
    run.rings += [(queues.PART, part_id) for part_id in ids]
    run.halted = True


def read(run: Run) -> Whole:
    """What the parts have read, put together, and the language judged from all of it.

    Raises NoText.
    """
    source, options = run.source(), run.options
    shell = calls.survey(run.confined, run.folder, source, max_pages=run.context.settings.max_pages)
    texts = dict.fromkeys(translating.segments(shell, run.glossary))
    warnings: list[DocumentWarning] = []
    for part in run.parts:
        document = run.document_at(part.artifact)
        texts.update(dict.fromkeys(translating.segments(document, run.glossary)))
        warnings += document.warnings
    gists = [part.facts.gist for part in run.parts if part.facts.gist]
    source_lang = extracting.judge(gists, options.source_lang, options.target_lang)
    return Whole(
        replace(shell, source_lang=source_lang, warnings=tuple(warnings)),
        sum(one.pages for one in gists),
        sum(one.characters for one in gists),
        tuple(texts),
    )


def translate_shared(run: Run) -> None:
    """Translate what more than one part says (headings of pages, say) before they begin: it is
    paid for once.
    """
    seen = Counter(
        text
        for part in run.parts
        for text in engine_calls.texts_of(run, run.document_at(part.artifact))
    )
    engine_calls.answers(run, [text for text, parts in seen.items() if parts > 1], tells=False)


def join(run: Run) -> None:
    """Put the parts' pages on the source: the result."""
    source, document, result = run.source(), run.document(), run.folder / "result.pdf"
    files = [run.file_at(part.artifact, f"{part.number}.part") for part in run.parts]
    mark = result_warnings.mark(run.engine)
    said = calls.join(
        run.confined_aside,
        run.folder,
        source,
        document,
        files,
        out=result,
        options=run.options,
        mark=mark,
    )
    of_parts = [warning for part in run.parts for warning in part.facts.warnings]
    told = [*run.job.warnings, *document.warnings, *of_parts, *said]
    run.complete(result, warnings=as_json(reconstructing.once(told)))


def extract_part(run: PartRun) -> None:
    """Read the part's pages."""
    source, pages, source_lang = run.source(), run.part.pages, run.options.source_lang
    document = calls.extract_part(run.confined, run.folder, source, pages, source_lang=source_lang)
    run.save(document, gist=extracting.gist(document))


def translate_part(run: PartRun) -> None:
    """Translate the part."""
    run.save(engine_calls.translated(run, run.document()))


def customize_part(run: PartRun) -> None:
    """Rephrase the part."""
    model, document = engine_calls.tone_model(run), run.document()
    run.save(engine_calls.rephrased(run, document, model) if model else document)


def reconstruct_part(run: PartRun) -> None:
    """Set the part's pages."""
    source, document, made = run.source(), run.document(), run.folder / "part"
    stamp, lang = result_warnings.stamp(run.engine), run.options.target_lang
    warnings = calls.set_part(
        run.confined, run.folder, source, document, made, target_lang=lang, stamp=stamp
    )
    warnings += (*document.warnings, *result_warnings.of_figures(run.engine, document))
    run.keep(made, warnings=tuple(warnings))


WORK_OF_PART: dict[Stage, Callable[[PartRun], None]] = {
    Stage.EXTRACT: extract_part,
    Stage.TRANSLATE: translate_part,
    Stage.TONE: customize_part,
    Stage.RECONSTRUCT: reconstruct_part,
}


def as_json(warnings: Iterable[DocumentWarning]) -> list[dict[str, Any]]:
    """The warnings as a row has them."""
    return [asdict(warning) for warning in warnings]
