"""Tables fit the terminal, and are whole without one."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from ops.cli.tables import Column, Row, laid_out

COLUMNS = (Column("id"), Column("owner", cut=True), Column("file", cut=True), Column("to"))
ROWS = (
    Row(
        (
            "a2eb1c3d",
            "a-very-long-name@of-an-organisation.example.org",
            "Jahresbericht " * 6 + ".pdf",
            "pt-BR",
        )
    ),
    Row(
        ("b1", "bo@example.org", "報告書" * 20 + ".pdf", "de"),
        "quota_used_up: " + "It is used up. " * 20,
    ),
)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal_and_ids_stay_whole(width):
    lines = laid_out(COLUMNS, ROWS, width)
    assert max(map(cell_len, lines)) <= width
    assert lines[1].startswith("a2eb1c3d  a-very")
    assert lines[1].endswith("pt-BR")
    assert lines[3].startswith("    quota_used_up: It is used up.")
    assert lines[3].endswith("…")


def test_short_cells_take_no_more_room_than_they_need():
    [titles, row] = laid_out(COLUMNS, [Row(("b1", "bo", "x.pdf", "de"))], 80)
    assert (titles, row) == ("id  owner  file   to", "b1  bo     x.pdf  de")


def test_without_a_terminal_each_row_is_one_whole_line():
    lines = laid_out(COLUMNS, ROWS, None)
    assert len(lines) == 3
    assert ROWS[0].cells[1] in lines[1]
    assert lines[2].endswith("It is used up.")


def test_what_steers_a_terminal_is_a_blank():
    lines = laid_out(COLUMNS, [Row(("b1", "bo\x1b[31m", "two\nlines.pdf", "de"), "a\rb\x07")], 80)
    assert lines[1:] == ["b1  bo [31m  two lines.pdf  de", "    a b"]


def test_nothing_but_titles_is_still_a_table():
    assert laid_out(COLUMNS, [], 80) == ["id  owner  file  to"]
