"""The style of words in an answer whose tags went astray: set where the words probably are.

Pure.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.engines.local import marked, word_alignment

_STYLE = re.compile(r"</?g\b[^<>]*>")
_PIECE = re.compile(r'<x id="\d+"/>')


def projected(source: str, answer: str) -> str:
    """The answer with the `<g>` of its source, by proportion; as it is where a kept piece is
    missing or comes twice.
    """
    whole = marked.read(source)
    if sorted(_PIECE.findall(answer)) != sorted(whole.pieces):
        return answer
    said = marked.read(_STYLE.sub("", answer))
    spans = word_alignment.place(whole.words, said.words, whole.spans, lambda words: words)
    return marked.write(replace(said, spans=spans))
