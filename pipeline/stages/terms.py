"""Whether the terms of a glossary are in a translation: each occurrence, in any form, and with the
words around it. Pure.

A translation may inflect a term, and should. What cannot be told without a model is not said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dragoman.domain import language
from pipeline.stages import agreement
from pipeline.stages.protection import Glossary, Term, is_unspaced
from pipeline.stages.word_forms import forms

STEM_LETTERS = 4
_WORD = re.compile(r"[^\W\d_]{2,}")
# Languages that put words together without a blank: a term may be inside of another word.
_COMPOUNDING = "de nl sv da nb nn no is fi et hu"
_LONGER = 5  # letters that an ending adds at most
# Languages whose nouns nearly all have another form for several; the endings that have none.
_INVARIABLE = {
    "en": re.compile(r"s|ware|information|equipment|staff|data|advice|evidence|research|knowledge"),
    "es": re.compile(r"[sx]"),
    "pt": re.compile(r"[sx]"),
    "gl": re.compile(r"[sx]"),
    "ca": re.compile(r"[sx]"),
    "fr": re.compile(r"[sxz]"),
    "it": re.compile(r"[^aeo]"),
}


class Fault(StrEnum):
    """What is wrong with a term in a translation."""

    MISSING = "missing"
    UNINFLECTED = "uninflected"
    DISAGREES = "disagrees"


@dataclass(frozen=True, slots=True)
class TermDoubt:
    """A term that was not obeyed. `source` and `target` as in the glossary; `shown`: what stands
    there instead, "": nothing that could be shown.
    """

    fault: Fault
    source: str
    target: str
    shown: str = ""


def doubts(meant: str, said: str, glossary: Glossary, target_lang: str) -> Iterator[TermDoubt]:
    """What is wrong with the terms of the plain text `meant` in its translation `said`."""
    found: dict[Term, list[bool]] = {}
    for one in glossary.occurrences(meant) if glossary else ():
        if one.term is not None:
            is_base = _bare(meant[one.start : one.end]) == _bare(one.term.source)
            found.setdefault(one.term, []).append(is_base)
    for term, as_in_glossary in found.items():
        if counted(said, term.target, target_lang) < len(as_in_glossary):
            yield TermDoubt(Fault.MISSING, term.source, term.target)
            continue
        shown = agreement.disagrees(said, term.target, target_lang)
        if shown:
            yield TermDoubt(Fault.DISAGREES, term.source, term.target, shown)
        elif _is_uninflected(said, term, as_in_glossary, glossary.source_lang, target_lang):
            yield TermDoubt(Fault.UNINFLECTED, term.source, term.target, term.target)


def counted(said: str, target: str, target_lang: str) -> int:
    """How many times a target term is in the plain text `said`, in whatever form."""
    words = _WORD.findall(target)
    if not words or any(map(is_unspaced, target)):
        return said.casefold().count(target.casefold())
    base = language.base(target_lang)
    if base in _COMPOUNDING.split():
        whole = _plain_letters(said)
        return min(whole.count(_stem(word)) for word in words)
    tokens = [token.casefold() for token in _WORD.findall(said)]
    return min(sum(_is_form(token, word.casefold(), base) for token in tokens) for word in words)


def _is_form(token: str, word: str, base: str) -> bool:
    """Whether a word of a translation may be a form of a term's word."""
    if token == word or token in forms(word, base):
        return True
    token, word = _plain_letters(token), _plain_letters(word)
    if len(word) < STEM_LETTERS:
        return token == word
    stem = word[: max(STEM_LETTERS, len(word) - 2)]
    return token.startswith(stem) and len(word) - 1 <= len(token) <= len(word) + _LONGER


def _is_uninflected(
    said: str, term: Term, as_in_glossary: list[bool], source_lang: str | None, target_lang: str
) -> bool:
    """Whether a term stands in the form of the glossary where the source has another one, as far
    as a language shows that.

    Only for a term that the source has in its plural alone: else nobody can tell which is which.
    """
    base = language.base(target_lang)
    invariable = _INVARIABLE.get(base)
    noun = term.target.split(maxsplit=1)[0].casefold()
    if invariable is None or any(as_in_glossary) or re.search(rf"(?:{invariable.pattern})\Z", noun):
        return False
    if source_lang is None or language.base(source_lang) not in (*_INVARIABLE, "de", "nl"):
        return False  # another form may be a case, and no plural
    if len(forms(noun, base)) == 1:
        return False
    exact = re.findall(rf"(?<!\w){re.escape(noun)}(?!\w)", said, re.IGNORECASE)
    return len(exact) >= counted(said, term.target.split(maxsplit=1)[0], target_lang)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())


def _stem(word: str) -> str:
    """What of a word stays when it is inflected, as far as that can be told for any language."""
    plain = _plain_letters(word)
    return plain[: max(STEM_LETTERS, len(plain) - STEM_LETTERS + 1)]


def _plain_letters(text: str) -> str:
    """Without marks on the letters, which inflection may set or take away (Haus, Häuser)."""
    return "".join(
        one
        for one in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(one)
    )
