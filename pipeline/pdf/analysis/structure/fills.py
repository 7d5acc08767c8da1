"""What lies between two rows or under them: rules, coloured boxes, underlines."""

from __future__ import annotations

from dragoman.domain.document import Rect
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.analysis.structure.placed import Placed


class Fills:
    """The coloured or framed box that each row stands on."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._found: dict[int, Rect | None] = {}
        self._parted: dict[tuple[int, int], bool] = {}

    def under(self, one: Placed) -> Rect | None:
        """The smallest box around the middle of a row's letters."""
        order = one.row.order
        if order not in self._found:
            upper, lower = one.y - 0.4 * one.size, one.y - 0.2 * one.size
            self._found[order] = self._ground.fill_under((one.x0, upper, one.x1, lower))
        return self._found[order]

    def part(self, upper: Placed, lower: Placed) -> bool:
        """Whether a rule lies between two rows, or they stand on different fills."""
        pair = upper.row.order, lower.row.order
        found = self._parted.get(pair)
        if found is None:
            found = self._parted[pair] = self._are_parted(upper, lower)
        return found

    def _are_parted(self, upper: Placed, lower: Placed) -> bool:
        one, other = self.under(upper), self.under(lower)
        if one != other and not _is_band(upper, one, other):
            return True
        x0, x1 = max(upper.x0, lower.x0), min(upper.x1, lower.x1)
        top, bottom = upper.y, lower.y - 0.3 * lower.size
        return any(
            not _is_underline(rule, upper)
            for rule in self._ground.rules_between(x0, x1, top, bottom)
        )


def _is_band(row: Placed, one: Rect | None, other: Rect | None) -> bool:
    """Whether two fills are those that word processors put behind each row of a text: they touch,
    are of one width, and hold a long row.
    """
    if one is None or other is None or len(row.text) < limits.LONG_ROW:
        return False
    even = abs(one[0] - other[0]) < 1 and abs(one[2] - other[2]) < 1
    return even and abs(one[3] - other[1]) < 1.5 and row.width > 0.8 * (one[2] - one[0])  # noqa: PLR2004  # points


def _is_underline(rule: Rect, row: Placed) -> bool:
    """Whether a rule underlines words of a row."""
    close = (rule[1] + rule[3]) / 2 - row.y < 0.3 * row.size
    return close and rule[0] > row.x0 - 0.3 * row.size and rule[2] < row.x1 + 0.3 * row.size
