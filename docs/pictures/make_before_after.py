"""Makes `before-after.png`: page 1 of the sample beside its translation by the local engine, as
`make demo` has it.

`python docs/pictures/make_before_after.py`, in the project's virtual environment, with the
dependency group `demo`.
"""

# ruff: noqa: INP001 - a script beside what it makes, no package
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pymupdf

from ops.models.folder import alone
from ops.models.installing import copy
from ops.models.pairs import Pair
from ops.models.wheel import weights

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "dragoman" / "sample.pdf"
EN_PT = Pair("en", "pt")
GAP, FRAME = 14, 6  # points between the two pages and around both
DPI = 110
GREY = (0.8, 0.8, 0.8)


def main() -> None:
    """Translate the sample into Portuguese and write the picture beside this file."""
    with tempfile.TemporaryDirectory() as folder, alone(Path(folder) / "models") as models:
        copy(EN_PT, weights()[EN_PT], models)
        translated = Path(folder) / "sample.pt.pdf"
        command = [
            "translate",
            str(SAMPLE),
            "--to",
            "pt",
            "--engine",
            "local",
            "--out",
            str(translated),
        ]
        environment = {**os.environ, "DRAGOMAN_LOCAL_MODELS_DIR": str(models)}
        subprocess.run([sys.executable, "-m", "dragoman", *command], env=environment, check=True)
        side_by_side(SAMPLE, translated).save(HERE / "before-after.png")


def side_by_side(before: Path, after: Path) -> pymupdf.Pixmap:
    """The first pages of two PDFs of the same size, framed, as one picture."""
    sheet = pymupdf.open()
    with pymupdf.open(before) as left, pymupdf.open(after) as right:
        page = left[0].rect
        canvas = sheet.new_page(
            width=2 * page.width + GAP + 2 * FRAME, height=page.height + 2 * FRAME
        )
        for number, document in enumerate((left, right)):
            left_edge = FRAME + number * (page.width + GAP)
            place = pymupdf.Rect(left_edge, FRAME, left_edge + page.width, FRAME + page.height)
            canvas.show_pdf_page(place, document, 0)
            canvas.draw_rect(place, color=GREY, width=0.7)
        return canvas.get_pixmap(dpi=DPI)


if __name__ == "__main__":
    main()
