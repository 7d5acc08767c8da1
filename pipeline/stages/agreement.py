"""Whether the words around a term fit it, told by the article before it: an engine that puts a
term in as it stands leaves the article of the word that it would have taken (“el vivienda”).

Pure, and careful: only where the ending of a noun tells its gender almost surely. What it does not
know it does not say.
"""

from __future__ import annotations

import re

from dragoman.domain import language

_A = r"(?<!m)(?<!ist)(?<!crat)(?<!cid)a"  # problema, periodista, demócrata, homicida are not
_ENDINGS: dict[str, tuple[str, str]] = {
    # (feminine, masculine): endings that leave hardly a doubt
    "es": (rf"(?:ción|sión|xión|dad|tad|tud|umbre|{_A})", r"(?:o|aje)"),
    "pt": (rf"(?:ção|são|dade|gem|tude|{_A})", r"o(?<!ão)"),
    "gl": (rf"(?:ción|sión|dade|xe|{_A})", r"o"),
    "ca": (rf"(?:ció|sió|tat|{_A})", r"(?:atge|ment)"),
    "it": (rf"(?:zione|sione|tà|tù|tudine|{_A})", r"o"),
    "fr": (r"(?:tion|sion|ité|ette|ance|esse|ture)", r"(?:ment|age|isme|eau|oir)"),
    "de": (r"(?:(?<!spr)(?<!schw)ung|heit|keit|schaft|tion|tät)", r"(?!)"),
}
_EXCEPTIONS: dict[str, str] = {
    "es": "día mapa planeta sofá agua alma área arma aula águila hambre hacha mano foto moto radio"
    " guardia guía policía cura capa cometa orden frente",
    "pt": "dia mapa planeta sofá mão foto moto tribo guarda guia",
    "gl": "día mapa planeta man foto moto",
    "ca": "dia mapa planeta mà guia papa",
    "it": "mano foto moto radio auto eco vaglia boia",
    "fr": "comité squelette eau peau image page plage cage rage nage",
    "de": "",
}
# Without those that are other words as well, such as the preposition "a" of Portuguese.
_ARTICLES: dict[str, tuple[str, str]] = {
    # (only before feminine, only before masculine)
    "es": ("la las una unas esta estas esa esas", "el los un unos del al este estos ese esos"),
    "pt": (
        "as uma umas da das na nas pela pelas às esta essa",
        "o os um uns do dos no nos pelo pelos ao aos este esse",
    ),
    "gl": ("as unha unhas das nas", "o os un uns do dos no nos ao aos"),
    "ca": ("la les una unes", "el els un uns del dels al als"),
    "it": (
        "la le una della delle alla alle nella nelle dalla dalle sulla sulle",
        "il lo i gli un uno del dello dei degli al allo ai agli nel nello nei negli dal dallo sul",
    ),
    "fr": ("la une cette", "le un du au ce"),
    "de": ("", "das des dem ein eines einem einen"),
}
_IN_BETWEEN = r"[\s\u00a0]+(?:[«“\"‘'(]\s?)?"


def disagrees(said: str, term: str, target_lang: str) -> str | None:
    """The article and the term in the plain text `said` where they do not fit; None: nothing
    that can be told.

    `term`: the target term as it stands in the glossary; its first word is its noun.
    """
    base = language.base(target_lang)
    noun = term.split(maxsplit=1)[0].casefold() if term.split() else ""
    wrong = _wrong_articles(noun, base)
    if not wrong:
        return None
    found = re.search(
        rf"(?<!\w)(?:{'|'.join(wrong)}){_IN_BETWEEN}{re.escape(term)}(?!\w)", said, re.IGNORECASE
    )
    return " ".join(found.group().split()) if found else None


def _wrong_articles(noun: str, base: str) -> list[str]:
    """The articles that cannot stand before a noun."""
    if base not in _ENDINGS or noun in _EXCEPTIONS[base].split():
        return []
    feminine, masculine = _ENDINGS[base]
    of_feminine, of_masculine = _ARTICLES[base]
    if re.search(rf"{feminine}\Z", noun):
        return of_masculine.split()
    return of_feminine.split() if re.search(rf"{masculine}\Z", noun) else []
