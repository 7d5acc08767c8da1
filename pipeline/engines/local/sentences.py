"""One sentence after the other through the model, and each answer looked over. Pure but for `Ask`.

The models are small: they drop signs and figures, add remarks in brackets, and write titles in
capitals half in small letters. What can be mended is mended here; what is lost is asked for again
with more of the sentence held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pipeline.engines.local import kept_pieces, standins
from pipeline.engines.local.marked import FIRST_HOLE, HOLE, LAST_HOLE, xml
from pipeline.stages import figures, markup

Ask = Callable[[str], str]
OnKept = Callable[[str], object]
"""Is told a sentence that stays in the original, since no try kept all that must not be lost."""
_BRACKETED_HOLE = re.compile(rf"[(\[][^()\[\]]*{HOLE.pattern}")
_DASHES = "\u2013\u2014\u2015"
_HELD = re.compile(rf"{kept_pieces.FIGURES.pattern}|[^\w\s]")
_DASH = re.compile(r"\s*[\u2013\u2014\u2015]\s*")
_ANY_DASH = re.compile(r"\s+[-\u2013\u2014\u2015]+\s+|\s*[\u2013\u2014\u2015]\s*")
_ROUND = re.compile(r"[“”„«»]")
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_LABEL = re.compile(
    rf"([A-Z][A-Z &,/-]{{3,}}:)\s+(?=\S)|([A-Z]{{2,}}(?: [A-Z]+)+)(?=\s?{HOLE.pattern})"
)  # SUMMARY: We propose …
_SHOUTED = re.compile(r"(?<!\w)[A-Z]{2,}(?: [A-Z]{2,})+(?!\w)")
_OPEN = re.compile(r"\s*[(\[](?=[^()\[\]]*$)")
# After these no sentence ends, whatever the library says.
_SHORT = re.compile(
    r"(?:(?<!\w)(?:[A-Z]|Dr|Mr|Mrs|Ms|Prof|St|Fig|Figs|Eq|Eqs|Sec|Secs|Ch|Vol|No|Nos|Art|Ref|Refs|pp|p|vs|cf|al|approx|e\.g|i\.e)\.)$"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_CAPITAL_WORD = 5  # letters of a word that is no abbreviation
_FEWEST_LETTERS = 0.3  # of a sentence's characters; less is no language, but a formula or a code
# times the source's length, and characters more: the model goes round in circles
_LONGEST_ANSWER, _SLACK = 3, 40
_INITIAL = re.compile(r"(?<!\w)[A-Z]\.(?=\s|-?[A-Z]\.)")
_PARTICLES = frozenset(
    {"de", "da", "do", "dos", "das", "del", "della", "di", "du", "van", "von", "der", "den", "ten", "la", "le", "el", "al", "bin", "ibn", "y", "e", "and", "und", "et"}  # noqa: E501
)  # fmt: skip


def translated(
    words: str,
    ask: Ask,
    split: Callable[[str], Iterable[str]],
    pieces: tuple[str, ...] = (),
    on_kept: OnKept = lambda _: None,
) -> str:
    """The translation of plain words with holes, with the blanks that stood between the sentences.

    `split`: a text's sentences, in order, without the blanks around them. `pieces`: what stands in
    the holes.
    """
    parts: list[str] = []
    at = 0
    for sentence in _units(words, split):
        start = words.index(sentence, at)
        parts += [words[at:start], _sentence(sentence, ask, pieces, on_kept)]
        at = start + len(sentence)
    return "".join([*parts, words[at:]])


def _units(words: str, split: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """The stretches that are translated each for itself: sentences, and labels in capitals
    before them.
    """
    whole = ""
    at = 0
    for sentence in split(words):
        start = words.index(sentence, at)
        whole = words[at - len(whole) : start] + sentence if whole else sentence
        at = start + len(sentence)
        if _SHORT.search(whole):
            continue
        yield from _labelled(whole)
        whole = ""
    if whole:
        yield from _labelled(whole)


def _labelled(sentence: str) -> Iterator[str]:
    label = _LABEL.match(sentence)
    if label:
        yield label.group(1) or label.group(2)
        sentence = sentence[label.end() :]
    yield sentence


def _sentence(sentence: str, ask: Ask, pieces: tuple[str, ...], on_kept: OnKept) -> str:
    """One sentence.

    What cannot be translated without a loss stays as it is, and `on_kept` is told.
    """
    start, end = _core(sentence, pieces)
    core = sentence[start:end]
    if not standins.has_words(core) or _is_no_language(core) or is_names(core):
        return sentence
    if is_in_capitals(core):
        small = core[:1] + core[1:].lower()
        answer = _checked(small, ask, pieces)
        answer = answer and answer.upper()
    else:
        answer = _checked(_SHOUTED.sub(_lowered, core), ask, pieces)
    if answer is None:
        on_kept(core)
        return sentence
    return sentence[:start] + answer + sentence[end:]


def _lowered(match: re.Match[str]) -> str:
    """Words in capitals inside a sentence as words; abbreviations stay."""
    words = match.group()
    return words[:1] + words[1:].lower() if is_in_capitals(words) else words


def _core(sentence: str, pieces: tuple[str, ...]) -> tuple[int, int]:
    """Where the sentence begins and ends without the signs around it, which the model would
    only lose.
    """
    start, end = 0, len(sentence)
    while start < end and _is_outside(sentence[start], pieces):
        start += 1
    while end > start and _is_outside(sentence[end - 1], pieces):
        end -= 1
    return start, end


def _is_outside(one: str, pieces: tuple[str, ...]) -> bool:
    if not HOLE.match(one):
        return one.isspace() or one in "–—"
    shown = xml(one, pieces)
    return "<" not in shown and not any(map(str.isalnum, markup.unescape(shown)))


def _checked(sentence: str, ask: Ask, pieces: tuple[str, ...]) -> str | None:
    """The translation with all figures and signs of the sentence; more of it is held back from
    try to try. None: no try kept them.
    """
    answer = _mended(sentence, standins.through(sentence, ask))
    if _is_whole(sentence, answer):
        return answer
    held, shown = _hold(sentence, len(pieces))
    answer = _filled(_mended(held, standins.through(held, ask)), shown)
    if _is_whole(sentence, answer):
        return answer
    answer = _filled(standins.apart(held, lambda words: _mended(words, ask(words))), shown)
    return answer if _is_whole(sentence, answer) else None


def _is_whole(sentence: str, answer: str) -> bool:
    """Whether nothing is missing, the dashes are there, and the model did not go round in
    circles.
    """
    if len(answer) > _LONGEST_ANSWER * len(sentence) + _SLACK or not any(
        map(str.isalpha, HOLE.sub("", answer))
    ):
        return False
    if len(_DASH.findall(sentence)) > len(_DASH.findall(answer)):
        return False
    return not figures.lost(sentence, answer)


def _hold(sentence: str, used: int) -> tuple[str, dict[str, str]]:
    """The sentence with further holes for figures, signs and dashes, and what stands in them."""
    shown: dict[str, str] = {}

    def hole(match: re.Match[str]) -> str:
        number = FIRST_HOLE + used + len(shown)
        text = match.group()
        is_plain = (
            len(text) == 1
            and not text.isalnum()
            and text not in _DASHES
            and not figures.is_sign(text)
        )
        if is_plain or number > LAST_HOLE:
            return text
        shown[chr(number)] = match.group()
        return chr(number)

    return _HELD.sub(hole, sentence), shown


def _filled(answer: str, shown: dict[str, str]) -> str:
    return HOLE.sub(lambda hole: shown.get(hole.group(), hole.group()), answer)


def _mended(sentence: str, answer: str) -> str:
    """The answer with the dashes of the sentence, and without remarks that it does not have."""
    dashes = [match.group() for match in _DASH.finditer(sentence)]
    if dashes and len(_ANY_DASH.findall(answer)) == len(dashes):
        left = iter(dashes)
        answer = _ANY_DASH.sub(lambda _: next(left), answer)
    if not any(bracket in sentence for bracket in "([") and not _BRACKETED_HOLE.search(answer):
        answer = _OPEN.sub("", _REMARK.sub("", answer))
    answer = _quoted(sentence, figures.as_written(sentence, answer))
    return answer.strip() if sentence == sentence.strip() else answer


def _quoted(sentence: str, answer: str) -> str:
    """The answer with the round quotation marks of the sentence, where the model made straight
    ones of them.
    """
    marks = _ROUND.findall(sentence)
    if not marks or '"' in sentence or answer.count('"') != len(marks) or _ROUND.search(answer):
        return answer
    left = iter(marks)
    return "".join(next(left) if one == '"' else one for one in answer)


def is_in_capitals(words: str) -> bool:
    """Whether it is a title in capitals; abbreviations alone (HTTP API) are none."""
    found = _LETTERS.findall(words)
    return bool(found) and words.upper() == words and max(map(len, found)) >= _CAPITAL_WORD


def is_names(words: str) -> bool:
    """Whether it is nothing but names of people, told by their initials: J.

    R. Smith, A. de Souza and B. Lee.
    """
    initials = len(_INITIAL.findall(words))
    # B. Results is a title
    if not initials or (initials == 1 and "," not in words and _INITIAL.match(words)):
        return False
    tokens = [token.strip(",;()") for token in HOLE.sub(" ", words).split()]
    return all(
        token in _PARTICLES or token[:1].isupper() or not token for token in tokens
    ) and not words.endswith("?")


def _is_no_language(words: str) -> bool:
    """Whether too little of it is words: formulas, codes, rows of signs."""
    bare = "".join(HOLE.sub("", words).split())
    letters = sum(len(word) for word in _LETTERS.findall(words) if len(word) > 1)
    return letters < _FEWEST_LETTERS * len(bare)
