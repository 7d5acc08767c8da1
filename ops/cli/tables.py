"""Tables in plain text: as wide as the terminal, or, where there is none, a whole row in each
line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "
NARROWEST = 6  # columns of the screen that a cell keeps when it is cut
INDENT = 4  # of a note below its row


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its title.

    `cut`: its cells may be cut where the screen is narrow; others stay whole, to be copied.
    """

    title: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and what has to be said of it beside (such as an error), "" for
    nothing.
    """

    cells: tuple[str, ...]
    note: str = ""


def laid_out(columns: Sequence[Column], rows: Sequence[Row], width: int | None) -> list[str]:
    """The lines of a table, titles first, none longer than `width` columns of the screen while the
    whole cells fit in it.

    With a width, notes stand below their rows, cut to one line; with None all is whole, and a note
    is its row's last cell. What would steer a terminal (control characters) is shown as a blank.
    """
    from rich.cells import cell_len

    cells = [[_plain(cell) for cell in row.cells] for row in rows]
    notes = [_plain(row.note) for row in rows]
    titles = [column.title for column in columns]
    widths = [max(map(cell_len, column)) for column in zip(titles, *cells, strict=True)]
    if width is None:
        noted = [*titles, "note"] if any(notes) else titles
        return [
            _line(noted, widths),
            *(
                _line([*row, note] if note else row, widths)
                for row, note in zip(cells, notes, strict=True)
            ),
        ]
    widths = _fitted(widths, [column.cut for column in columns], width)
    lines = [_line(titles, widths)]
    for row, note in zip(cells, notes, strict=True):
        lines.append(_line(row, widths))
        if note:
            lines.append(" " * INDENT + _cut(note, max(width - INDENT, NARROWEST)))
    return lines


def _fitted(widths: list[int], may_cut: list[bool], width: int) -> list[int]:
    """The widths of columns in a screen of `width`: the widest of those that may be cut gives
    way, step by step.
    """
    fitted = list(widths)
    while sum(fitted) + len(GAP) * (len(fitted) - 1) > width:
        widest = max(
            (i for i, cut in enumerate(may_cut) if cut), key=lambda i: fitted[i], default=None
        )
        if widest is None or fitted[widest] <= NARROWEST:
            break
        fitted[widest] -= 1
    return fitted


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells beside each other; what has no width of its own, such as a note, ends the line."""
    from rich.cells import set_cell_size

    padded = [
        set_cell_size(_cut(cell, size), size) for cell, size in zip(cells, widths, strict=False)
    ]
    return GAP.join([*padded, *cells[len(widths) :]]).rstrip()


def _cut(text: str, width: int) -> str:
    """`text`, or its beginning with an ellipsis, in at most `width` columns of the screen."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
