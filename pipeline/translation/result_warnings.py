"""What the reader of a result has to be told about how it was made: the same words in the
worker and on the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dragoman.domain import language
from dragoman.domain.document import Block, Document, DocumentWarning
from dragoman.domain.glossaries.kept import KeptGlossary
from dragoman.domain.job import Options
from dragoman.domain.specs import engine_specs
from dragoman.ports import ToneModel, Translator
from pipeline.pdf.container.mark import Mark
from pipeline.stages import figures, terms, tone, translate
from pipeline.stages.checks import Doubt
from pipeline.stages.protection import NO_GLOSSARY, Glossary
from pipeline.stages.terms import Fault, TermDoubt

KEPT, TERMS, DOUBTFUL, SENTENCE = (
    "kept_in_original",
    "terms_differ",
    "translation_doubtful",
    "sentence_kept",
)
_CODES = {Doubt.TERM: TERMS, Doubt.TAGS: DOUBTFUL, Doubt.NUMBER: DOUBTFUL, Doubt.SENTENCE: SENTENCE}
# One text, and several of them.
_SAID = {
    KEPT: (
        "One text could not be translated and was kept in the original",
        "{} texts could not be translated and were kept in the original; the first one",
    ),
    SENTENCE: (
        (
            "One sentence was kept in the original, since no translation of it had all its figures"
            " and signs"
        ),
        (
            "Sentences in {} places were kept in the original, since no translation of them had all"
            " their figures and signs; the first one"
        ),
    ),
    TERMS: (
        "A term of the glossary was not found in the translation of one text",
        "Terms of the glossary were not found in the translation of {} texts; the first one",
    ),
    DOUBTFUL: (
        (
            "A number or a word’s style may differ in the translation of one text; please compare"
            " it with the original"
        ),
        (
            "Numbers or the style of words may differ in the translation of {} texts; please"
            " compare them with the original; the first one"
        ),
    ),
}
_TERM_SAID = {
    Fault.MISSING: "“{one.source}” is not “{one.target}” everywhere",
    Fault.UNINFLECTED: "“{one.target}” (“{one.source}”) stands in its basic form",
    Fault.DISAGREES: "“{one.shown}”: the words around “{one.target}” do not fit it",
}
VARIANTS = "translations_vary"
SHORTEST_REPEATED = 5  # words; shorter texts may mean different things in different places
MOST_TERMS = 4  # terms of one page that are named
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_SHOWN = 60  # characters of a text


def of_engine(
    engine: Translator, model: ToneModel | None, options: Options
) -> Iterator[DocumentWarning]:
    """That the text is no translation, or that the tone that was asked for is not to be had."""
    if said := stamp(engine.name):
        yield DocumentWarning("pseudo_translation", said)
    if model is None and not tone.honoured(
        options.tone, options.target_lang, engine.capabilities()
    ):
        spoken = language.name(options.target_lang)
        yield DocumentWarning(
            "tone_ignored",
            f"{engine.name} does not offer the tone “{options.tone}” in {spoken}, so it was left"
            " out.",
        )


def of_kept(glossaries: Iterable[KeptGlossary]) -> Iterator[DocumentWarning]:
    """Which glossaries that are kept were used: nobody has asked for them with this document."""
    for one in glossaries:
        yield DocumentWarning(
            "glossary_used",
            f"The glossary “{one.name}” ({len(one.terms):,} terms), which is kept for {one.scope},"
            " was used.",
        )


def of_figures(engine: str, document: Document) -> tuple[DocumentWarning, ...]:
    """Which pages of the translated `document` lack numbers or signs of their source."""
    return (
        figures.differing(document)
        if (spec := engine_specs.by_name(engine)) and spec.changes_figures
        else ()
    )


def of_words(
    document: Document,
    doubts: Mapping[str, Doubt],
    *,
    held: Glossary = NO_GLOSSARY,
    glossary: Glossary = NO_GLOSSARY,
    target_lang: str,
) -> tuple[DocumentWarning, ...]:
    """What the reader has to know of the translated words: which were kept in the original, which
    are to be looked at, and which terms of the `glossary` are not as they should be.

    `held`: the terms that were taken out of the texts, as `doubts` know these.
    """
    of_terms = tuple(_of_terms(document, glossary, target_lang))
    told = {one.page for one in of_terms}
    others = (
        one
        for one in of_doubts(document, doubts, held)
        if one.code != TERMS or one.page not in told
    )
    return (*others, *of_terms, *_of_variants(document))


def of_doubts(
    document: Document, doubts: Mapping[str, Doubt], glossary: Glossary = NO_GLOSSARY
) -> tuple[DocumentWarning, ...]:
    """Which sentences of which pages were kept in the original, and which translations are to
    be looked at.
    """
    pages: dict[tuple[int, str], list[Block]] = {}
    for page, block, doubt in translate.doubtful(document, doubts, glossary):
        pages.setdefault((page, _CODES.get(doubt, KEPT)), []).append(block)
    return tuple(
        DocumentWarning(code, _of_page(code, blocks), page)
        for (page, code), blocks in pages.items()
    )


def _of_terms(
    document: Document, glossary: Glossary, target_lang: str
) -> Iterator[DocumentWarning]:
    """The terms that were not obeyed, page by page; texts that stay in the original say nothing."""
    pages: dict[int, dict[TermDoubt, None]] = {}
    for passage in document.passages() if glossary else ():
        target = passage.target
        if passage.blocks[0].translatable and target:
            said = "".join(run.text for run in target)
            found = terms.doubts(passage.text, said, glossary, target_lang)
            pages.setdefault(passage.page, {}).update(dict.fromkeys(found))
    for page, doubts in pages.items():
        if doubts:
            yield DocumentWarning(TERMS, _terms_said(list(doubts)), page)


def _of_variants(document: Document) -> Iterator[DocumentWarning]:
    """Sentences that stand in a document twice and were translated in two ways, as where only one
    of them has a word in another style.
    """
    known: dict[str, str] = {}
    for passage in document.passages():
        text, target = " ".join(passage.text.split()), passage.target
        if not passage.blocks[0].translatable or not target:
            continue
        if len(text.split()) < SHORTEST_REPEATED:
            continue
        said = _bare("".join(run.text for run in target))
        if known.setdefault(_bare(text), said) != said:
            shown = f"{text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}"
            yield DocumentWarning(
                VARIANTS, f"The same words were translated in two ways: “{shown}”", passage.page
            )


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _terms_said(found: Sequence[TermDoubt]) -> str:
    said = [_TERM_SAID[one.fault].format(one=one) for one in found[:MOST_TERMS]]
    more = len(found) - MOST_TERMS
    rest = f"; and {more} more" if more > 0 else ""
    return f"Terms of the glossary: {'; '.join(said)}{rest}"


def _of_page(code: str, blocks: Sequence[Block]) -> str:
    said = _SAID[code][len(blocks) > 1].format(len(blocks))
    first = _left_as_it_was(blocks[0]) if code == SENTENCE else " ".join(blocks[0].text.split())
    return f"{said}: “{first[:_SHOWN].strip()}{'…' if len(first) > _SHOWN else ''}”"


def _left_as_it_was(block: Block) -> str:
    """The longest sentence of a block that is in its translation word for word; else its whole
    text.
    """
    text = " ".join(block.text.split())
    said = " ".join("".join(run.text for run in block.target or ()).split())
    same = [one for one in _SENTENCE_END.split(text) if one in said]
    return max(same, key=len, default=text) if said else text


def already_in_target(options: Options) -> DocumentWarning:
    """That there was nothing to translate."""
    spoken = language.name(options.target_lang)
    return DocumentWarning(
        "already_in_target", f"The document is already in {spoken}: the result is a copy of it."
    )


def stamp(engine: str) -> str | None:
    """What is printed on each page of a result that is no translation; None for real ones."""
    spec = engine_specs.by_name(engine)
    return spec.stamp or None if spec else None


def mark(engine: str) -> Mark:
    """What a result says, for programs, about who made its words."""
    spec = engine_specs.by_name(engine)
    return Mark(engine, trained=not (spec and spec.by_rules))
