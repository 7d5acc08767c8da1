"""What an engine is told of a document besides its texts, where it minds that."""

from __future__ import annotations

from dragoman.domain.document import Document
from dragoman.ports import Translator
from pipeline.stages import translate
from pipeline.stages.protection import NO_GLOSSARY, Glossary
from pipeline.translation.batches import NO_HINTS, Hints


def held_back(engine: Translator, glossary: Glossary) -> Glossary:
    """The terms that are taken out of the texts: none for an engine that is told of them."""
    return NO_GLOSSARY if engine.takes_hints else glossary


def hints_of(engine: Translator, document: Document, glossary: Glossary) -> Hints:
    """What the engine is told of `document` besides its texts."""
    if not engine.takes_hints:
        return NO_HINTS
    title = next((label.text for label in document.labels if label.key == "title"), "")
    return Hints(title, translate.sections(document), glossary)
