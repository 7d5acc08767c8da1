"""A sound engine is believed: at most one of a hundred sentences gets a warning that it did not
earn.

The sentences are those of this project's own documentation, with all their names, codes, figures
and brackets; the engine is the scripted language model without any fault. How sentences fare that
people have translated: bench/README.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dragoman.domain.document import Run, Style
from pipeline.engines.openai import tags
from pipeline.stages import checks, markup
from tests.servers.llm import translation

ROOT = Path(__file__).parents[2]
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MARKS = re.compile(r"```[\s\S]*?```|^[|#>-].*$|\[([^\]]*)\]\([^)]*\)|[*`]", re.MULTILINE)
FEWEST, WORDS = 400, 5
MOST_SHARE = 0.01


def sentences() -> list[str]:
    """Sentences of the documentation, without its marks."""
    found: list[str] = []
    for file in sorted(ROOT.glob("docs/**/*.md")):
        plain = _MARKS.sub(lambda one: one[1] or "", file.read_text(encoding="utf-8"))
        for paragraph in plain.split("\n\n"):
            found += _SENTENCE.split(" ".join(paragraph.split()))
    return [one for one in dict.fromkeys(found) if len(one.split()) >= WORDS and one[-1] in ".!?"]


@pytest.mark.parametrize(
    ("name", "target_lang"),
    [("German", "de"), ("Spanish", "es"), ("French", "fr"), ("Portuguese", "pt-BR")],
)
def test_at_most_one_of_a_hundred_sound_sentences_is_doubted(name: str, target_lang: str) -> None:
    asked = [markup.write([Run(one, Style())]).text for one in sentences()]
    doubted = {
        text: wrong
        for text in asked
        if (wrong := checks.doubt(text, said(text, name), "en", target_lang)) is not None
    }
    assert len(asked) > FEWEST
    assert len(doubted) <= MOST_SHARE * len(asked), doubted


def said(text: str, name: str) -> str:
    return tags.restored(translation(tags.shortened(text), name))
