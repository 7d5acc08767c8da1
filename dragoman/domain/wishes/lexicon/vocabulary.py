"""The words of all languages as an index of phrases (pure).

Every list of a file is a kind of word (`into`, `ask`, `want`, ...), every entry a phrase of one or
more words; a star at its end stands for any ending.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from dragoman.domain.wishes.lexicon.names import named
from dragoman.domain.wishes.lexicon.tokens import bare, fold, is_unspaced, tokens
from dragoman.domain.wishes.lexicon.word_lists import NAMES_FILE, Name, files

_SHORTEST_PREFIX = 3
_NO_LISTS = frozenset(
    {"cases", "toward", "origin", "within", "no_slip", "short", "short_to", "adjectives"}
)


@dataclass(slots=True)
class Entry:
    """What a phrase may be: kinds with the languages in which they are, and names."""

    kinds: dict[str, set[str]] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)


@dataclass(slots=True)
class Vocabulary:
    """`phrases` by their words; `starts`: the most words of a phrase that begins with a word."""

    phrases: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    prefixes: dict[str, Entry] = field(default_factory=dict)
    unspaced: set[str] = field(default_factory=set)
    longest: int = 1

    def add(self, phrase: str, kind: str, locale: str) -> None:
        """A phrase of a list of a language's file."""
        entry = (
            self.prefixes.setdefault(fold(phrase[:-1]), Entry())
            if phrase.endswith("*")
            else self.entry(phrase)
        )
        entry.kinds.setdefault(kind, set()).add(locale)

    def entry(self, phrase: str) -> Entry:
        """The place of a phrase, made where there is none."""
        for part in fold(phrase).split():
            if is_unspaced(part):
                self.unspaced.add(part)
                self.longest = max(self.longest, len(part))
        words = tuple(token.text for token in tokens(phrase, self.unspaced, self.longest))
        if words:
            self.starts[words[0]] = max(self.starts.get(words[0], 0), len(words))
        return self.phrases.setdefault(words, Entry())

    def of_prefix(self, word: str) -> Entry | None:
        """The entry whose star stands for the word's end."""
        for size in range(len(word), _SHORTEST_PREFIX - 1, -1):
            if word[:size] in self.prefixes:
                return self.prefixes[word[:size]]
        return None


@cache
def vocabulary() -> Vocabulary:
    """All words and names."""
    built = Vocabulary()
    for phrase, _, _ in _listed():
        if is_unspaced(phrase) and not phrase.endswith("*"):
            built.unspaced.update(fold(phrase).split())
            built.longest = max(built.longest, len(phrase))
    forms = named()
    for form, _ in forms:
        if is_unspaced(form):
            built.unspaced.update(fold(form).split())
            built.longest = max(built.longest, len(form))
    for phrase, kind, locale in _listed():
        built.add(phrase, kind, locale)
    for form, name in forms:
        built.entry(form).names.append(name)
    _add_plain(built)
    return built


def _listed() -> Iterator[tuple[str, str, str]]:
    for locale, lists in files().items():
        if locale == NAMES_FILE:
            continue
        for kind, text in lists.items():
            if kind in _NO_LISTS or kind.startswith("prefixes"):
                continue
            for phrase in str(text).split(","):
                if phrase.strip():
                    yield phrase.strip(), kind, locale


_SHORTEST_PLAIN = 4
# Without its accent this is a name of people.
_NO_PLAIN = frozenset({"roman", "dan", "ano"})


def _add_plain(built: Vocabulary) -> None:
    """The phrases without their accents, where that is no other phrase."""
    for words, entry in list(built.phrases.items()):
        plain = tuple(bare(word) for word in words)
        umlauts = tuple(bare(word.translate(_UMLAUTS)) for word in words)
        for other in {plain, umlauts} - {words}:
            if len("".join(other)) < _SHORTEST_PLAIN or other[0] in _NO_PLAIN:
                continue
            if other not in built.phrases:
                built.phrases[other] = entry
                built.starts[other[0]] = max(built.starts.get(other[0], 0), len(other))


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
