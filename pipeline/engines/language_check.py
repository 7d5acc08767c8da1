"""Whether an answer is in another language than the one that was asked for.

For engines that may answer in any.
"""

from __future__ import annotations

from dragoman.domain import language
from pipeline.stages import detection, markup

LEAST_LETTERS = 80  # fewer do not tell a language for sure
# Languages that are told from each other by little.
_ALIKE = (
    "nb nn no da sv",
    "hr sr bs sh sl",
    "id ms jv su",
    "cs sk",
    "gl pt es ast",
    "zh yue wuu",
    "hi ur mr ne sa",
    "af nl",
    "fa tg",
)
_ALIKE_SETS = tuple(frozenset(group.split()) for group in _ALIKE)


def is_in_another_language(answer: str, target_lang: str) -> bool:
    """Whether the marked-up `answer` is surely not in `target_lang`; False where that cannot be
    told.
    """
    said = markup.plain(answer)
    if sum(map(str.isalpha, said)) < LEAST_LETTERS:
        return False
    found = detection.detect(said)
    if found is None or detection.rival(said) is not None:
        return False
    one, other = language.base(found), language.base(target_lang)
    return one != other and not any({one, other} <= group for group in _ALIKE_SETS)
