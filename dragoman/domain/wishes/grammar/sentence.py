"""A sentence as words with their kinds, and the languages that are named in it (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dragoman.domain import language
from dragoman.domain.wishes.grammar import letter
from dragoman.domain.wishes.lexicon import codes
from dragoman.domain.wishes.lexicon.names import countries, dates, is_language_first
from dragoman.domain.wishes.lexicon.spelling import misspelt
from dragoman.domain.wishes.lexicon.tokens import Token, tokens
from dragoman.domain.wishes.lexicon.vocabulary import Entry, vocabulary
from dragoman.domain.wishes.lexicon.word import Word
from dragoman.domain.wishes.lexicon.word_lists import Name

_NO_ENTRY = Entry()


@dataclass(frozen=True, slots=True)
class Mention:
    """A language named at the words `start` to `end` (not included). `mark`: said by its form."""

    tag: str
    start: int
    end: int
    locales: frozenset[str]
    mark: str | None = None
    adjective: bool = False
    is_code: bool = False
    is_typo: bool = False


@dataclass(slots=True)
class Sentence:
    """The words and mentions of a sentence."""

    words: list[Word]
    mentions: list[Mention]


def read(text: str) -> tuple[list[Sentence], str | None]:
    """The sentences of what a sender wrote, and in which language (None: not to be told)."""
    cut = [_words(part) for part in letter.sentences(text)]
    spoken = _spoken(word for words in cut for word in words)
    for words in cut:
        for word in words:
            word.spoken = spoken
    sentences = [Sentence(words, _mentions(words, spoken)) for words in cut]
    return sentences, _only(spoken)


def _only(spoken: frozenset[str]) -> str | None:
    return next(iter(spoken)) if len(spoken) == 1 else None


def _words(text: str) -> list[Word]:
    known = vocabulary()
    pieces = tokens(text, known.unspaced, known.longest)
    found: list[Word] = []
    at = 0
    while at < len(pieces):
        word, size = _word_at(pieces, at)
        found.append(word)
        at += size
    return found


def _word_at(pieces: list[Token], at: int) -> tuple[Word, int]:
    """The longest phrase that begins at a piece, and of how many pieces it is."""
    token, known = pieces[at], vocabulary()
    phrase, size = _phrase_at(pieces, at)
    code = codes.at(pieces, at) if size <= 1 else None
    if code is not None:
        name = Name(code.tag, frozenset())
        raw = "".join(piece.raw for piece in pieces[at : at + code.size])
        word = Word(raw.casefold(), raw, "flag" if token.kind == "flag" else "word", names=[name])
        word.is_code = not code.is_sure
        if word.is_code:
            word.kinds = dict(known.phrases.get((token.text,), _NO_ENTRY).kinds)
        return word, code.size
    if token.kind in ("file", "arrow"):
        return Word(token.text, token.raw, token.kind), 1
    if phrase is None:
        return _unlisted(token), 1
    text = " ".join(piece.text for piece in pieces[at : at + size])
    raw = " ".join(piece.raw for piece in pieces[at : at + size])
    kinds = dict(phrase.kinds)
    if size == 1 and (ending := known.of_prefix(text)):
        listed = set().union(*kinds.values())
        for kind, locales in ending.kinds.items():
            kinds[kind] = kinds.get(kind, set()) | (locales - listed)
    return Word(text, raw, token.kind, kinds, list(phrase.names)), size


def _phrase_at(pieces: list[Token], at: int) -> tuple[Entry | None, int]:
    """The longest listed phrase that begins at a piece; None and 0 where there is none."""
    known = vocabulary()
    for size in range(min(known.starts.get(pieces[at].text, 0), len(pieces) - at), 0, -1):
        words = tuple(piece.text for piece in pieces[at : at + size])
        if words in known.phrases:
            return known.phrases[words], size
    return None, 0


def _unlisted(token: Token) -> Word:
    if token.kind == "word":
        if token.text.isdecimal() or re.fullmatch(r"\d+(?:st|nd|rd|th|er|e|º|ª|\.)?", token.text):
            return Word(token.text, token.raw, "number")
        if token.text in dates():
            return Word(token.text, token.raw, "date")
        entry = vocabulary().of_prefix(token.text)
        if entry is not None:
            return Word(token.text, token.raw, "word", dict(entry.kinds))
    return Word(token.text, token.raw, token.kind)


_NAME_COUNTS = 2
_PHRASE_COUNTS = 2


def _spoken(words: Iterable[Word]) -> frozenset[str]:
    """The languages of most of the words; several where they are even."""
    counts: Counter[str] = Counter()
    for word in words:
        locales = set().union(*word.kinds.values()) if word.kinds else set()
        weight = _PHRASE_COUNTS if " " in word.text else 1
        # A word that is one in many languages tells little.
        for locale in locales:
            counts[locale] += weight * (3 if len(locales) == 1 else 1)
        of_names = set().union(*(name.locales for name in word.names)) if word.names else set()
        for locale in of_names:
            counts[locale] += _NAME_COUNTS if len(of_names) == 1 else 1
    if not counts:
        return frozenset()
    most = max(counts.values())
    return frozenset(locale for locale, count in counts.items() if count == most)


def _mentions(words: list[Word], spoken: frozenset[str]) -> list[Mention]:
    found: list[Mention] = []
    for index, word in enumerate(words):
        if word.names and _is_meant(words, index):
            found.append(_mention(word, index, spoken))
            if word.is_code:
                word.kinds = {}
        elif word.is_unknown and (tag := misspelt(words, index, spoken)):
            word.is_typo = True
            found.append(Mention(tag, index, index + 1, frozenset(), is_typo=True))
    placed: list[Mention] = []
    for mention in (_with_region(words, one) for one in found):
        if not placed or mention.start >= placed[-1].end:
            placed.append(mention)
    return placed


def _mention(word: Word, index: int, spoken: frozenset[str]) -> Mention:
    best = next((one for one in word.names if one.locales & spoken), word.names[0])
    alike = [one for one in word.names if one.tag == best.tag]
    locales = frozenset().union(*(one.locales for one in alike))
    mark = best.mark if all(one.mark for one in alike if one.locales & best.locales) else None
    adjective = best.adjective and all(one.adjective for one in alike)
    return Mention(best.tag, index, index + 1, locales, mark, adjective, word.is_code)


def _is_meant(words: list[Word], index: int) -> bool:
    """Whether a word that may be another one, too, names a language here."""
    word = words[index]
    if word.text in _VERBS and (index == 0 or word.raw.islower()):
        # "Polish the text" is an order of another kind.
        before = words[index - 1] if index else None
        after = words[index + 1] if index + 1 < len(words) else None
        ends = after is None or after.shape == "mark" or after.can("polite", "noun", "and")
        # "I need to polish."
        needs = (
            index > 1 and before is not None and before.can("into") and words[index - 2].can("want")
        )
        return ends and not needs and (before is None or not before.can("polite", "want"))
    if word.text in countries() and not word.is_code:
        # "Latvia" is a language in Indonesian, and "Italia" in Finnish.
        said = frozenset().union(*(name.locales for name in word.names))
        if len(words) == 1:
            return is_language_first(word.text, said, word.names[0].tag)
        if not said & word.spoken:
            return False
    if not word.kinds or word.is_code:
        return not word.is_code or codes.is_meant(words, index)
    locales = frozenset().union(*(name.locales for name in word.names))
    return not locales or bool(locales & (word.spoken or locales))


_VERBS = frozenset({"polish"})


def _with_region(words: list[Word], mention: Mention) -> Mention:
    """The mention with the region or the script that is said beside it: Portuguese (Brazil)."""
    before = mention.start - 1
    if before >= 0 and (tag := codes.region(words[before].text, mention.tag)):
        return _changed(mention, tag, before, mention.end)
    bracketed = _in_brackets(words, mention)
    if bracketed is not None:
        return bracketed
    at = mention.end
    while at < len(words) and at < mention.end + 3 and words[at].text in codes.JOINTS:
        at += 1
    if at < len(words) and (tag := codes.region(words[at].text, mention.tag)):
        end = at + 1
        if end < len(words) and words[end].text in codes.CLOSING:
            end += 1
        return _changed(mention, tag, mention.start, end)
    return mention


def _in_brackets(words: list[Word], mention: Mention) -> Mention | None:
    """The mention with the region that stands in brackets after it, of up to four words."""
    if mention.end >= len(words) or words[mention.end].text not in "(（":
        return None
    inside = words[mention.end + 1 : mention.end + 6]
    end = next((at for at, word in enumerate(inside) if word.text in codes.CLOSING), None)
    if not end:
        return None
    said = Counter(tag for word in inside[:end] for tag in codes.regions(word.text, mention.tag))
    if not said:
        return None
    tag = said.most_common(1)[0][0]
    return _changed(mention, tag, mention.start, mention.end + 2 + end)


def _changed(mention: Mention, tag: str, start: int, end: int) -> Mention:
    return Mention(
        tag,
        start,
        end,
        mention.locales,
        mention.mark,
        adjective=False,
        is_code=mention.is_code,
        is_typo=mention.is_typo,
    )


def base_tags(mentions: Iterable[Mention]) -> Iterator[str]:
    """The languages alone."""
    return (language.base(mention.tag) for mention in mentions)
