"""How good an engine's words are, and what they cost: a set of texts with a person's translations, against what the engine makes.

    python -m bench.words SET.tsv ENGINE SRC TGT [--json]

SET.tsv has a text and its translation in each line, with a tab between them. ENGINE is one of Dragoman's, as the settings of the
environment have it, or `fxtranslate`: the library under `local` alone, on plain text, with the same models.
chrF2 and BLEU are sacrebleu's. Tags: each text once more with one run in another style and one kept piece, as documents have
them; the share of texts that come back with both.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dragoman.ports import Batch, Translator
from pipeline.engines import registry
from pipeline.engines import settings as engine_settings
from pipeline.stages import markup
from pipeline.translation import translate_all

BARE = "fxtranslate"
_TAG = re.compile(r"</?[gx]\b[^<>]*>")


@dataclass(frozen=True, slots=True)
class Report:
    """`chrf2` and `bleu` from 0 to 100, `tags_kept` from 0 to 1, None: not tried. `seconds` of CPU, of the plain texts alone."""

    engine: str
    texts: int
    words: int
    chrf2: float
    bleu: float
    tags_kept: float | None
    seconds: float
    words_a_second: float
    peak_rss_mb: float


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path, metavar="SET.tsv")
    parser.add_argument("engine", metavar="ENGINE")
    parser.add_argument("source", metavar="SRC")
    parser.add_argument("target", metavar="TGT")
    parser.add_argument("--tagged", type=int, default=100, metavar="N", help="texts that are tried with tags (100)")
    parser.add_argument("--out", type=Path, help="a file for the translations, one a line")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    pairs = read(given.set)
    report, answers = measured(pairs, given.engine, given.source, given.target, given.tagged)
    if given.out:
        given.out.write_text("".join(f"{answer}\n" for answer in answers))
    if given.json:
        print(json.dumps(asdict(report)))
        return
    for name, value in asdict(report).items():
        print(f"{name:16} {value}")


def read(path: Path) -> list[tuple[str, str]]:
    """The texts and their translations. Ends the program with a sentence where a line is no such pair."""
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.split("\t")
        if len(columns) != 2 or not all(map(str.strip, columns)):
            sys.exit(f"{path}, line {number}: a text, one tab and its translation are wanted.")
        pairs.append((columns[0].strip(), columns[1].strip()))
    if not pairs:
        sys.exit(f"{path} is empty.")
    return pairs


def measured(
    pairs: Sequence[tuple[str, str]], name: str, source: str, target: str, tagged: int
) -> tuple[Report, list[str]]:
    """The figures, and the translations of the plain texts."""
    from sacrebleu.metrics import BLEU, CHRF

    texts, references = [text for text, _ in pairs], [reference for _, reference in pairs]
    settings = engine_settings.from_env(os.environ)
    engine = None if name == BARE else registry.choose(settings, name, source, target)
    ask = _through(engine, source, target) if engine else _bare(settings.models_dir, source, target)
    ask(texts[:1])  # a model is loaded with the first text
    start = _cpu_s()
    answers = ask(texts)
    seconds = _cpu_s() - start
    words = sum(len(text.split()) for text in texts)
    report = Report(
        engine=name,
        texts=len(texts),
        words=words,
        chrf2=round(CHRF().corpus_score(answers, [references]).score, 2),
        bleu=round(BLEU().corpus_score(answers, [references]).score, 2),
        tags_kept=_tags_kept(engine, texts[:tagged], source, target) if engine and tagged else None,
        seconds=round(seconds, 2),
        words_a_second=round(words / max(seconds, 1e-9)),
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )
    return report, answers


def tagged_text(text: str) -> str:
    """The text with its second quarter in another style, and a kept piece in the middle."""
    words = [markup.escape(word) for word in text.split()]
    quarter, half = len(words) // 4, len(words) // 2
    styled = " ".join(words[quarter:half])
    parts = [*words[:quarter], f'<g id="1">{styled}</g>' if styled else "", '<x id="2"/>', *words[half:]]
    return " ".join(part for part in parts if part)


def _through(engine: Translator, source: str, target: str) -> Callable[[Sequence[str]], list[str]]:
    def ask(texts: Sequence[str]) -> list[str]:
        escaped = [markup.escape(text) for text in texts]
        answers, _ = translate_all(escaped, engine, source, target)
        return [markup.unescape(answers[text]) for text in escaped]

    return ask


def _bare(folder: Path, source: str, target: str) -> Callable[[Sequence[str]], list[str]]:
    """The library alone, with the model that `local` takes."""
    from fxtranslate import Translator as Library

    from pipeline.engines.local.folder import look
    from pipeline.engines.local.routes import route

    made = []
    for model in route(look(folder).models, source, target):
        paths = (model.weights, *model.vocabularies, model.shortlist)
        made.append(Library(*(path.read_bytes() for path in paths)))
    if not made:
        sys.exit(f"There is no model from {source} to {target} in {folder}.")

    def ask(texts: Sequence[str]) -> list[str]:
        answers = list(texts)
        for library in made:
            answers = [library.translate_long(text) for text in answers]
        return answers

    return ask


def _tags_kept(engine: Translator, texts: Sequence[str], source: str, target: str) -> float:
    wanted = [tagged_text(text) for text in texts]
    kept = 0
    for text in wanted:
        answer = engine.translate(Batch((text,), source, target)).texts[0]
        kept += sorted(_TAG.findall(answer)) == sorted(_TAG.findall(text))
    return round(kept / len(wanted), 3)


def _cpu_s() -> float:
    """Seconds of CPU of this process and of the programs that it ran."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
