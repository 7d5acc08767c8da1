"""How near a translated document comes to a person's: a PDF whose human translation exists is
translated from end to end, and its words are compared.

    python -m bench.document IN.pdf HUMAN.pdf ENGINE SRC TGT [--first N] [--json]

IN.pdf goes through `dragoman translate` with ENGINE as the settings of the environment have it. The
words that can be read out of the result are compared with those of HUMAN.pdf, each as one text:
chrF2 of sacrebleu counts pieces of six characters wherever they stand, so that no paragraphs have
to be found for each other. `copied` is what the source itself would get, and `same` the share of
the result's words that are in the person's translation, too, counted as often as they are there.
With `--first` only so many pages of each are taken: a translation grows, so that the ends do
not meet. Debian's manuals have both: `apt-get download maint-guide maint-guide-es` (GPL-2 or
later), `debian-reference-en debian-reference-pt` (GPL-2 or later).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pymupdf

from dragoman.domain.job import Options
from pipeline.engines import registry
from pipeline.engines import settings as engine_settings
from pipeline.jobs import in_process

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Report:
    """`chrf` and `copied` from 0 to 100, `same` from 0 to 1; `warnings` by their codes."""

    engine: str
    pages: int
    words: int
    chrf: float
    copied: float
    same: float
    seconds: float
    warnings: dict[str, int]


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, metavar="IN.pdf")
    parser.add_argument("human", type=Path, metavar="HUMAN.pdf")
    parser.add_argument("engine", metavar="ENGINE")
    parser.add_argument("source_lang", metavar="SRC")
    parser.add_argument("target_lang", metavar="TGT")
    parser.add_argument("--first", type=int, metavar="N", help="only the first N pages of all")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    langs = (given.source_lang, given.target_lang)
    report = measured(given.source, given.human, given.engine, langs, given.first)
    if given.json:
        print(json.dumps(asdict(report)))
        return
    for name, value in asdict(report).items():
        print(f"{name:10} {value}")


def measured(
    source: Path, human: Path, name: str, langs: tuple[str, str], first: int | None = None
) -> Report:
    """The figures. `langs`: from and into; `first`: only so many pages of each."""
    from sacrebleu.metrics import CHRF

    settings = engine_settings.from_env(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        cut, out = Path(folder) / "in.pdf", Path(folder) / "out.pdf"
        with pymupdf.open(source) as pdf:
            if first is not None:
                pdf.select(range(min(first, pdf.page_count)))
            pdf.save(cut)
        engines = in_process.Engines(
            choose=lambda have, want: registry.choose(settings, name, have, want)
        )
        done = in_process.run(cut, out, Options(langs[1], langs[0]), engines)
        said, was, meant = words_of(out), words_of(cut), words_of(human, first)
    chrf = CHRF()
    return Report(
        engine=done.engine,
        pages=done.pages,
        words=len(was),
        chrf=round(chrf.corpus_score([" ".join(said)], [[" ".join(meant)]]).score, 2),
        copied=round(chrf.corpus_score([" ".join(was)], [[" ".join(meant)]]).score, 2),
        same=round((Counter(said) & Counter(meant)).total() / max(len(said), 1), 3),
        seconds=round(sum(done.seconds.values()), 1),
        warnings=dict(Counter(one.code for one in done.warnings)),
    )


def words_of(path: Path, first: int | None = None) -> list[str]:
    """The words that can be read out of a PDF, without figures and signs."""
    with pymupdf.open(path) as pdf:
        pages = list(pdf)[:first]
        return _WORD.findall(" ".join(page.get_text() for page in pages).casefold())


if __name__ == "__main__":
    main()
