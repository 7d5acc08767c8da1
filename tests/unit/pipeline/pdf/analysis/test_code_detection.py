"""Typewritten text: code stays, sentences and titles are translated."""

import pymupdf
import pytest

from dragoman.domain.document import BlockKind
from pipeline.pdf.analysis.block_builder import page_of
from pipeline.pdf.analysis.code_detection import is_sentence
from tests.pdfs import LOREM

PROSE = LOREM + " " + LOREM  # so that the page is no typescript


@pytest.mark.parametrize(
    "text",
    [
        LOREM,
        "Passengers who are late wait for the next ferry, as everybody knows.",
        "the ferry leaves at seven. Passengers wait on the deck",
        "Courier: Toto je pokusný text s češtinou a další",
        "渡轮每天早上七点离开港口",
        "He said: “Nobody (but the crew) may stay on the deck in 2026.”",
    ],
)
def test_sentences_are_told_from_code(text):
    assert is_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "for ferry in harbour: ferry.leave(at=7)",
        "apt-get install build-essential debhelper cmake ninja pkgconf doxygen",
        "strcmp (s, t) strcat (s, t, ...) regexp (str, pat)",
        "clear pattern exist (str) who, whos whos var",
        "// load the next ferry from the record, store it to the stack.",
        "SELECT name, age FROM users WHERE age = 7;",
        "Gabe Brown John Miller Jane Fisher Alan Smith",
        r"\caption{A sample caption, with some words in it.}",
        "wait",
    ],
)
def test_code_commands_and_names_are_no_sentences(text):
    assert not is_sentence(text)


def kinds(*runs):
    """The kind of each block of a page with PROSE and `runs` of (words, font, size), each run
    on one line of its own.
    """
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        sheet.insert_textbox((72, 300, 523, 500), PROSE, fontsize=10, fontname="tiro")
        for row, run in enumerate(runs):
            x = 72.0
            for words, font, size in run:
                sheet.insert_text((x, 100 + 40 * row), words, fontname=font, fontsize=size)
                x += pymupdf.get_text_length(words, font, size)
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            blocks = page_of(again.load_page(0), 0).blocks
    return {block.text: block.kind for block in blocks if block.text != PROSE}


def test_a_typewritten_note_is_translated_and_a_command_is_not():
    note, command = "Passengers who are late wait for the next ferry.", "ferry --leave seven"
    found = kinds([(note, "cour", 10)], [(command, "cour", 10)])
    assert found == {note: BlockKind.PARAGRAPH, command: BlockKind.CODE}


def test_a_typewritten_title_is_a_heading():
    assert kinds([("Application for membership", "cour", 18)]) == {
        "Application for membership": BlockKind.HEADING
    }


def test_a_long_typewritten_address_does_not_make_its_sentence_code():
    sentence = [
        ("More about it: ", "tiro", 10),
        ("https://example.org/ferries/harbour/timetable", "cour", 10),
    ]
    address = [("https://example.org/islands", "cour", 10)]
    assert list(kinds(sentence, address).values()) == [BlockKind.PARAGRAPH, BlockKind.CODE]


def test_an_argument_beside_typewritten_code_leaves_it_code():
    assert list(
        kinds([("path/ferry --leave-at --island ", "cour", 10), ("N", "tiit", 10)]).values()
    ) == [BlockKind.CODE]
