"""What a translator must not touch, found in plain text: addresses, code-like tokens, long numbers,
glossary terms.

Plain numbers of up to four digits and decimals stay in the text, since grammar ("1 file", "2
files") and the decimal sign depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.stages.word_forms import forms

_PATTERNS = (
    r"(?:https?|ftp)://[^\s<>\"“”]+",
    r"(?<![\w.@])www\.[^\s<>\"“”]+",
    r"(?<![\w.])(?:doi:\s?)?10\.\d{4,9}/[^\s<>\"“”]+",  # DOI, ISO 26324
    r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    # placeholders of format strings
    r"(?<!\w)\{[\w.,@-]+\}(?!\w)|\$\{\w+\}|%\(\w+\)[sd]|(?<!\w)%[sd](?!\w)",
    r"(?<!\w)[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)*\(\)",  # calls: name()
    r"(?<!\w)(?:[A-Za-z]\w*::)+[A-Za-z]\w*",
    r"(?<![\w-])--[a-z][\w-]+",  # long options
    r"(?<![\w/.])(?:~|\.{1,2})?(?:/[\w.+@-]+){2,}/?",  # paths of two parts or more
    r"(?<!\w)[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+(?!\w)",  # snake_case
    r"(?<![\w.,])\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z?)?(?!\w)",  # ISO 8601
    r"(?<![\w.,])v?\d+(?:\.\d+){2,}(?![\w])",  # versions and section numbers: 1.2.3
    r"(?<![\w.,])\+?\d[\d /()-]{8,}\d(?![\w.,]\d)",  # telephone and account numbers
    r"(?<![\w.,-])\d{5,}(?![\w]|[.,]\d)",
    r"(?:[.·…_] ?){4,}",  # dot leaders, lines to fill in
    # ISO-9001
    r"(?<![\w-])(?=[A-Z0-9/-]*\d)(?=[A-Z0-9/-]*[A-Z])[A-Z0-9]+(?:[-/][A-Z0-9]+)+(?![\w-])",
)
_PROTECTED = re.compile("|".join(_PATTERNS))
_QUICK = re.compile(
    r"\d{4}|\d\.\d+\.|[/@_{$%]|\(\)|::|--|www|[A-Z0-9][-/][A-Z0-9]|[.·…] ?[.·…]"
)  # no match: nothing to protect
_SENTENCE_END = ".,;:!?'’”»…"
_BRACKETS = {")": "(", "]": "[", "}": "{"}
# Scripts that write no spaces between words: each character counts as a word of its own.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(rf"[^\W\d_{_UNSPACED}]{{2}}|[{_UNSPACED}]")
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary term as the words that are looked for, casefolded, and where blanks stand
    between them.
    """

    words: tuple[str, ...]
    spaced: tuple[bool, ...]
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` to `end` of a text stay out of the translation; `shown` stands there
    in the result.

    `term`: of the glossary, None: what no translator must touch.
    """

    start: int
    end: int
    shown: str
    term: Term | None = None


class Glossary:
    """Terms and how they are to be translated: the longest match wins, whole words only, in any
    case.
    """

    def __init__(
        self, entries: Iterable[tuple[str, str]] = (), source_lang: str | None = None
    ) -> None:
        """`entries` are (source term, target term); the last of two entries for one term counts.

        `source_lang`: whose rules tell other forms of a term; None: only the terms as they stand.
        """
        self.entries = tuple(entries)
        self.source_lang = source_lang
        terms = {term.words: term for one in self.entries if (term := _term(*one))}
        self._by_first: dict[str, list[Term]] = {}
        self._inflected: dict[str, list[Term]] = {}
        for term in sorted(terms.values(), key=lambda term: -len(term.words)):
            self._by_first.setdefault(term.words[0], []).append(term)
            for form in forms(term.words[0], source_lang):
                self._inflected.setdefault(form, []).append(term)

    def __bool__(self) -> bool:
        """Whether there is any term."""
        return bool(self._by_first)

    def of(self, source_lang: str | None) -> Glossary:
        """The same terms, in texts of that language."""
        return Glossary(self.entries, source_lang) if source_lang != self.source_lang else self

    def find(self, text: str) -> Iterator[Found]:
        """The terms in `text` as they stand in the glossary, from left to right, not
        overlapping.
        """
        return self._found(text, self._by_first, None)

    def occurrences(self, text: str) -> Iterator[Found]:
        """The terms in `text` in any of their forms (plurals, cases), as `find` gives them."""
        return self._found(text, self._inflected, self.source_lang)

    def _found(
        self, text: str, by_first: dict[str, list[Term]], lang: str | None
    ) -> Iterator[Found]:
        tokens = list(_TOKEN.finditer(text)) if by_first else []
        words = [token.group().casefold() for token in tokens]
        spaced = [one.end() < other.start() for one, other in pairwise(tokens)]
        at = 0
        while at < len(tokens):
            here = [
                term
                for term in by_first.get(words[at], ())
                if _stands(term, words, spaced, at, lang)
            ]
            if not here:
                at += 1
                continue
            # The longest; of several forms of one length the one that is written so.
            term = max(here, key=lambda one: (len(one.words), one.words[0] == words[at]))
            last = tokens[at + len(term.words) - 1]
            start = tokens[at].start()
            shown = _in_case_of(text[start : last.end()], term)
            yield Found(start, last.end(), shown, term)
            at += len(term.words)


NO_GLOSSARY = Glossary()


def find(text: str, glossary: Glossary = NO_GLOSSARY) -> list[Found]:
    """What is to be kept out of the translation of `text`, in order, not overlapping; protected
    tokens win over terms.
    """
    found = [_trimmed(match) for match in _PROTECTED.finditer(text)] if _QUICK.search(text) else []
    if not glossary:
        return found
    taken = [(one.start, one.end) for one in found]
    terms = (
        term
        for term in glossary.find(text)
        if all(term.end <= a or term.start >= b for a, b in taken)
    )
    return sorted([*found, *terms], key=lambda one: one.start)


def has_words(text: str) -> bool:
    """Whether two letters stand side by side, or one of a script that writes no blanks between
    words.
    """
    return any(match.group().isalpha() for match in _WORD.finditer(text))


def is_unspaced(character: str) -> bool:
    """Whether it belongs to a script that writes no blanks between words."""
    return _IS_UNSPACED.match(character) is not None


def _trimmed(match: re.Match[str]) -> Found:
    """The match without what belongs to the sentence: closing marks, and brackets opened before
    it.
    """
    text = match.group().rstrip()
    if not any(character.isalnum() for character in text):
        return Found(match.start(), match.start() + len(text), text)
    while text[-1] in _SENTENCE_END or (
        text[-1] in _BRACKETS and text.count(text[-1]) > text.count(_BRACKETS[text[-1]])
    ):
        text = text[:-1]
    return Found(match.start(), match.start() + len(text), text)


def _term(source: str, target: str) -> Term | None:
    tokens = list(_TOKEN.finditer(source))
    if not tokens or not target.strip():
        return None
    spaced = tuple(one.end() < other.start() for one, other in pairwise(tokens))
    return Term(
        tuple(token.group().casefold() for token in tokens), spaced, source.strip(), target.strip()
    )


def _stands(term: Term, words: list[str], spaced: list[bool], at: int, lang: str | None) -> bool:
    """Whether a term stands at a word, in any form that `lang` has for its words."""
    size = len(term.words)
    here = words[at : at + size]
    if len(here) < size or tuple(spaced[at : at + size - 1]) != term.spaced:
        return False
    return all(
        said == word or (lang is not None and said in forms(word, lang))
        for said, word in zip(here, term.words, strict=True)
    )


def _in_case_of(found: str, term: Term) -> str:
    """The target term, with a capital where a term written small in the glossary begins a
    sentence.
    """
    if term.source.islower() and found[:1].isupper():
        return (
            term.target.upper()
            if len(found) > 1 and found.isupper()
            else term.target[:1].upper() + term.target[1:]
        )
    return term.target
