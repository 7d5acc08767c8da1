"""Names of languages with a slip of the pen: "Germn", "Frensh" (pure).

A slip is taken for the name only where a language has to stand, one letter away, and where the
word is no country and nothing else that is known; two letters away it is only asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from dragoman.domain import language
from dragoman.domain.wishes.lexicon import names, word_lists
from dragoman.domain.wishes.lexicon.tokens import bare, fold, is_unspaced
from dragoman.domain.wishes.lexicon.word import Word

_SHORTEST = 6  # letters of a name; "Greek" is one letter from "green"
_SHORT_SENTENCE = 4  # words


def misspelt(words: Sequence[Word], index: int, spoken: frozenset[str]) -> str | None:
    """The language that an unknown word is a slip of, None for none."""
    word = bare(words[index].text)
    if word in word_lists.listed("en", "no_slip") or len(word) < _SHORTEST - 1:
        return None
    if fold(words[index].text) in names.countries():
        return None
    if not _is_expected(words, index):
        return None
    found = {tag for name, tag in _names(spoken) if _is_slip(word, name)}
    return next(iter(found)) if len(found) == 1 else None


def _is_expected(words: Sequence[Word], index: int) -> bool:
    """After a mark ("into"), before "translation", or among nothing but small words."""
    before = [one for one in words[:index] if not one.can("small") or one.can("into", "in")]
    if before and before[-1].can("into", "in"):
        return True
    if len(words) == 1:
        return words[0].raw.islower()
    others = [one for at, one in enumerate(words) if at != index and one.shape == "word"]
    fillers = all(one.can("polite", "noun", "ask", "also") or one.names for one in others)
    return len(others) < _SHORT_SENTENCE and bool(others) and fillers


@cache
def _names(spoken: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Names of frequent languages in the message's language and in English, without accents."""
    wanted = spoken | {"en"}
    return frozenset(
        (bare(form), language.base(name.tag))
        for form, name in names.named()
        if language.base(name.tag) in names.OFTEN
        and len(form) >= _SHORTEST
        and " " not in form
        and not is_unspaced(form)
        and (name.locales & wanted)
    )


def _is_slip(word: str, name: str) -> bool:
    """Whether one letter is wrong, missing, too many, or two have changed places."""
    if word == name + "s":  # "Germans" are people
        return False
    if word[:1] != name[:1] or abs(len(word) - len(name)) > 1 or word == name:
        return word == name
    first = next(
        (at for at, (one, other) in enumerate(zip(word, name, strict=False)) if one != other),
        min(len(word), len(name)),
    )
    rest, of_name = word[first:], name[first:]
    swapped = rest[:2] == of_name[:2][::-1] and rest[2:] == of_name[2:] and len(rest) > 1
    return rest[1:] == of_name[1:] or rest[1:] == of_name or rest == of_name[1:] or swapped
