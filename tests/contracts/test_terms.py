"""Terms of a glossary through engines: told as hints, inflected, checked, and said where they were
not obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dragoman.domain.document import Block, BlockKind, Document, DocumentWarning, Page, Run, Style
from dragoman.ports import Answer, Batch, Term
from pipeline.stages import translate
from pipeline.stages.checks import Doubt
from pipeline.stages.protection import Glossary
from pipeline.translation import document_context, result_warnings
from pipeline.translation.batches import translate_all
from tests.contracts.engines import running
from tests.fakes import DictMemory, RememberingTranslator

BOX = (0.0, 0.0, 10.0, 10.0)
GLOSSARY = (("house", "vivienda"), ("contract", "contrato"), ("drip tray", "bandeja de goteo"))
INFLECTED = {
    "The house is old.": "La vivienda es vieja.",
    "All contracts are signed.": "Todos los contratos están firmados.",
    "Clean the drip tray and put it back.": "Limpie la bandeja de goteo y colóquela de nuevo.",
    "The sun is warm.": "El sol calienta.",
}
UNINFLECTED = INFLECTED | {
    "The house is old.": "El vivienda es viejo.",
    "All contracts are signed.": "Todos los contrato están firmados.",
    "Clean the drip tray and put it back.": "Limpie el bandeja de goteo y colóquelo de nuevo.",
}


class Scripted(RememberingTranslator):
    """Says what is written down for each text, and minds terms."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        super().__init__("scripted")
        self.answers = answers

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        return True

    def translate(self, batch: Batch) -> Answer:
        self.batches.append(batch)
        return Answer(tuple(self.answers[text] for text in batch.texts), 1)


def document(*texts: str) -> Document:
    """A page for each text."""
    blocks = [
        Block(f"{at}.0", BlockKind.PARAGRAPH, BOX, (), (Run(text, Style()),))
        for at, text in enumerate(texts)
    ]
    pages = tuple(Page(at, 100.0, 100.0, 0, (block,)) for at, block in enumerate(blocks))
    return Document(pages, len(pages))


def through(
    engine: object, memory: DictMemory, *texts: str
) -> tuple[list[str], dict[str, Doubt], tuple[DocumentWarning, ...]]:
    """The words of each page, the doubts, and what is said of them."""
    whole, doubts = document(*texts), dict[str, Doubt]()
    glossary = Glossary(GLOSSARY, "en")
    held = document_context.held_back(engine, glossary, "en", "es")
    answers, _ = translate_all(
        translate.segments(whole, held),
        engine,
        "en",
        "es",
        memory=memory,
        hints=document_context.hints_of(engine, whole, glossary),
        on_doubt=doubts.__setitem__,
    )
    done = translate.apply(whole, answers, held)
    said = result_warnings.of_words(done, doubts, held=held, glossary=glossary, target_lang="es")
    words = ["".join(run.text for run in block.target or ()) for block in done.blocks()]
    return words, doubts, said


def test_an_engine_that_inflects_is_believed_and_told_the_terms_as_they_are_in_the_glossary():
    engine, memory = Scripted(INFLECTED), DictMemory()
    words, doubts, said = through(engine, memory, *INFLECTED)
    assert words == list(INFLECTED.values())
    assert (doubts, said) == ({}, ())
    assert len(memory.known) == len(INFLECTED)
    assert engine.batches[0].terms == tuple(Term(*entry) for entry in GLOSSARY)


def test_one_that_does_not_inflect_is_told_by_page_and_not_remembered():
    engine, memory = Scripted(UNINFLECTED), DictMemory()
    _, doubts, said = through(engine, memory, *UNINFLECTED)
    assert set(doubts.values()) == {Doubt.TERM}
    assert len(doubts) == 3
    assert [(one.page, one.code) for one in said] == [(at, "terms_differ") for at in range(3)]
    assert "“El vivienda”" in said[0].message
    assert "“contrato” (“contract”)" in said[1].message
    assert len(memory.known) == 1
    engine.answers = INFLECTED
    words, doubts, said = through(engine, memory, *UNINFLECTED)
    assert (words, doubts, said) == (list(INFLECTED.values()), {}, ())


def test_what_an_engine_without_terms_puts_in_as_it_stands_is_looked_at_too(tmp_path: Path):
    class Plain(RememberingTranslator):
        def translate(self, batch: Batch) -> Answer:
            self.batches.append(batch)
            said = {
                'The <x id="1"/> is old.': 'El <x id="1"/> es viejo.',
                "All contracts are signed.": "Todos los acuerdos están firmados.",
            }
            return Answer(tuple(said[text] for text in batch.texts), 1)

    texts = ("The house is old.", "All contracts are signed.")
    words, _, said = through(Plain("plain"), DictMemory(), *texts)
    assert words[0] == "El vivienda es viejo."
    assert [one.page for one in said] == [0, 1]
    assert "“contract” is not “contrato”" in said[1].message


def test_apertium_inflects_terms_by_their_lemmas(tmp_path: Path):
    texts = (
        "The house is old.",
        "All houses are old.",
        "Houses and contracts are good.",
        "The drip trays are old.",
        "The old house of the city.",
    )
    with running("apertium", tmp_path) as engine:
        words, doubts, said = through(engine, DictMemory(), *texts)
    assert words[0] == "La vivienda es vieja."
    assert words[1] == "Todas las viviendas son viejas."
    assert "viviendas" in words[2]
    assert "contratos" in words[2]
    assert "bandejas de goteo son viejas" in words[3]
    assert words[4].startswith("La vivienda vieja")
    assert (doubts, said) == ({}, ())


def test_apertium_keeps_tags_and_puts_unknown_words_in_as_they_stand(tmp_path: Path):
    text = 'The <g id="1">old</g> <x id="2"/> frobnicators of the <g id="3">city</g>'
    with running("apertium", tmp_path) as engine:
        plain, told = (
            engine.translate(Batch((text,), "en", "es", terms=terms)).texts[0] or ""
            for terms in ((), (Term("frobnicator", "Zwergenwerk"),))
        )
    assert all(told.count(tag) == plain.count(tag) == 1 for tag in ('<g id="1">', '<x id="2"/>'))
    assert "Zwergenwerk" in told


def test_a_noun_that_apertium_s_dictionary_does_not_have_gets_its_regular_plural(tmp_path: Path):
    with running("apertium", tmp_path) as engine:
        [text] = engine.translate(
            Batch(("All files are old.",), "en", "es", terms=(Term("file", "fichero"),))
        ).texts
    assert "ficheros" in (text or "")


@pytest.mark.parametrize("name", ["openai", "deepl", "apertium", "local", "libretranslate"])
def test_each_engine_says_whether_it_minds_terms(name: str, tmp_path: Path):
    with running(name, tmp_path) as engine:
        assert isinstance(engine.takes_terms("en", "es"), bool)
        assert engine.takes_terms("en", "es") is (name in ("deepl", "openai", "apertium"))


def test_a_text_that_stays_in_the_original_says_nothing_of_its_terms():
    whole, glossary = document("The house is old."), Glossary(GLOSSARY, "en")
    assert result_warnings.of_words(whole, {}, glossary=glossary, target_lang="es") == ()
