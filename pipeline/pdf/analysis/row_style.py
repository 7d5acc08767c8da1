"""Whether two rows look as those of one text do."""

from __future__ import annotations

from dragoman.domain.document import Family
from pipeline.pdf.model.text_rows import Row

WORD = 3  # letters
CAPITALS = 10  # letters: fewer may be all in capitals by chance


def _look(row: Row) -> tuple[bool | None, int | None, bool | None]:
    """Weight, colour and whether it is typewritten, of a row that is all of one, None where it
    is mixed.
    """
    styles = [span.style for span in row.spans if not span.text.isspace()]
    bold = {style.bold for style in styles}
    color = {style.color for style in styles}
    mono = {style.family is Family.MONO for style in styles}
    return (
        bold.pop() if len(bold) == 1 else None,
        color.pop() if len(color) == 1 else None,
        mono.pop() if len(mono) == 1 else None,
    )


def alike(one: Row, other: Row) -> bool:
    """Whether two rows look as one text does; a row of mixed look goes with any."""
    title = _are_capitals(one.text, other.text) or _are_capitals(other.text, one.text)
    if title and not _go_on_in_capitals(one.text, other.text):
        return False
    return all(
        a is None or b is None or a == b for a, b in zip(_look(one), _look(other), strict=True)
    )


def _are_capitals(text: str, other: str) -> bool:
    """Whether a row is all in capitals, as titles are, and another is not."""
    return text.isupper() and other.upper() != other and sum(map(str.isupper, text)) >= CAPITALS


def _go_on_in_capitals(text: str, following: str) -> bool:
    """Whether words on both sides of a line's end are in capitals: a sentence in them ends
    within a row.
    """
    before, after = text.rsplit(maxsplit=1)[-1], following.split(maxsplit=1)[0]
    return all(word.isupper() and sum(map(str.isalpha, word)) >= WORD for word in (before, after))
