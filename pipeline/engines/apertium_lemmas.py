"""Terms of a glossary inside of Apertium: put in by their lemma after the dictionary's, before the
rules of grammar, so that articles, adjectives and plurals come out right.

A program of a pipeline: `python -I -m pipeline.engines.apertium_lemmas TERMS.json` copies
Apertium's stream from its standard input to its standard output. A lexical unit there is
`^house<n><pl>/casa<n><f><pl>$` (wiki.apertium.org/wiki/Apertium_stream_format). Of a term of
several words the first is inflected, and the others follow it as they are. A term whose first word
is no noun that the target's dictionary has stands as it is, or in its regular plural: that is the
last resort.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_UNIT = re.compile(r"\^((?:[^$\\]|\\.)*)\$")
_NOUN = re.compile(r"<n>((?:<(?:m|f|mf|nt)>)?)")
_SPECIAL = re.compile(r"([\^$/<>{}\\*@#+~\[\]])")


@dataclass(frozen=True, slots=True)
class Lemma:
    """A term: of each word of its source the casefolded forms, as it stands first; the target's
    `head`, and the `rest` behind it.

    `gender`: the tag of a head that is a noun, such as `<f>`; None: the dictionary does not have
    it, and only its regular `plural` is known.
    """

    words: tuple[tuple[str, ...], ...]
    head: str
    rest: str = ""
    gender: str | None = None
    plural: str | None = None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A lexical unit and where it stands."""

    start: int
    end: int
    source: str

    @property
    def lemma(self) -> str:
        """Its word, as the dictionary has it; an unknown one as it stands."""
        return self.source.split("<", 1)[0].lstrip("*")


def gender_of(analysis: str) -> str | None:
    """The gender in what a dictionary says of a word (`^casa/casa<n><f><sg>$`); None: no noun."""
    found = _NOUN.search(analysis)
    return found[1] if found else None


def with_terms(stream: str, terms: Sequence[Lemma], *, head_is_last: bool) -> str:
    """The stream with the terms in place of what the dictionary has for them.

    `head_is_last`: whether of several words of the source the last one has the plural for all.
    """
    units = [
        _Unit(found.start(), found.end(), found[1].split("/", 1)[0])
        for found in _UNIT.finditer(stream)
    ]
    longest_first = sorted(terms, key=lambda term: -len(term.words))
    parts: list[str] = []
    at, end = 0, 0
    while at < len(units):
        term = next((one for one in longest_first if _stands(one, units, at, stream)), None)
        if term is None:
            at += 1
            continue
        here = units[at : at + len(term.words)]
        parts += [stream[end : here[0].start], _unit(term, here, head_is_last=head_is_last)]
        end = here[-1].end
        at += len(here)
    return "".join([*parts, stream[end:]])


def _stands(term: Lemma, units: Sequence[_Unit], at: int, stream: str) -> bool:
    here = units[at : at + len(term.words)]
    if len(here) < len(term.words):
        return False
    if not all(one.lemma.casefold() in said for one, said in zip(here, term.words, strict=True)):
        return False
    return all(stream[one.end : other.start].isspace() for one, other in pairwise(here))


def _unit(term: Lemma, here: Sequence[_Unit], *, head_is_last: bool) -> str:
    """The lexical unit of a term that stands at units of the source."""
    numbered = list(zip(here, term.words, strict=True))
    nouns = [(one, said) for one, said in numbered if "<n>" in one.source] or numbered
    unit, said = numbered[-1] if head_is_last else nouns[0]
    # A word that the dictionary does not know stands as it is in the text.
    is_plural = "<pl>" in unit.source or (
        unit.source.startswith("*") and unit.lemma.casefold() != said[0]
    )
    head = (is_plural and term.gender is None and term.plural) or term.head
    if here[0].lemma[:1].isupper():
        head = head[:1].upper() + head[1:]
    rest = f"[ {_escaped(term.rest)}]" if term.rest else ""
    if term.gender is None:
        return f"^*{_escaped(head)}/*{_escaped(head)}${rest}"
    number = "<pl>" if is_plural else "<sg>"
    source = _escaped(" ".join(one.lemma for one in here))
    return f"^{source}<n>{number}/{_escaped(head)}<n>{term.gender}{number}${rest}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def dumped(terms: Sequence[Lemma], *, head_is_last: bool) -> str:
    """What `main` reads."""
    listed = [[term.words, term.head, term.rest, term.gender, term.plural] for term in terms]
    return json.dumps({"head_is_last": head_is_last, "terms": listed})


def main() -> None:
    """See the module's words."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    terms = [Lemma(tuple(map(tuple, words)), *rest) for words, *rest in told["terms"]]
    stream = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    made = with_terms(stream, terms, head_is_last=told["head_is_last"])
    sys.stdout.buffer.write(made.encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    main()
