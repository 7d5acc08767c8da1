"""What translating pages changes beside what they draw: where their links lie, and which elements
their words belong to.

It is noted while pages are set, and made once all are, on the file that is saved: a part of a
document hands it on to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pymupdf

from pipeline.pdf.writing.link_areas import Moves, move
from pipeline.pdf.writing.structure_tree import attach


@dataclass(slots=True)
class Changes:
    """By 0-based page number: the links that move, and the elements (object numbers) of its new
    pieces of marked content.
    """

    links: dict[int, Moves] = field(default_factory=dict)
    elements: dict[int, list[int]] = field(default_factory=dict)

    def note(self, page: int, links: Moves, elements: Iterable[int]) -> None:
        """Remember the changes of a page."""
        self.links[page] = links
        self.elements[page] = list(elements)

    def make(self, pdf: pymupdf.Document, lang: str) -> None:
        """Make all of them; the words are in `lang` now."""
        for page, links in self.links.items():
            move(pdf, page, links)
        for page, elements in self.elements.items():
            attach(pdf, page, elements, lang)

    def as_json(self) -> dict[str, Any]:
        """Plain values; `changes_from` reads them."""
        return {"links": self.links, "elements": self.elements}


def changes_from(values: Mapping[str, Any]) -> Changes:
    """What `as_json` gave, after its keys have become strings."""
    links = {
        int(page): {int(number): [tuple(box) for box in boxes] for number, boxes in moves.items()}
        for page, moves in values["links"].items()
    }
    return Changes(
        links, {int(page): list(elements) for page, elements in values["elements"].items()}
    )
