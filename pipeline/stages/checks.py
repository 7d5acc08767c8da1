"""Whether a text's translation can be believed, told without a model.

Pure, and the same for every engine.

Engines drop texts, answer with the source, lose tags and figures, stop in the middle, or say that
they would rather not. Each check knows one of these ways, and leaves alone what a sound engine
does: names stay as they are, short texts grow.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from dragoman.domain import language
from pipeline.stages import figures, markup, protection

_TAG = re.compile(r'<(/?)([gx])\b(?:\s+id="(\d+)")?\s*/?>')
_WORD = re.compile(r"[^\W\d_]{2,}")
_STOP = re.compile(r"[.!?。！？]\s*$")
# Numbers that other languages write as words or with other digits: 5月 (May), 20th century (XXe
# siècle), 1.5 billion (15億), a 3-way merge (de tres vías).
_REWORDED = re.compile(
    r"\d{1,2}月|(?<![\w-])\d-[a-z]{2,}|\d+(?:st|nd|rd|th)\b|\d+(?:[.,]\d+)?["
    r" \u00a0](?:hundred|thousand|[mb]illion|trillion|Mio|Mrd|Milli(?:on|ard)en?)\b|\d+(?:\.\d+)?[万億亿兆]"  # noqa: E501
)
_REFUSAL = re.compile(
    r"(?:I(?:['’]| a)m (?:very )?(?:sorry|unable|afraid)|Sorry,|I can(?:not|['’]t)|I won['’]t|I"
    r" must decline|As an AI|I apologi[sz]e|Unfortunately, I)"
    r"[^\n]{0,120}\b(?:assist|help|translat\w+|fulfil\w*|comply|provide|request|language model)\b",
    re.IGNORECASE,
)
_AROUND = ".,;:!?()[]{}\"'“”„«»’"
ECHOED_WORDS = 4  # so many lower-case words are no name, title or list of them
LEAST_WORDS = 0.7  # of the characters of a text that is language, not code
JUDGED_LETTERS = 12  # fewer tell nothing about the script of a text
SHORT = 60  # characters; the length of shorter texts says nothing
LEAST_SHARE, MOST_SHARE = 0.35, 4.0  # of the source's length
OPEN_SHARE = 0.85  # of a sentence without an end
CUT_CHARACTERS = 40  # a source that long, which ends with a full stop, has a translation that does
# Writing in syllables and ideographs says the same in fewer characters: how many of an alphabet
# one stands for, at least, measured on translations by people (bench/README.md).
_DENSE = {"zh": 3.4, "yue": 3.4, "ja": 2.6, "ko": 2.6}
_WITHOUT_STOPS = frozenset({"th", "lo", "km", "my", "bo"})
_SCRIPTS = {
    "CYRILLIC": "ab av ba be bg ce cv kk ky mk mn os ru sah sr tg tt uk uz",
    "GREEK": "el",
    "ARABIC": "ar ckb fa ks ku pa ps sd ug ur",
    "HEBREW": "he yi",
    "DEVANAGARI": "bho hi mai mr ne sa sd ks",
    "BENGALI": "as bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "LAO": "lo",
    "MYANMAR": "my",
    "KHMER": "km",
    "ETHIOPIC": "am ti",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "TIBETAN": "bo dz",
    "HANGUL": "ko",
    "CJK": "ja zh yue ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
}
_BY_LANGUAGE: dict[str, frozenset[str]] = {
    tag: frozenset(script for script, tags in _SCRIPTS.items() if tag in tags.split())
    for tag in {one for tags in _SCRIPTS.values() for one in tags.split()}
}
_BOTH = frozenset(
    {"az", "bs", "kk", "ku", "mn", "pa", "sr", "tg", "tk", "tt", "uz"}
)  # written in Latin letters as well


class Doubt(StrEnum):
    """Why a translation is not believed."""

    MISSING = "missing"
    EMPTY = "empty"
    ECHO = "echo"
    REFUSED = "refused"
    SCRIPT = "script"
    LANGUAGE = "language"
    CUT = "cut"
    TAGS = "tags"
    NUMBER = "number"
    LENGTH = "length"
    TERM = "term"
    SENTENCE = "sentence"

    @property
    def is_useless(self) -> bool:
        """Whether the original serves a reader better.

        With the others a reader only has to look twice.
        """
        return self not in (Doubt.TAGS, Doubt.NUMBER, Doubt.TERM, Doubt.SENTENCE)


def doubt(
    source: str, answer: str | None, source_lang: str | None, target_lang: str
) -> Doubt | None:
    """What is wrong with the marked-up `answer` to the marked-up `source`; None: nothing that
    can be told.
    """
    if answer is None:
        return Doubt.MISSING
    said, meant = markup.plain(answer).strip(), markup.plain(source).strip()
    if not protection.has_words(meant):
        return None
    if not any(map(str.isalnum, said)):
        return Doubt.EMPTY
    wrong = next(_in_the_words(meant, said, source_lang, target_lang), None)
    return Doubt.TAGS if wrong in (None, Doubt.NUMBER) and tags(answer) != tags(source) else wrong


def _in_the_words(
    meant: str, said: str, source_lang: str | None, target_lang: str
) -> Iterator[Doubt]:
    """What is wrong with a plain answer that has words, the worst first."""
    if _REFUSAL.match(said) and not _REFUSAL.match(meant):
        yield Doubt.REFUSED
    if is_echo(meant, said) and not language.same(source_lang, target_lang):
        yield Doubt.ECHO
    if _is_of_another_script(meant, said, target_lang):
        yield Doubt.SCRIPT
    size = _size(meant, said, source_lang, target_lang)
    if size is not None:
        yield size
    if next(figures.lost_numbers(_REWORDED.sub(" ", meant), said), None):
        yield Doubt.NUMBER


def tags(text: str) -> Counter[str]:
    """The tags of a marked-up text; a `</g>` that closes nothing is one of its own."""
    found: Counter[str] = Counter()
    open_ = 0
    for slash, kind, number in _TAG.findall(text):
        if slash:
            found["closed" if open_ else "stray"] += 1
            open_ = max(open_ - 1, 0)
        else:
            found[f"{kind}{number}"] += 1
            open_ += kind == "g"
    return found


def is_echo(meant: str, said: str) -> bool:
    """Whether an answer is the source again.

    Names, titles and codes may be: it takes some words that begin small.
    """
    if _bare(meant) != _bare(said):
        return False
    words = _WORD.findall(meant)
    signs = len("".join(meant.split()))
    if sum(map(len, words)) < LEAST_WORDS * signs:
        return False
    # a name of parts (bits-in-byte) is one, and no word
    tokens = [token.strip(_AROUND) for token in meant.split()]
    small = [
        token for token in tokens if token.isalpha() and len(token) > 1 and not token[0].isupper()
    ]
    return len(small) >= ECHOED_WORDS or sum(map(protection.is_unspaced, meant)) >= 2 * ECHOED_WORDS


def scripts_of(target_lang: str) -> frozenset[str]:
    """The scripts that a language is written in, as Unicode's names of their letters begin."""
    base = language.base(target_lang)
    own = _BY_LANGUAGE.get(base, frozenset({"LATIN"}))
    return own | {"LATIN"} if base in _BOTH else own


def script_of(text: str) -> str | None:
    """The script of most letters; None: too few letters to tell."""
    if text.isascii():
        return "LATIN" if sum(map(str.isalpha, text)) >= JUDGED_LETTERS else None
    counted = Counter(_script(one) for one in text if one.isalpha())
    if counted.total() < JUDGED_LETTERS:
        return None
    return counted.most_common(1)[0][0]


def _is_of_another_script(meant: str, said: str, target_lang: str) -> bool:
    """Whether most letters are of a script that neither the target language nor the source has."""
    script = script_of(said)
    if script is None or script in scripts_of(target_lang):
        return False
    return script != script_of(meant)


def _size(meant: str, said: str, source_lang: str | None, target_lang: str) -> Doubt | None:
    if len(meant) < CUT_CHARACTERS:
        return Doubt.LENGTH if len(said) > MOST_SHARE * max(len(meant), SHORT) else None
    share = _weight(said, target_lang) / _weight(meant, source_lang)
    if len(meant) >= SHORT and share < LEAST_SHARE:
        return Doubt.CUT
    if share > MOST_SHARE:
        return Doubt.LENGTH
    stops = language.base(target_lang) not in _WITHOUT_STOPS
    # An engine may close a sentence in a way of its own; one that is left open and short was cut.
    open_ = stops and _STOP.search(meant) and said[-1:].isalnum()
    return Doubt.CUT if open_ and share < OPEN_SHARE else None


def _weight(text: str, lang: str | None) -> float:
    """How much a text says, in characters of an alphabet."""
    if lang is None or text.isascii():
        return float(len(text))
    return len(text) * _DENSE.get(language.base(lang), 1.0)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


@lru_cache(4096)
def _script(one: str) -> str:
    return unicodedata.name(one, "?").split(" ", 1)[0].split("-", 1)[0]
