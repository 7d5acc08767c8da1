"""Clauses of a sentence, and the languages that are named together in each (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dragoman.domain.wishes.grammar.sentence import Mention, Sentence
from dragoman.domain.wishes.lexicon.word import Word

_ENDS = frozenset("=,،;:!?.—–(（，、：；。！？)）")
_ARROWS = frozenset({"-", ">", "–"})


@dataclass(frozen=True, slots=True)
class Group:
    """Languages said in one breath: "German, French and Spanish". `is_choice`: with "or"."""

    mentions: tuple[Mention, ...]
    is_choice: bool = False

    @property
    def start(self) -> int:
        """Where it begins among the words."""
        return self.mentions[0].start

    @property
    def end(self) -> int:
        """Where it ends, not included."""
        return self.mentions[-1].end

    @property
    def tags(self) -> tuple[str, ...]:
        """Its languages."""
        return tuple(dict.fromkeys(mention.tag for mention in self.mentions))

    @property
    def locales(self) -> frozenset[str]:
        """The languages in which its names are said."""
        return frozenset().union(*(mention.locales for mention in self.mentions))


@dataclass(slots=True)
class Clause:
    """Words `start` to `end` (not included) of a sentence, and the groups in them."""

    sentence: Sentence
    start: int
    end: int
    groups: list[Group] = field(default_factory=list)

    @property
    def words(self) -> list[Word]:
        """Its words."""
        return self.sentence.words[self.start : self.end]

    def before(self, group: Group) -> list[Word]:
        """Its words before a group."""
        return self.sentence.words[self.start : group.start]

    def after(self, group: Group) -> list[Word]:
        """Its words after a group."""
        return self.sentence.words[group.end : self.end]

    def others(self) -> Iterator[Word]:
        """Its words that belong to no group."""
        for index in range(self.start, self.end):
            if not any(group.start <= index < group.end for group in self.groups):
                yield self.sentence.words[index]


def clauses(sentence: Sentence) -> list[Clause]:
    """The clauses of a sentence: between commas, before "but", before an "and" of no list."""
    groups = _groups(sentence)
    inside = {index for group in groups for index in range(group.start, group.end)}
    found: list[Clause] = []
    start = 0
    for index, word in enumerate(sentence.words):
        if index in inside:
            continue
        if word.text in _ENDS and word.shape == "mark":
            found.append(Clause(sentence, start, index))
            start = index + 1
        elif word.can("but", "and") and index > start and not _is_between_files(sentence, index):
            if word.can("noun") or (word.can("small") and not word.can("but")):
                continue
            found.append(Clause(sentence, start, index))
            start = index + 1
    found.append(Clause(sentence, start, len(sentence.words)))
    for clause in found:
        clause.groups = [one for one in groups if clause.start <= one.start < clause.end]
    return [clause for clause in found if clause.start < clause.end]


def _is_between_files(sentence: Sentence, index: int) -> bool:
    around = sentence.words[max(index - 1, 0) : index + 2]
    return sum(word.shape == "file" for word in around) > 1


def _groups(sentence: Sentence) -> list[Group]:
    found: list[Group] = []
    mentions: list[Mention] = []
    is_choice = False
    for mention in sentence.mentions:
        gap = sentence.words[mentions[-1].end : mention.start] if mentions else []
        if mentions and _is_joined(sentence, mentions, mention, gap):
            is_choice = is_choice or any(word.can("or") or word.text == "/" for word in gap)
            mentions.append(mention)
            continue
        if mentions:
            found.append(Group(tuple(mentions), is_choice))
        mentions, is_choice = [mention], False
    if mentions:
        found.append(Group(tuple(mentions), is_choice))
    return found


def _is_joined(
    sentence: Sentence, mentions: Sequence[Mention], mention: Mention, gap: Sequence[Word]
) -> bool:
    """Whether a mention goes on with a list."""
    if not gap:
        flags = (sentence.words[mentions[-1].start].shape, sentence.words[mention.start].shape)
        return flags == ("flag", "flag") or _glued(mentions[-1], mention)
    if _begins_pair(sentence, mentions[0], mention):
        return False
    near = mention.locales
    has_and = any(word.can("and", near=near) for word in gap)
    if not all(_may_join(one, near) or (has_and and one.can("also")) for one in gap):
        return False
    joins = [word for word in gap if word.text in ",،、，&+/" or word.can("and", "or", near=near)]
    if not joins:
        return False
    conjunctions = any(word.can("and", "or", near=near) or word.text in "&+/" for word in gap)
    is_list = conjunctions or not _follows_refusal(sentence, mentions[0])
    mark = _mark(gap, near) or mention.mark
    first = mentions[0].mark or _mark(sentence.words[: mentions[0].start][-3:], near)
    if mark is not None and first is None and not conjunctions:
        return False
    return is_list and (mark is None or first is None or (mark == "from") == (first == "from"))


def _begins_pair(sentence: Sentence, first: Mention, mention: Mention) -> bool:
    """Whether it begins a second pair: EN-FR and EN-DE."""
    after = sentence.words[mention.end : mention.end + 1]
    before = sentence.words[max(first.start - 1, 0) : first.start]
    return any(is_arrow(word) for word in after) and any(is_arrow(word) for word in before)


def _glued(one: Mention, other: Mention) -> bool:
    """Whether the second name has an "and" glued on, as in Arabic and Hebrew."""
    return bool({"ar", "he"} & one.locales & other.locales) and one.mark != "from"


def _may_join(word: Word, near: frozenset[str]) -> bool:
    if word.text in ",،、，&+/":
        return True
    if word.can("not", "instead", "but", near=near):
        return False
    kinds = ("and", "or", "into", "in", "noun", "after_into", "after_in", "after_from")
    if word.can(*kinds, near=near):
        return True
    is_more = word.can("polite", "want", "ask", "is", "also", near=near)
    return word.can("small", near=near) and not is_more


def _mark(words: Sequence[Word], near: frozenset[str]) -> str | None:
    for word in reversed(words):
        for kind in ("from", "into", "in"):
            if word.can(kind, near=near) and not word.can("and", near=near):
                return kind
    return None


def _follows_refusal(sentence: Sentence, mention: Mention) -> bool:
    """Whether "not" stands right before: "not German, French" is no list."""
    for word in reversed(sentence.words[max(mention.start - 4, 0) : mention.start]):
        if word.can("not", "instead", "speak"):
            return True
        if not word.can("into", "in", "from", "small", "ask", "noun", "want", "with"):
            return False
    return False


def is_arrow(word: Word) -> bool:
    """Whether it points from one language to another."""
    return word.shape == "arrow" or word.text in _ARROWS
