"""What an engine is told of a document besides its texts, where it minds that."""

from __future__ import annotations

from dragoman.domain.document import Document
from dragoman.ports import Translator
from pipeline.stages import translate
from pipeline.stages.protection import NO_GLOSSARY, Glossary
from pipeline.translation.batches import Hints


def held_back(
    engine: Translator, glossary: Glossary, source_lang: str | None, target_lang: str
) -> Glossary:
    """The terms that are taken out of the texts, and put back as they stand: none for an engine
    that is told of them.
    """
    return NO_GLOSSARY if engine.takes_terms(source_lang, target_lang) else glossary


def hints_of(engine: Translator, document: Document, glossary: Glossary) -> Hints:
    """What the engine is told of `document` besides its texts, and what is looked for in its
    answers.
    """
    if not engine.takes_hints:
        return Hints(glossary=glossary)
    title = next((label.text for label in document.labels if label.key == "title"), "")
    return Hints(title, translate.sections(document), glossary)
