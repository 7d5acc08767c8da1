"""Makes `pictures/*.png`: own sample pages of several classes, each beside its translation into
Spanish by Apertium.

python -m bench.pictures    in the project's folder and virtual environment, with apertium-eng-spa
installed
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pymupdf

from tests.pages import PAGES, scan, slide
from tests.pdfs import LOREM, make

HERE = Path(__file__).parent / "pictures"
SHOWN = ("columns", "table", "form", "slide", "turned")
BOTTOM = {"columns": 500, "turned": 620}  # points: where the sample's drawing ends
DPI = 75


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name in (*SHOWN, "scan"):
        with tempfile.TemporaryDirectory() as folder:
            draw = PAGES.get(name) or (lambda pdf: (slide(pdf), scan(pdf)))
            source, out = make(Path(folder) / "in.pdf", LOREM, draw=draw), Path(folder) / "out.pdf"
            command = [
                "translate",
                str(source),
                "--to",
                "es",
                "--engine",
                "apertium",
                "--layout",
                "side-by-side",
            ]
            subprocess.run([sys.executable, "-m", "dragoman", *command, "-o", str(out)], check=True)
            with pymupdf.open(out) as pdf:
                part = pymupdf.Rect(0, 50, pdf[0].rect.width, BOTTOM.get(name, 340))
                pdf[0].get_pixmap(dpi=DPI, clip=part).save(HERE / f"{name}.png")


if __name__ == "__main__":
    main()
