"""What the words of a row say of it by themselves: an entry, a number, a marker, a label."""

from __future__ import annotations

import re

from pipeline.pdf.analysis.structure import limits

HYPHENS = "-\u2010\u00ad"
DASHES = HYPHENS + "–—"
LABELLED = ":："  # what a label ends with
# a row that ends in dots, and perhaps a page number, is an entry
LEADER = re.compile(r"(?:[.·…_]\s?){5,}\s*\S{0,8}$")
NUMBER = re.compile(r"[\W\d_]*\d[\W\d_]*")
ENTRY = re.compile(r"(?:[^\W\d_][)]?[,.]?\s|^)\d[\d,\s–-]*$")
WORD = re.compile(r"\w[^\s]*")
# "69100 Town", "Town, TX 79015-1234", "Seoul 110-052", but no year alone
POSTCODE = re.compile(
    r"^(?:[A-Z]{1,2}-)?\d{4,5} [^\W\d_]{2}|[^\W\d_]{2},? (?:\d{5}(?:-\d{4})?|\d{3}-\d{3,4})$"
)
# typed in place of a rule; dots lead to something
DRAWN = re.compile(r"(?:[-–—_=*~]\s?){6}")
REFERENCE = re.compile(r"\[[^\W_]{1,8}\](?:\s|$)")  # of a list of literature
SMALL_LETTER = re.compile("[a-zà-öø-ÿα-ωа-я]")
# of a row of its own, though it begins with a small letter
ADDRESS = re.compile(r"\S*@|www\.|https?:")


def are_parallel(upper: str, lower: str) -> bool:
    """Whether two rows begin with words of the same kinds, figures among them: dates, measures,
    events.
    """
    one, other = kinds(upper), kinds(lower)
    return one == other and "9" in one and len(set(one)) > 1 and one[0] in "9A"


def kinds(text: str) -> list[str]:
    """Of its first three words: "9" with a figure, "A" and "a" by the first letter, else its
    sign.
    """
    return [
        "9"
        if any(map(str.isdigit, word))
        else "A"
        if word[0].isupper()
        else "a"
        if word[0].isalpha()
        else word[0]
        for word in text.split()[:3]
    ]


def is_marker(text: str) -> bool:
    """Whether it is as short as a bullet or a number, and no word."""
    return len(text) <= limits.MARKER_LETTERS and sum(map(str.isalpha, text)) <= 1


def is_number(text: str) -> bool:
    """Whether it has figures and no letters."""
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def is_figure(text: str) -> bool:
    """Whether it is a number, or as short as a code with one: "Y2", "R101"."""
    code = len(text) <= limits.MARKER_LETTERS and " " not in text
    return bool(NUMBER.fullmatch(text)) or (code and any(map(str.isdigit, text)))
