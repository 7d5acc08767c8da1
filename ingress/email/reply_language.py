"""In which language a sender writes, so that the answer is written in it (pure).

The sender's own words count most, then what the mail program says of itself (`Accept-Language`, RFC
3282). Mails to a translator are short ("auf Deutsch, bitte"), too short for statistics, so words
are looked up: frequent ones, and the names of languages, which everybody writes in their own
language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from dragoman.domain.wishes.grammar import letter

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh")
_NAME = 2  # what the name of a language counts
LONGEST = 2000  # characters of a body that are looked at
ISO_639_1 = 2  # letters of a code
SURE = 2  # words of one language that need no mail program's confirmation
_FREQUENT = {
    "en": "the please translate into this attached thanks thank you hello dear with and for of regards would could need help"
    " delete is my hi document kind best",
    "de": "bitte auf ins übersetzen übersetzung übersetzt danke hallo guten tag mit und für das die der anbei sie ich den"
    " eine ist grüße freundlichen vielen dank liebe nach löschen hilfe brauche möchte dokument",
    "fr": "s'il vous plaît merci bonjour traduire traduction traduisez en vers le la les je veuillez joint ce pour et une"
    " cordialement salut aide supprimer voudrais besoin trouver",
    "es": "en por favor gracias hola traducir traducción traduzca al el los una para y adjunto saludos buenos días necesito"
    " este ayuda borrar quisiera documento estimado",
    "it": "in per favore grazie ciao buongiorno tradurre traduzione traduci tradurlo il lo gli una con e allegato saluti vorrei questo aiuto"
    " cordiali gentile documento nel ho bisogno",
    "pt": "em por favor obrigado obrigada olá traduzir tradução traduza para o os uma com e anexo bom dia preciso este não ajuda"
    " cumprimentos abraço documento segue",
    "nl": "alsjeblieft alstublieft graag dank bedankt hallo vertalen vertaling vertaal naar het een met en voor bijlage groet groeten"
    " ik wil hulp verwijderen beste bijgevoegd dit wilt kunt",
    "pl": "proszę dziękuję cześć dzień dobry przetłumaczyć tłumaczenie przetłumacz na z i dla załączony pozdrawiam potrzebuję"
    " pomoc usuń dokument witam załączeniu",
}  # fmt: skip
_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")


def of_sender(words: str, subject: str, announced: str, *, surely: bool = False) -> str | None:
    """One of LANGUAGES; None where nothing tells.

    `announced`: the value of `Accept-Language`, or of `Content-Language`. `surely`: one word is
    not enough, since something better is known.
    """
    sample = f"{' '.join(letter.unquoted(words[:LONGEST]))} {subject}"
    if _KANA.search(sample):
        return "ja"
    if _HAN.search(sample):
        return "zh"
    found = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", sample.casefold().replace("’", "'"))
    counts = {
        tag: sum((word in known) + _NAME * (word in _names()[tag]) for word in found)
        for tag, known in _known().items()
    }
    best = max(counts.values())
    leading = [tag for tag, count in counts.items() if count == best]
    said = next((tag for tag in _announced(announced) if tag in LANGUAGES), None)
    if best >= SURE and len(leading) == 1:
        return leading[0]
    if said is not None:
        return said
    return leading[0] if best and len(leading) == 1 and not surely else None


def _announced(value: str) -> list[str]:
    return [tag.casefold() for tag in re.findall(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9]+)*", value)]


@cache
def _known() -> dict[str, frozenset[str]]:
    return {tag: frozenset(words.split()) for tag, words in _FREQUENT.items()}


@cache
def _names() -> dict[str, frozenset[str]]:
    """Names of languages in each language, as far as they are one word."""
    from babel import Locale

    return {tag: frozenset(_single(Locale(tag).languages)) for tag in _FREQUENT}


def _single(names: Mapping[Any, Any]) -> Iterator[str]:
    for code, name in names.items():
        if len(str(code)) == ISO_639_1 and " " not in str(name):
            yield str(name).casefold()
