"""One word of a sentence, and what it may be (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

from dragoman.domain.wishes.lexicon.word_lists import Name


@dataclass(slots=True)
class Word:
    """One word or phrase. `kinds`: each with the languages in which it is one; none: unknown.

    `names`: what language it may name. `shape`: word, mark, file, flag, arrow, number or date.
    """

    text: str
    raw: str
    shape: str
    kinds: dict[str, set[str]] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)
    is_code: bool = False
    is_typo: bool = False
    spoken: frozenset[str] = frozenset()  # the languages whose kinds count; empty: all

    def can(self, *kinds: str, near: frozenset[str] = frozenset()) -> bool:
        """Whether it is of one of the kinds, in the languages of the names beside it (`near`)."""
        for kind in kinds:
            locales = self.kinds.get(kind)
            if not locales:
                continue
            everywhere = set().union(*self.kinds.values())
            for wanted in (near, self.spoken):
                if wanted and wanted & everywhere:
                    if wanted & locales:
                        return True
                    break
            else:
                return True
        return False

    @property
    def is_unknown(self) -> bool:
        """Whether it is a word of which nothing is known: perhaps a thing or a name."""
        return self.shape == "word" and not self.kinds and not self.names
