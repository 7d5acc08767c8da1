"""What is asked for beside the language: pages, layout, tone, a glossary, a password (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from dragoman.domain.job import Layout, Tone
from dragoman.domain.wishes.grammar.clauses import Clause
from dragoman.domain.wishes.lexicon import vocabulary, word_lists
from dragoman.domain.wishes.lexicon.tokens import fold, is_unspaced
from dragoman.domain.wishes.lexicon.word import Word

_JAPANESE_END = re.compile(r"(?:です|でございます)[。.]?$")  # glued to the word before it
_FEW = 3  # words between "except" and the pages
_STRONG_TONES = ("formal", "informal")
_CONNECTED = (
    r"(?:\s*(?:は|是|为|為|:|：|=)\s*|\s+(?:is|ist|lautet|est|es|è|é|jest|är|er|on|to)\s*:?\s+)"
)
_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that was found in a text, and the text without it."""

    value: str | None
    rest: str


def password(text: str) -> Taken:
    """The password that a text tells, and the text without it: it may hold anything."""
    for found in _password().finditer(text):
        secret = _JAPANESE_END.sub("", found["secret"]).rstrip(".,;!。").strip("\"'“”„«»")
        if secret and (fold(secret),) not in vocabulary.vocabulary().phrases:
            rest = f"{text[: found.start('secret')]} {text[found.end('secret') :]}"
            return Taken(secret, rest)
    return Taken(None, text)


def pages(text: str) -> Taken:
    """The pages that a text names, as `1-5,9`, and the text without them."""
    text = text.translate(_DIGITS)
    for pattern, reader in ((_first(), _read_first), (_onward(), _read_onward), (_list(), _read)):
        found = pattern.search(text)
        value = reader(found) if found else None
        if found and value and not _is_left_out(text[: found.start()]):
            return Taken(value, f"{text[: found.start()]} {text[found.end() :]}")
    return Taken(None, text)


def _is_left_out(before: str) -> bool:
    """Whether the pages are those that are not wanted: "all but page 1"."""
    last = fold(re.split(r"[.;!?\n]", before)[-1]).split()[-_FEW:]
    words = {word for kind in ("except", "keep", "not") for word in _all(kind)}
    words = {word for word in words if len(word) > 2}  # noqa: PLR2004 - "en" is a "not" in Finnish
    return any(word.strip(".,:;") in words for word in last)


def tone(clauses: Iterable[Clause]) -> Tone | None:
    """The tone that the clauses ask for: beside a language, beside "tone", or alone."""
    for clause in clauses:
        for index, word in enumerate(clause.words):
            kinds = [kind.value for kind in Tone if word.can(kind.value)]
            if kinds and _is_tone(clause, index, kinds[-1]):
                return Tone(kinds[-1])
    return None


def layout(words: Iterable[Word]) -> Layout | None:
    """The layout that the words ask for."""
    for word in words:
        if word.can("alternating"):
            return Layout.ALTERNATING
        if word.can("side_by_side"):
            return Layout.SIDE_BY_SIDE
    return None


def _is_tone(clause: Clause, index: int, kind: str) -> bool:
    words: Sequence[Word] = clause.words
    after = words[index + 1] if index + 1 < len(words) else None
    beside = words[max(index - 1, 0) : index + 2]
    is_alone = after is None or after.shape != "word" or after.can("style", "polite", "noun", "in")
    near_language = any(word.names for word in beside)
    if kind in _STRONG_TONES:
        return is_alone or near_language
    return near_language or any(word.can("style") for word in words)


@cache
def _password() -> re.Pattern[str]:
    words = _alternatives("password")
    return re.compile(
        rf"(?<!\w)(?:{words})(?:\s+(?:for|für|pour|para|per)\s+\S+)?{_CONNECTED}(?P<secret>\S+)",
        re.IGNORECASE,
    )


@cache
def _list() -> re.Pattern[str]:
    one = rf"\d{{1,4}}(?:\s*(?:-|–|—|〜|～|{_alternatives('thru')})\s*(?:(?:{_page()})\s*)?第?\d{{1,4}})?"
    joint = rf"\s*(?:,|;|&|\+|、|{_alternatives('and')})\s*(?:{_page()})?\s*"
    numbers = rf"{one}(?:{joint}{one}){{0,20}}"
    spaced = rf"(?<!\w)(?:{_page()})\.?\s*(?P<after>{numbers})(?!\w)"
    glued = rf"(?<![\d,;])第?(?P<before>{numbers})\s*(?:{_page(glued=True)})"
    return re.compile(f"{spaced}|{glued}", re.IGNORECASE)


@cache
def _first() -> re.Pattern[str]:
    count = rf"(?:\d{{1,3}}|{_alternatives('numbers')})"
    first, page = _alternatives("first"), _page()
    return re.compile(
        rf"(?<!\w)(?:{first})\s+(?:(?P<one>{count})\s+)?(?:{page})(?!\w)"
        rf"|(?<!\w)(?P<two>{count})\s+(?:{first})\s+(?:{page})(?!\w)"
        rf"|(?:前|最初の)(?P<three>\d{{1,3}})\s*(?:{_page(glued=True)})",
        re.IGNORECASE,
    )


@cache
def _onward() -> re.Pattern[str]:
    page = _page()
    return re.compile(
        rf"(?<!\w)(?:from|ab|à partir de la|desde la|dalla|da|a partir da|vanaf|od)\s+(?:{page})\s*"
        rf"(?P<number>\d{{1,4}})(?:\s+(?:{_alternatives('onward')}))?(?!\s*(?:to|bis|-|–|\d))(?!\w)",
        re.IGNORECASE,
    )


def _read(found: re.Match[str]) -> str | None:
    text = found["after"] or found["before"]
    parts = [(part[1], part[2]) for part in re.finditer(r"(\d{1,4})(\D*)", text)]
    shown = ""
    for at, (number, gap) in enumerate(parts):
        joint = _joint(gap) if gap and at + 1 < len(parts) else ""
        is_lone = at == 0 or parts[at - 1][1] == "" or not shown.endswith("-")
        is_next = bool(joint) and int(parts[at + 1][0]) == int(number) + 1
        last = at + 2 == len(parts)
        shown += number + ("-" if joint == "," and is_lone and is_next and last else joint)
    return shown or None


def _joint(gap: str) -> str:
    """What stands between two numbers: a range, or the next of a list."""
    # "s" is short for "Seite", and also the last letter of "bis".
    page = rf"(?<!\w)(?:{_page()})(?!\w)|{_page(glued=True)}"
    bare = re.sub(rf"{page}|第|\s", "", gap, flags=re.IGNORECASE).casefold()
    through = {word.replace(" ", "") for word in _all("thru")} | {"-", "–", "—", "〜", "～"}
    return "-" if bare in through else ","


def _read_first(found: re.Match[str]) -> str | None:
    said = (found["one"] or found["two"] or found["three"] or "1").casefold()
    count = int(said) if said.isdecimal() else _number(said)
    return "1" if count == 1 else f"1-{count}"


def _read_onward(found: re.Match[str]) -> str | None:
    return f"{found['number']}-"


@cache
def _number(word: str) -> int:
    for locale in word_lists.files():
        numbers = word_lists.listed(locale, "numbers")
        if fold(word) in numbers:
            return numbers.index(fold(word)) + 1
    return 1


def _page(*, glued: bool = False) -> str:
    words = [word for word in _all("pages") if is_unspaced(word) or not glued]
    return "|".join(re.escape(word) for word in words)


def _alternatives(kind: str) -> str:
    return "|".join(re.escape(word) for word in _all(kind))


@cache
def _all(kind: str) -> tuple[str, ...]:
    words = {word for locale in word_lists.files() for word in word_lists.listed(locale, kind)}
    return tuple(sorted((word.rstrip("*") for word in words), key=len, reverse=True))
