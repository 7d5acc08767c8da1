"""Codes (EN, pt-BR, ger), flags, regions: what stands for a language without being its name
(pure).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dragoman.domain import language
from dragoman.domain.wishes.lexicon import word_lists
from dragoman.domain.wishes.lexicon.names import OFTEN
from dragoman.domain.wishes.lexicon.tokens import Token, bare, fold
from dragoman.domain.wishes.lexicon.word import Word

_INDICATOR_A = 0x1F1E6  # Unicode's regional indicator A
# Words or abbreviations that no sentence means as languages, however they are written.
_WORDS = frozenset(
    [
        "it",
        "is",
        "no",
        "in",
        "to",
        "so",
        "as",
        "am",
        "an",
        "he",
        "hi",
        "my",
        "me",
        "or",
        "us",
        "at",
        "be",
        "id",
        "pa",
    ]
)
# All that a message says, such a word is nothing else.
_ALONE = frozenset({"it"})
_SHOUTED = frozenset(
    [
        "IT",
        "HR",
        "ID",
        "PR",
        "PS",
        "OS",
        "QA",
        "AM",
        "PM",
        "IS",
        "NO",
        "TO",
        "SO",
        "OR",
        "AI",
        "PA",
        "ET",
        "CEO",
        "CV",
        "EU",
        "UK",
        "US",
    ]
)
# What hyphenated codes are no pair of languages but one language of a region.
_REGIONAL = frozenset(
    [
        "pt-br",
        "pt-pt",
        "zh-tw",
        "zh-cn",
        "zh-hk",
        "zh-sg",
        "zh-hans",
        "zh-hant",
        "en-us",
        "en-gb",
        "en-uk",
        "en-au",
        "en-ca",
        "en-ie",
        "en-nz",
        "en-in",
        "en-za",
        "fr-ca",
        "fr-be",
        "fr-ch",
        "fr-fr",
        "fr-lu",
        "de-at",
        "de-ch",
        "de-de",
        "de-li",
        "es-mx",
        "es-es",
        "es-419",
        "es-us",
        "es-co",
        "es-cl",
        "es-pe",
        "nl-be",
        "nl-nl",
        "it-it",
        "it-ch",
        "sv-se",
        "sv-fi",
        "nb-no",
        "da-dk",
        "ja-jp",
        "ko-kr",
        "pl-pl",
        "ru-ru",
        "tr-tr",
        "pt-ao",
        "ar-eg",
        "ar-sa",
        "ar-ae",
        "ms-my",
        "fi-fi",
        "cs-cz",
        "hu-hu",
        "ro-ro",
        "uk-ua",
        "el-gr",
        "he-il",
        "hi-in",
        "th-th",
        "vi-vn",
        "id-id",
        "sr-latn",
        "sr-cyrl",
        "bg-bg",
        "hr-hr",
        "sk-sk",
        "sl-si",
        "lt-lt",
        "lv-lv",
        "et-ee",
    ]
)
# One language of a region and a pair of languages, both in use: it has to be asked.
AMBIGUOUS = frozenset({"es-ar", "ar-es"})
JOINTS = frozenset(
    [
        "the",
        "(",
        "（",
        ",",
        "of",
        "from",
        "du",
        "de",
        "do",
        "da",
        "del",
        "dos",
        "as",
        "aus",
        "in",
        "en",
        "em",
        "-",
        "–",
        "le",
        "la",
        "el",
        "o",
    ]
)
CLOSING = frozenset({")", "）"})
_PARTS = 3  # code, hyphen, code


@dataclass(frozen=True, slots=True)
class Code:
    """`is_sure`: it can be nothing else, such as a flag or `pt-BR`. `size`: of how many tokens."""

    tag: str
    size: int
    is_sure: bool


def at(pieces: Sequence[Token], index: int) -> Code | None:
    """The code or flag that begins at a piece, None for none."""
    token = pieces[index]
    if token.kind == "flag":
        tag = of_flag(token.text)
        return Code(tag, 1, is_sure=True) if tag else None
    if token.kind != "word":
        return None
    if not token.raw.isascii():
        return _short(pieces, index)
    following = pieces[index + 1 : index + _PARTS]
    is_pair = len(following) == _PARTS - 1 and following[0].text in ("-", "_")
    if is_pair and (tag := regional(f"{token.text}-{following[1].text}")):
        after = pieces[index + _PARTS].text if index + _PARTS < len(pieces) else ""
        if after != "-":
            return Code(tag, _PARTS, is_sure=True)
    tag = of_code(token.text)
    return Code(tag, 1, is_sure=False) if tag else None


def _short(pieces: Sequence[Token], index: int) -> Code | None:
    """A language by one character, in a pair: 中译英, 日→独."""
    if len(pieces[index].text) != 1:
        return None
    for locale in ("zh", "ja"):
        names = dict(one.split("=") for one in word_lists.listed(locale, "short"))
        joints = word_lists.listed(locale, "short_to")
        for first in (index, index - _PARTS + 1):
            three = [piece.text for piece in pieces[max(first, 0) : max(first, 0) + _PARTS]]
            is_pair = first >= 0 and len(three) == _PARTS and three[1] in joints
            if is_pair and three[0] in names and three[2] in names:
                return Code(names[pieces[index].text], 1, is_sure=True)
    return None


def regional(text: str) -> str | None:
    """The tag of a language of a region or a script, None where it is no such thing."""
    if text.replace("_", "-") not in _REGIONAL:
        return None
    known = text.replace("_", "-").replace("en-uk", "en-gb")
    return language.parse(known)


def of_code(text: str) -> str | None:
    """The language of a code of two or three letters, None for none that is in use."""
    listed: str | None = word_lists.files()[word_lists.NAMES_FILE]["codes"].get(text)
    return listed or (text if text in OFTEN else ("nb" if text == "no" else None))


def of_flag(text: str) -> str | None:
    """The language of a flag, written in Unicode or as `:flag-de:`."""
    if text.startswith(":"):
        country = text.strip(":").removeprefix("flag-")
    else:
        country = "".join(chr(ord(char) - _INDICATOR_A + ord("a")) for char in text)
    found: str | None = word_lists.files()[word_lists.NAMES_FILE]["flags"].get(country)
    return found


def is_meant(words: Sequence[Word], index: int) -> bool:  # noqa: PLR0911 - one rule a line
    """Whether a code in a sentence is one: half of them are words of some language."""
    word = words[index]
    before = words[index - 1] if index else None
    after = words[index + 1] if index + 1 < len(words) else None
    if _is_in_pair(words, index):
        return True
    if not (word.raw.isupper() or word.raw.islower()):
        return False
    alone = all(
        other.is_code or other.shape in ("mark", "arrow") or other.can("polite", "and", "or")
        for other in words
    )
    if alone and sum(other.is_code for other in words) > 1:
        return True
    if word.text in _WORDS:
        if _is_labelled(words, index) or (len(words) == 1 and word.raw in _ALONE):
            return True
        return word.raw in _SHOUTED and before is not None and before.can("into") and not alone
    if alone:
        is_small = word.raw.islower() and word.can("yes", "no", "and", "or", "polite", "thanks")
        return word.raw not in _SHOUTED and not is_small
    if word.raw.isupper():
        return word.raw not in _SHOUTED
    ends = after is None or not (after.names and not after.is_code)
    if before is not None and before.text.endswith((":", "：", "=")) and ends:
        return True
    is_marked = before is not None and before.can("into")
    is_last = after is None or after.shape == "mark" or after.can("polite", "and", "formal")
    is_bare = all(one is word or one.can("into", "polite") or one.shape == "mark" for one in words)
    is_small = bool(word.kinds.get("small", set()) & word.spoken)
    return is_marked and is_last and (is_bare or not is_small)


def _is_labelled(words: Sequence[Word], index: int) -> bool:
    """Whether it is all that follows a label, but for a tone: "to: it formal"."""
    label = [word.text for word in words[:index]]
    rest = words[index + 1 :]
    is_label = len(label) == 2 and words[0].can("into", "noun", "style") and label[1] in ":：="  # noqa: PLR2004
    return is_label and all(word.shape == "mark" or word.can("formal", "informal") for word in rest)


def _is_in_pair(words: Sequence[Word], index: int) -> bool:
    """Whether it stands beside another code: EN-DE, en>fr, ENG to GER."""
    for step in (-1, 1):
        joint, other = index + step, index + 2 * step
        if 0 <= other < len(words) and words[other].names and words[joint].text:
            is_joint = words[joint].shape == "arrow" or words[joint].text in ("-", ">", "/", "–")
            is_list = words[joint].text in (",", "+", "&") or words[joint].can("and")
            both = words[index].raw.isupper() and words[other].raw.isupper()
            if is_list and both and words[other].is_code and words[other].raw not in _SHOUTED:
                return True
            is_word = (
                "into" in words[joint].kinds
                and words[index].raw.isupper() == words[other].raw.isupper()
            )
            short = words[index].raw.isupper() or all(
                one.is_code or one.can("into", "polite") or one.shape == "mark" for one in words
            )
            if words[other].is_code and (is_joint or (is_word and short)):
                return True
    return False


@cache
def _regions() -> dict[str, tuple[str, ...]]:
    """Each word for a region -> the tags that it may make."""
    found: dict[str, tuple[str, ...]] = {}
    for tag, words in word_lists.files()[word_lists.NAMES_FILE]["regions"].items():
        for word in fold(words).split():
            for form in {word, bare(word)}:
                found[form] = (*found.get(form, ()), tag)
    return found


def regions(word: str, tag: str) -> tuple[str, ...]:
    """The tags that a language may get from a word for a region or a script beside it."""
    candidates = _regions().get(word, ()) or _regions().get(bare(word), ())
    base = language.base(tag)
    return tuple(one for one in candidates if language.base(one) == base)


def region(word: str, tag: str) -> str | None:
    """The first of `regions`, None for none."""
    return next(iter(regions(word, tag)), None)
