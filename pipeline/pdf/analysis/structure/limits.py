"""The thresholds by which a page is understood, in one table.

Each is a share of the row's size (of its letters, in points), unless it says otherwise. They were
weighed on pages of forms, tables, lists, letters, papers and manuals; those marked `flat` move next
to nothing when they are changed by half.
"""

from __future__ import annotations

from typing import Final

# Edges: what is closer is one edge (flat); sizes that differ by a larger share are two texts.
SAME_EDGE: Final = 0.5
SAME_SIZE: Final = 0.1
# Words: a blank with the error of guessing a word's width by its letters (flat); what a row of
# Chinese or Japanese may end early by, since no line begins with a full stop.
BLANK: Final = 0.45
UNBROKEN: Final = 2.0
# Baseline to baseline: single-spaced text has 1.0 to 1.5; a sentence that goes on may be farther
# apart; a stack's own leading is not left by more than the jump.
LEADING: Final = 1.75
LEADING_OF_SENTENCE: Final = 0.4
LEADING_SLACK: Final = 0.2
JUMP: Final = 0.3
# A typescript is set farther apart, but not more than this, by so many rows of so many letters.
WIDEST_LEADING: Final = 3.0
SPACED_ROWS: Final = 5  # rows
LONG_ROW: Final = 40  # letters
FORMULA: Final = 0.4  # of a row's characters in typefaces of mathematics
# First rows are indented by more (flat); what hangs under a marker by no more (flat).
INDENT: Final = 0.8
HANG: Final = 4.0
NARROW: Final = 12.0  # a narrower row has no hanging indent under it, unless the words say so
RAGGED_HANG: Final = 6.0  # how much shorter than the next a first row with a hanging indent is
# The room to the right of a stack, in widths of its widest row, from which on its rows are short on
# purpose.
ROOM: Final = 1.5
# Of a stack's rows: when so many ended early (flat), the full ones are rows too, in stacks of so
# many rows.
VOTE: Final = 0.5
VOTE_ROWS: Final = 4  # rows
VOTE_LETTERS: Final = 60  # letters: longer rows are text
# Of a stack's rows: with so many small first letters (flat) it is running text.
SMALL: Final = 0.4
# An edge of running text: so many rows of so many letters that begin there with a small letter.
TEXT_ROWS: Final = 3  # rows
TEXT_LETTERS: Final = 24  # letters
FULL: Final = 0.25  # of the column's width: what may be free behind the rows over them
# Rows whose right edge shows how wide their column is.
COLUMN_LETTERS: Final = 30  # letters
# Of the column's width: what may be free behind a row whose sentence goes on.
RAGGED: Final = 0.3
# Of a stack's rows: with so many that end at its right edge it is justified.
JUSTIFIED: Final = 0.5
GAP: Final = 1.5  # between a column and what stands to the right of it
# A table: lines that share so many edges each with the one before, no farther apart.
TABLE_LINES: Final = 3  # lines
TABLE_EDGES: Final = 2  # edges
TABLE_GAP: Final = 4.5
BETWEEN: Final = 2  # lines of cells that go on, between two that share edges
# Between a cell and the next column (flat); of the table's pitch: closer rows are one cell.
GUTTER: Final = 2.0
CELL_WORDS: Final = 8  # words: a row of more is no cell beside a figure
WRAP: Final = 0.8
# Of the body's size: bold headings, and others, from which on two or three rows are one heading.
BOLD_HEADING: Final = 1.08
HEADING: Final = 1.35
HEADING_ROWS: Final = 3  # rows
ADDRESS_ROWS: Final = 7  # rows of an address at the most
LABEL_LETTERS: Final = 30  # letters before a colon, at the most (flat)
# What stands before a row as its marker: how far, and of how many characters.
MARKER_GAP: Final = 3.0
MARKER_LETTERS: Final = 6  # characters
WIDE_TABLE: Final = 4  # columns: a number in a row of more goes on with nothing
# Numbers of a page's lines: so many that count up by one at one edge, as far apart in points.
NUMBERED_LINES: Final = 8  # lines
NUMBER_EDGE: Final = 2.0  # points
