"""Terms of a glossary in texts and in translations, in all their forms."""

from __future__ import annotations

import pytest

from pipeline.stages.protection import Glossary
from pipeline.stages.terms import Fault, doubts
from pipeline.stages.word_forms import forms, plural


@pytest.mark.parametrize(
    ("lang", "word", "in_text"),
    [
        ("en", "house", "houses"),
        ("en", "policy", "policies"),
        ("en", "box", "boxes"),
        ("en", "child", "children"),
        ("es", "contrato", "contratos"),
        ("es", "inversión", "inversiones"),
        ("es", "luz", "luces"),
        ("pt", "ação", "ações"),
        ("pt-BR", "animal", "animais"),
        ("fr", "journal", "journaux"),
        ("it", "contratto", "contratti"),
        ("de", "Haus", "Häuser"),
        ("de", "Vertrag", "Verträge"),
        ("pl", "umowa", "umowy"),
        ("ru", "договор", "договоров"),
        ("tr", "sözleşme", "sözleşmeler"),
    ],
)
def test_a_term_is_found_in_its_other_forms(lang: str, word: str, in_text: str) -> None:
    assert in_text.casefold() in forms(word.casefold(), lang)


@pytest.mark.parametrize(
    ("lang", "word", "several"),
    [
        ("es", "fichero", "ficheros"),
        ("es", "inversión", "inversiones"),
        ("pt-BR", "ação", "ações"),
        ("fr", "journal", "journaux"),
        ("it", "contratto", "contratti"),
        ("en", "policy", "policies"),
        ("de", "Haus", None),
    ],
)
def test_regular_plurals(lang: str, word: str, several: str | None) -> None:
    assert plural(word, lang) == several


@pytest.mark.parametrize(
    ("lang", "word", "other"),
    [
        ("en", "rat", "rate"),
        ("en", "contract", "contractor"),
        ("es", "casa", "casamiento"),
        (None, "house", "houses"),
        ("ja", "house", "houses"),
    ],
)
def test_other_words_are_no_forms(lang: str | None, word: str, other: str) -> None:
    assert other not in forms(word, lang)


def test_the_term_that_is_written_so_goes_before_a_form_of_another() -> None:
    glossary = Glossary([("contract", "contrato"), ("contracts", "contratación")], "en")
    assert [one.term.target for one in glossary.occurrences("contracts") if one.term] == [
        "contratación"
    ]


def test_the_longest_term_goes_first_in_every_form() -> None:
    glossary = Glossary([("tray", "bandeja"), ("drip tray", "bandeja de goteo")], "en")
    found = glossary.occurrences("The drip trays and the trays")
    assert [one.term.target for one in found if one.term] == ["bandeja de goteo", "bandeja"]


HOUSE, CONTRACT = ("house", "vivienda"), ("contract", "contrato")
TRAY = ("drip tray", "bandeja de gotejamento")


@pytest.mark.parametrize(
    ("meant", "said", "entry", "langs", "wrong"),
    [
        ("The house is old", "La vivienda es vieja", HOUSE, "en es", None),
        ("The house is old", "El vivienda es viejo", HOUSE, "en es", Fault.DISAGREES),
        ("The house is old", "La casa es vieja", HOUSE, "en es", Fault.MISSING),
        ("Houses are old", "Las viviendas son viejas", HOUSE, "en es", None),
        ("Houses are old", "Las vivienda son viejas", HOUSE, "en es", Fault.UNINFLECTED),
        ("All contracts", "Todos los contratos", CONTRACT, "en es", None),
        ("All contracts", "Todos los contrato", CONTRACT, "en es", Fault.UNINFLECTED),
        ("All contracts", "Todos contra los convenios", CONTRACT, "en es", Fault.MISSING),
        ("A house and a house", "Una vivienda y una casa", HOUSE, "en es", Fault.MISSING),
        ("Put the drip tray back", "Coloque a bandeja de gotejamento", TRAY, "en pt", None),
        ("Put the drip tray back", "Coloque o bandeja de gotejamento", TRAY, "en pt", Fault.DISAGREES),
        ("The houses", "Die Häuser", ("house", "Haus"), "en de", None),
        ("The house rules", "Die Hausordnung", ("house", "Haus"), "en de", None),
        ("The flat", "das Wohnung", ("flat", "Wohnung"), "en de", Fault.DISAGREES),
        ("The source is old", "Das ist der Ursprung", ("source", "Ursprung"), "en de", None),
        ("the problems", "los problemas", ("problem", "problema"), "en es", None),
        ("the problem", "el problema", ("problem", "problema"), "en es", None),
        ("the hand", "la mano", ("hand", "mano"), "en es", None),
        ("the bases", "les bases", ("basis", "base"), "en fr", None),
        ("The house", "家はここです", ("house", "家"), "en ja", None),
        ("The house", "ここです", ("house", "家"), "en ja", Fault.MISSING),
        ("Ambos contratos", "Both contracts", ("contrato", "contract"), "es en", None),
        ("a contrato", "devido a contrato", ("contrato", "contrato"), "pt pt", None),
    ],
)  # fmt: skip
def test_what_was_not_obeyed_is_told_and_nothing_else(
    meant: str, said: str, entry: tuple[str, str], langs: str, wrong: Fault | None
) -> None:
    source, target = langs.split()
    found = list(doubts(meant, said, Glossary([entry], source), target))
    assert [one.fault for one in found] == ([wrong] if wrong else [])
