"""Words that are cut at the end of a row: a hyphen of the word's own stays, one that was put there
to cut it goes.

The document's own words tell first: the form that it has within rows. Then a second hyphen tells,
and at last the patterns of hyphenation: nobody cuts a word where they allow no break.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from dragoman.domain.document import Block, Page
from pipeline.pdf.analysis.line_joining import HYPHENS, joined

# Letters on each side of a break: patterns say nothing of breaks that leave fewer.
LEAST_BEFORE, LEAST_AFTER = 2, 3
SHORTEST = 6  # letters of a word that they know
_PARTS = re.compile("[-\u2010]")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST = re.compile(r"([^\W\d_]+(?:[-\u2010][^\W\d_]+)*)[-\u2010]$")
_FIRST = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")

Breaks = Callable[[str], Sequence[int]]
"""After how many letters a word may be broken."""


@dataclass(frozen=True)
class Compounds:
    """What the document says of its words. `breaks`: of its language, None: there are no patterns;
    asked for once, where nothing else tells.
    """

    pages: Sequence[Page]
    find_breaks: Callable[[], Breaks | None]

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word is in the rows, in small letters; what rows cut is left out."""
        found: Counter[str] = Counter()
        for page in self.pages:
            for block in page.blocks:
                found.update(_whole_words(block))
        return found

    @cached_property
    def breaks(self) -> Breaks | None:
        """The patterns of the document's language."""
        return self.find_breaks()

    def is_one(self, before: str, after: str) -> bool:
        """Whether a row's end (with its hyphen) and the beginning of the next are a compound."""
        last, first = _LAST.search(before), _FIRST.match(after)
        if last is None or first is None:
            return False
        left, right = last.group(1), first.group()
        cut = self.words[(left + right).lower()]
        own = self.words[f"{left}-{right}".lower().replace("\u2010", "-")]
        if cut or own:
            return own > cut
        if not right.isalpha():
            return True
        part = _PARTS.split(left)[-1]
        if part != left and self.words[part.lower()] and self.words[right.lower()]:
            return True  # "state-of-the-" "art", but not "one-dimen-" "sional"
        short = len(part) < LEAST_BEFORE or len(right) < LEAST_AFTER
        if short or len(part + right) < SHORTEST or self.breaks is None:
            return part != left
        return len(part) not in self.breaks(part + right)


def with_compounds(pages: Sequence[Page], compounds: Compounds) -> tuple[Page, ...]:
    """The pages with the hyphens of compounds kept in `Block.source`."""

    def read_again(block: Block) -> Block:
        if not any(compounds.is_one(before, after) for before, after in _cuts(block)):
            return block
        return replace(block, source=joined(block.lines, compounds.is_one))

    return tuple(replace(page, blocks=tuple(map(read_again, page.blocks))) for page in pages)


def _cuts(block: Block) -> Iterator[tuple[str, str]]:
    """Rows of a block that end with a hyphen, and those that follow."""
    for before, after in pairwise(block.lines):
        if before.spans[-1].text[-1:] in HYPHENS and after.spans[0].text[:1].islower():
            yield before.text, after.text


def _whole_words(block: Block) -> Iterator[str]:
    """The words of the rows, but those that are cut at an end."""
    cut = False
    for line in block.lines:
        text = line.text
        words = [word.lower().replace("\u2010", "-") for word in _WORD.findall(text)]
        start = 1 if cut else 0
        cut = text[-1:] in HYPHENS
        yield from words[start : len(words) - 1 if cut else len(words)]
