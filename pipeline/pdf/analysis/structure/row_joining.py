"""Whether a row goes on with the text of the row right above it, and why: the first rule that holds
decides.

A row ENDED EARLY if the first word of the row under it would still have fitted behind it, up to the
edge of its column. That, the edges that lines share (tables), the edges of running text (where
tables are none) and small first letters carry most decisions; the rules before them are the cheap
and sure ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from dragoman.domain.document import Family
from pipeline.pdf.analysis.code_detection import is_code
from pipeline.pdf.analysis.list_markers import MARKER
from pipeline.pdf.analysis.row_style import alike
from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.analysis.structure.page_model import PageModel
from pipeline.pdf.analysis.structure.pair import Pair
from pipeline.pdf.analysis.structure.placed import CJK, Placed, one_size
from pipeline.pdf.analysis.structure.row_wording import (
    DASHES,
    DRAWN,
    ENTRY,
    HYPHENS,
    LABELLED,
    LEADER,
    POSTCODE,
    REFERENCE,
    SMALL_LETTER,
    WORD,
    are_parallel,
    is_figure,
    is_marker,
    is_number,
    kinds,
)
from pipeline.pdf.analysis.structure.stacks import Stack
from pipeline.pdf.analysis.structure.tables import Table


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a row is `joined` to the one above, by which rule; `value` and `limit` are what the
    rule weighed, None where it weighs nothing.
    """

    joined: bool
    rule: str
    value: float | None = None
    limit: float | None = None


Verdict = Iterator[Decision]


def decisions(model: PageModel) -> dict[int, Decision]:
    """By a row's order whether it goes on with the row above it."""
    return {
        row.row.order: decide(Pair(model, model.above[row.row.order], row))
        for row in model.rows
        if row.row.order in model.above
    }


def decide(pair: Pair) -> Decision:
    """What the first rule says that holds."""
    for rules in RULES:
        for decision in rules(pair):
            return decision
    return Decision(joined=True, rule="fits", value=pair.free, limit=0.0)


def _sure_signs(pair: Pair) -> Verdict:
    """What parts two rows whatever their words say: what they are, their looks, what lies
    between.
    """
    upper, lower = pair.upper, pair.lower
    if lower.row.begins:
        yield Decision(False, "begins a text")
    if not (_is_text(upper) and _is_text(lower)):
        yield Decision(False, "a sign, no text")
    if DRAWN.match(upper.text) or DRAWN.match(lower.text):
        yield Decision(False, "a line of signs")
    if LEADER.search(upper.text):
        yield Decision(False, "leader")
    if not one_size(upper.row, lower.row):
        yield Decision(False, "size", abs(upper.size - lower.size), limits.SAME_SIZE * lower.size)
    if not alike(upper.row, lower.row):
        yield Decision(False, "style")
    if pair.model.fills.part(upper, lower):
        held = pair.goes_on and len(upper.text) > limits.LONG_ROW and pair.free <= 0
        if not held:
            yield Decision(False, "rule or fill")


def _markers(pair: Pair) -> Verdict:
    upper, lower, model = pair.upper, pair.lower, pair.model
    marked = MARKER.match(lower.text) or REFERENCE.match(lower.text)
    if marked and not _is_within(pair):
        yield Decision(False, "marker")
    reach = limits.MARKER_GAP * lower.size
    if _has_own_field(pair, reach):
        yield Decision(False, "form field before it")
    if _is_answered(pair, reach):
        yield Decision(False, "form field behind the upper row")
    for mate in model.beside(lower):
        if mate.x1 <= lower.x0 and lower.x0 - mate.x1 < reach and is_marker(mate.text):
            yield Decision(False, "marker before it", lower.x0 - mate.x1, reach)
    if MARKER.fullmatch(upper.text + " "):
        yield Decision(False, "a marker alone")
    wide = len(model.lines[lower.line]) > limits.WIDE_TABLE
    if wide and is_number(lower.text) and not LEADER.search(lower.text):
        yield Decision(False, "figure of a wide table")


def _has_own_field(pair: Pair, reach: float) -> bool:
    """Whether a form field stands right before the lower row, and not before both."""
    ground, upper, lower = pair.model.ground, pair.upper, pair.lower
    found = ground.fields_at(lower.x0 - reach, lower.x0, lower.y - 0.3 * lower.size)
    return any(field[1] > upper.y - 0.3 * upper.size for field in found)


def _is_answered(pair: Pair, reach: float) -> bool:
    """Whether a form field follows the upper row, in the same cell, and not both rows."""
    ground, upper = pair.model.ground, pair.upper
    lowest = pair.lower.y - 0.3 * pair.lower.size
    y = upper.y - 0.3 * upper.size
    walls = [x for x in ground.walls_beside(y - 0.1, y + 0.1) if x > upper.x1]
    return any(
        field[3] < lowest and not any(upper.x1 < wall <= field[0] for wall in walls)
        for field in ground.fields_at(upper.x1, upper.x1 + reach, y)
    )


def _places(pair: Pair) -> Verdict:
    """Leading and edges."""
    size, gap = pair.lower.size, pair.gap
    widest = (pair.model.leading + limits.LEADING_OF_SENTENCE * pair.goes_on) * size
    if gap > widest:
        yield Decision(False, "leading", gap, widest)
    if not pair.in_stack:
        if _is_listing(pair):
            yield Decision(True, "listing")
        formula = max(pair.upper.row.maths, pair.lower.row.maths) > limits.FORMULA
        if pair.goes_on and pair.free <= 0 and not formula:
            yield Decision(True, "sentence goes on", pair.free, 0.0)
        yield Decision(False, "no common edge")
    if _is_listing(pair):
        yield Decision(True, "listing")
    widest = pair.stack.leading + (limits.JUMP + limits.LEADING_OF_SENTENCE * pair.goes_on) * size
    if len(pair.stack.rows) > 2 and gap > widest:  # noqa: PLR2004  # two have one leading
        yield Decision(False, "wider leading", gap, widest)
    if LEADER.search(pair.lower.text) and _is_first_of_entry(pair):
        yield Decision(True, "an entry that goes on")


def _words(pair: Pair) -> Verdict:
    """What the words say by themselves."""
    upper, lower, model = pair.upper, pair.lower, pair.model
    if upper.text[-1] in HYPHENS and lower.small:
        yield Decision(True, "hyphen")
    if upper.text == lower.text and not (pair.goes_on and " " in lower.text):
        yield Decision(False, "the same text")
    if is_figure(upper.text) and is_figure(lower.text):
        yield Decision(False, "numbers")
    if not pair.is_prose and _are_of_one_shape(pair):
        yield Decision(False, "same shape")
    if not pair.is_prose and _are_address(pair):
        yield Decision(False, "lines of an address")
    if _are_entries(pair):
        yield Decision(False, "entries of an index")
    if len(pair.stack.rows) <= limits.HEADING_ROWS:
        bold = _is_bold(upper) and _is_bold(lower)
        least = (limits.BOLD_HEADING if bold else limits.HEADING) * model.body
        if upper.size >= least:
            yield Decision(True, "heading", upper.size, least)
    short = len(upper.text) < limits.LABEL_LETTERS
    if upper.text[-1] in LABELLED and not lower.small and (short or pair.free > 0):
        yield Decision(False, "label", float(len(upper.text)), float(limits.LABEL_LETTERS))
    if not upper.open and _begins_otherwise(pair):
        yield Decision(False, "begins in another typeface")


def _begins_otherwise(pair: Pair) -> bool:
    """Whether the lower row begins in a typeface of its own, as titles before a text do; a word
    of code under a full row may begin a sentence.
    """
    upper, lower = pair.upper, pair.lower
    code = lower.row.spans[0].style.family is Family.MONO
    other = _font(lower, 0) not in {_font(upper, -1), _main_font(lower)}
    return other and not (code and pair.free <= 0)


def _tables(pair: Pair) -> Verdict:
    upper, lower, model = pair.upper, pair.lower, pair.model
    if not (pair.is_prose and pair.goes_on) and _have_values(pair):
        yield Decision(False, "values beside both")
    table = model.tables.get(upper.row.order)
    if table is None or table is not model.tables.get(lower.row.order) or pair.is_prose:
        return
    if pair.gap < limits.WRAP * table.pitch:
        return
    first, second = model.lines[upper.line], model.lines[lower.line]
    full = len(second) >= len(first) or second[0].x0 < first[0].x1
    if first[0].x0 > second[0].x1 and pair.free_in_cell <= 0:
        return  # without the first column it is no row, but the upper part of a head
    text = pair.goes_on or CJK.match(lower.text) or len(upper.text) >= limits.LONG_ROW
    if full and (pair.free_in_cell > 0 or not text or _begins_line(pair, table)):
        yield Decision(False, "rows of a table", pair.free_in_cell, 0.0)


def _begins_line(pair: Pair, table: Table) -> bool:
    """Whether the first cell of the lower line begins a row of the table for sure: then all do."""
    model, first = pair.model, pair.model.lines[pair.lower.line][0]
    above = model.above.get(first.row.order)
    if above is None or first is pair.lower or above.line != pair.upper.line:
        return False
    if model.tables.get(first.row.order) is not table or first.x0 >= pair.lower.x0:
        return False
    return Pair(model, above, first).free_in_cell > 0


def _indents(pair: Pair) -> Verdict:
    upper, lower = pair.upper, pair.lower
    indent = lower.x0 - upper.x0
    out = -indent > limits.INDENT * lower.size and pair.edge != "centre"
    ended = not upper.open or (pair.free > 0 and not pair.goes_on)
    if out and ended and _is_below_first(pair):
        yield Decision(False, "outdent", indent, -limits.INDENT * lower.size)
    typed = _is_typed(upper) != _is_typed(lower)
    if typed and (abs(indent) > limits.INDENT * lower.size or pair.free > 0):
        yield Decision(False, "text beside a listing", indent, limits.INDENT * lower.size)
    hangs = limits.SAME_EDGE * lower.size < indent < limits.HANG * lower.size
    if hangs and (pair.free <= 0 or pair.goes_on) and _is_under_marker(pair):
        yield Decision(True, "hangs under a marker", indent, limits.HANG * lower.size)
    if indent > limits.INDENT * lower.size and pair.edge != "centre":
        first = pair.stack.rows[0] is upper
        if pair.free <= 0 and upper.open and _is_hanging(pair):
            yield Decision(True, "hangs as most rows do", indent, limits.INDENT * lower.size)
        if not upper.open or (not pair.goes_on and (pair.free > 0 or not first)):
            yield Decision(False, "indent", indent, limits.INDENT * lower.size)
        wide = upper.width > limits.NARROW * lower.size
        if not wide and not (pair.goes_on and " " in upper.text):
            yield Decision(False, "indent", indent, limits.INDENT * lower.size)
        if first and upper.x1 >= lower.x1 - limits.RAGGED_HANG * lower.size:
            yield Decision(True, "hangs", indent, limits.INDENT * lower.size)


def _ends(pair: Pair) -> Verdict:
    """Whether the upper row ended where it had to."""
    upper, lower, stack = pair.upper, pair.lower, pair.stack
    ragged = limits.RAGGED * (pair.right - stack.left)
    text = len(stack.rows) > 2 and stack.small >= limits.SMALL and pair.goes_on  # noqa: PLR2004
    if len(stack.rows) > 2 and _is_sentence(stack):  # noqa: PLR2004
        yield Decision(True, "one sentence")
    if upper.text[-1] == "," and len(stack.rows) == 2 and not _has_figure(upper, lower):  # noqa: PLR2004
        yield Decision(True, "comma")
    if text and " " in upper.text + lower.text and pair.free < 2 * ragged:
        yield Decision(True, "text by its small letters", stack.small, limits.SMALL)
    short = not pair.goes_on and not pair.is_prose and stack.small < limits.SMALL / 2
    widest = limits.ROOM * (stack.right - stack.left)
    if short and pair.room(1) - stack.left > widest:
        yield Decision(False, "much room behind", pair.room(1) - stack.left, widest)
    capitals = len(upper.text) >= limits.LONG_ROW and not SMALL_LETTER.search(upper.text)
    unended = upper.open and (pair.is_prose or capitals)
    least = 0.0
    if pair.goes_on or unended:
        least = limits.SAME_EDGE * lower.size if _is_justified(pair) else ragged
    if pair.free > least:
        yield Decision(False, "ended early", pair.free, least)
    text = stack.small > 0 or pair.edge == "centre"
    unended = unended or (upper.open and len(upper.text) >= limits.LONG_ROW and text)
    short = short and len(upper.text) < limits.VOTE_LETTERS
    if short and not unended and len(stack.rows) >= limits.VOTE_ROWS:
        votes = _early_share(pair)
        if votes >= limits.VOTE:
            yield Decision(False, "most rows ended early", votes, limits.VOTE)


def _early_share(pair: Pair) -> float:
    """The share of the stack's rows that ended early."""
    below = pairwise(pair.stack.rows)
    early = [Pair(pair.model, upper, lower).free > 0 for upper, lower in below]
    return sum(early) / len(early)


RULES: tuple[Callable[[Pair], Verdict], ...] = (
    _sure_signs,
    _markers,
    _places,
    _words,
    _tables,
    _indents,
    _ends,
)


def _is_within(pair: Pair) -> bool:
    """Whether a number begins a row by the chance of where a sentence was broken."""
    upper, lower = pair.upper, pair.lower
    return (
        lower.text[0] in f"(0123456789{DASHES}"
        and upper.open
        and len(upper.text) > limits.LABEL_LETTERS
        and (pair.free <= 0 or upper.text[-1] in DASHES)
        and not any(MARKER.match(row.text) for row in pair.stack.rows if row.y < lower.y)
    )


def _is_justified(pair: Pair) -> bool:
    """Whether most rows of the stack end at one edge."""
    rows, edge = pair.stack.rows, pair.right - limits.SAME_EDGE * pair.lower.size
    even = sum(row.x1 > edge for row in rows)
    return len(rows) >= limits.VOTE_ROWS and even >= limits.JUSTIFIED * len(rows)


def _is_sentence(stack: Stack) -> bool:
    """Whether a stack begins with a capital, goes on in small letters, and ends with a stop: so
    does a sentence, however short its rows are.
    """
    rows = stack.rows
    within = all(row.small for row in rows[1:]) and all(row.open for row in rows[:-1])
    return within and rows[0].text[0].isupper() and rows[-1].text[-1] in ".!?"


def _is_below_first(pair: Pair) -> bool:
    """Whether the upper row begins where the one over it does: it is no indented first row."""
    upper = pair.upper
    rows = pair.model.stacks[upper.row.order].rows
    place = rows.index(upper)
    return place > 0 and abs(rows[place - 1].x0 - upper.x0) <= limits.SAME_EDGE * upper.size


def _is_under_marker(pair: Pair) -> bool:
    """Whether a row begins where the text after the marker of the upper one may: after the end of
    a sentence, exactly there.
    """
    upper = pair.upper
    if not (MARKER.match(upper.text) or REFERENCE.match(upper.text)):
        return False
    start = upper.row.text_x
    return upper.open or start is None or abs(start - pair.lower.x0) < pair.lower.size


def _is_hanging(pair: Pair) -> bool:
    """Whether the upper row begins at the left edge of its stack and most rows do not: entries
    with a hanging indent.
    """
    rows, least = pair.stack.rows, pair.stack.left + limits.INDENT * pair.lower.size
    deeper = sum(row.x0 > least for row in rows)
    return len(rows) > 2 and pair.upper.x0 <= least and 2 * deeper >= len(rows)  # noqa: PLR2004


def _is_first_of_entry(pair: Pair) -> bool:
    """Whether a row, over one that ends in dots, has no number of a page of its own."""
    upper = pair.upper
    beside = any(mate.x0 >= upper.x1 for mate in pair.model.beside(upper))
    return upper.open and not beside and not upper.text[-1].isdigit()


def _has_figure(*rows: Placed) -> bool:
    return any(sign.isdigit() for row in rows for sign in row.text)


def _is_listing(pair: Pair) -> bool:
    """Whether both rows are of one listing, whose indents mean nothing for us."""
    upper, lower = pair.upper, pair.lower
    mono = _is_mono(upper) and _is_mono(lower)
    return mono and not pair.model.typescript and is_code([upper.row, lower.row])


def _is_mono(one: Placed) -> bool:
    return one.row.spans[0].style.family is Family.MONO


def _is_typed(one: Placed) -> bool:
    """Whether all of a row is typewritten."""
    return all(span.style.family is Family.MONO for span in one.row.spans)


def _are_of_one_shape(pair: Pair) -> bool:
    upper, lower = pair.upper, pair.lower
    long = min(len(upper.text), len(lower.text)) >= limits.LONG_ROW and pair.free <= 0
    if long and kinds(lower.text)[-1] == "a":
        return False  # rows of a text that begin alike by chance
    if upper.text == lower.text:
        return False  # of another rule
    words, others = upper.text.split(maxsplit=2), lower.text.split(maxsplit=2)
    if len(words) > 1 and words[:2] == others[:2]:
        return True
    return not pair.goes_on and are_parallel(upper.text, lower.text)


def _are_entries(pair: Pair) -> bool:
    """Whether most rows of a stack end with numbers of pages, as those of an index do; heads
    over them have none.
    """
    if pair.upper.text[-1] == "," or not (
        ENTRY.search(pair.upper.text) or ENTRY.search(pair.lower.text)
    ):
        return False  # the numbers of an entry go on
    rows = pair.stack.rows
    return len(rows) > limits.HEADING_ROWS and 2 * sum(
        bool(ENTRY.search(row.text)) for row in rows
    ) > len(rows)


def _are_address(pair: Pair) -> bool:
    """Whether a stack is an address: a few short rows, none of which begins small or ends a
    sentence, one with a postcode.
    """
    rows = pair.stack.rows
    if len(rows) <= limits.ADDRESS_ROWS and all(map(_may_be_address, rows)):
        return any(POSTCODE.search(row.text) for row in rows)
    both = pair.upper, pair.lower  # a link may stand under it
    return all(map(_may_be_address, both)) and any(POSTCODE.search(row.text) for row in both)


def _may_be_address(row: Placed) -> bool:
    return not row.small and row.text[-1] != "." and len(row.text) < limits.LONG_ROW


def _have_values(pair: Pair) -> bool:
    """Whether figures stand beside both: two rows of a table, though it has no third."""
    words = max(len(WORD.findall(row.text)) for row in (pair.upper, pair.lower))
    few = words <= limits.CELL_WORDS and pair.stack.small < limits.SMALL / 2
    return few and all(
        any(is_number(mate.text) for mate in pair.model.beside(row))
        for row in (pair.upper, pair.lower)
    )


def _is_text(one: Placed) -> bool:
    return len(one.text) > 1 or bool(CJK.match(one.text))


def _is_bold(one: Placed) -> bool:
    spans = one.row.spans
    return 2 * sum(len(span.text) for span in spans if span.style.bold) > len(one.text)


def _font(one: Placed, place: int) -> str | None:
    return one.row.spans[place].style.font


def _main_font(one: Placed) -> str | None:
    return max(one.row.spans, key=lambda span: len(span.text)).style.font
