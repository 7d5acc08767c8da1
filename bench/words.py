"""How good an engine's words are, and what they cost: a set of texts with a person's translations,
against what the engine makes.

    python -m bench.words SET.tsv ENGINE SRC TGT [--glossary F.csv] [--json]

The last two columns of SET.tsv are a text and its translation; what stands before them (a name, a
source, a licence) is left out. ENGINE is one of Dragoman's, as the settings of the environment have
it, or `fxtranslate`: the library under `local` alone, on plain text, with the same models. chrF2
and BLEU are sacrebleu's; a text that failed counts as its source, as in a document. Terms: of those
of the glossary that occur, the share that is in the translation, maybe inflected. Cost: what the
prices in the settings say. Tags: each text once more with one run in another style and one kept
piece, as documents have them; the share of texts that come back with both.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dragoman.domain.document import Run, Style
from dragoman.ports import NO_TOKENS, Batch, Tokens, Translator
from pipeline.engines import registry
from pipeline.engines import settings as engine_settings
from pipeline.engines.openai.engine import OpenAI
from pipeline.stages import markup, terms
from pipeline.stages.checks import Doubt
from pipeline.stages.protection import NO_GLOSSARY, Glossary
from pipeline.translation.batches import Hints, NoMemory, translate_all
from pipeline.translation.document_context import held_back
from pipeline.translation.glossary import load

BARE = "fxtranslate"
COLUMNS = 2
_TAG = re.compile(r"</?[gx]\b[^<>]*>")


@dataclass(frozen=True, slots=True)
class Report:
    """`chrf` (chrF2) and `bleu` from 0 to 100, `tags_kept` and `terms_kept` from 0 to 1, None: not
    tried.

    `failed`: texts kept in the original; `doubted`: translations that are not believed. `seconds`
    of CPU, of the plain texts alone; `cost` in the currency of the settings, None: there is no
    price.
    """

    engine: str
    texts: int
    words: int
    chrf: float
    bleu: float
    tags_kept: float | None
    terms_kept: float | None
    failed: int
    doubted: int
    characters_billed: int
    tokens_read: int
    tokens_written: int
    cost: float | None
    seconds: float
    words_a_second: float
    peak_rss_mb: float


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", type=Path, metavar="SET.tsv")
    parser.add_argument("engine", metavar="ENGINE")
    parser.add_argument("source", metavar="SRC")
    parser.add_argument("target", metavar="TGT")
    parser.add_argument(
        "--glossary", type=Path, metavar="F.csv|.tsv", help="terms that are to be used"
    )
    parser.add_argument(
        "--tagged", type=int, default=100, metavar="N", help="texts that are tried with tags (100)"
    )
    parser.add_argument("--out", type=Path, help="a file for the translations, one a line")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    pairs = read(given.set)
    glossary = load(given.glossary) if given.glossary else NO_GLOSSARY
    report, answers = measured(
        pairs, given.engine, (given.source, given.target), given.tagged, glossary
    )
    if given.out:
        given.out.write_text("".join(f"{answer}\n" for answer in answers))
    if given.json:
        print(json.dumps(asdict(report)))
        return
    for name, value in asdict(report).items():
        print(f"{name:16} {value}")


def read(path: Path) -> list[tuple[str, str]]:
    """The texts and their translations.

    Ends the program with a sentence where a line is no such pair.
    """
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.split("\t")
        if len(columns) < COLUMNS or not all(map(str.strip, columns[-COLUMNS:])):
            sys.exit(
                f"{path}, line {number}: a text, a tab and its translation are wanted, at the end"
                " of the line."
            )
        source, reference = columns[-COLUMNS:]
        pairs.append((source.strip(), reference.strip()))
    if not pairs:
        sys.exit(f"{path} is empty.")
    return pairs


def measured(
    pairs: Sequence[tuple[str, str]],
    name: str,
    langs: tuple[str, str],
    tagged: int,
    glossary: Glossary = NO_GLOSSARY,
) -> tuple[Report, list[str]]:
    """The figures, and the translations of the plain texts. `langs`: from and into."""
    from sacrebleu.metrics import BLEU, CHRF

    texts, references = [text for text, _ in pairs], [reference for _, reference in pairs]
    settings = engine_settings.from_env(os.environ)
    engine = None if name == BARE else registry.choose(settings, name, *langs)
    asked = _Asked(engine, langs, glossary) if engine else None
    ask = asked or _bare(settings.models_dir, *langs)
    ask(texts[:1])  # a model is loaded with the first text
    if asked:
        asked.forget()
    start = _cpu_s()
    answers = ask(texts)
    seconds = _cpu_s() - start
    words = sum(len(text.split()) for text in texts)
    report = Report(
        engine=name,
        texts=len(texts),
        words=words,
        chrf=round(CHRF().corpus_score(answers, [references]).score, 2),
        bleu=round(BLEU().corpus_score(answers, [references]).score, 2),
        tags_kept=_tags_kept(engine, texts[:tagged], *langs) if engine and tagged else None,
        terms_kept=_terms_kept(texts, answers, glossary, langs),
        failed=asked.failed if asked else 0,
        doubted=len(asked.doubts) - asked.failed if asked else 0,
        characters_billed=asked.billed if asked else 0,
        tokens_read=asked.memory.spent.taken if asked else 0,
        tokens_written=asked.memory.spent.given if asked else 0,
        cost=engine.price_of(asked.memory.spent) if asked and isinstance(engine, OpenAI) else None,
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
    parts = [
        *words[:quarter],
        f'<g id="1">{styled}</g>' if styled else "",
        '<x id="2"/>',
        *words[half:],
    ]
    return " ".join(part for part in parts if part)


class _Counting(NoMemory):
    """Remembers nothing but what was counted."""

    def __init__(self) -> None:
        self.spent = NO_TOKENS

    def remember(self, answers: Mapping[str, str], billed: int, tokens: Tokens = NO_TOKENS) -> None:
        """Only counts."""
        self.spent += tokens


class _Asked:
    """Texts through an engine as documents go through it, and what came of it."""

    def __init__(self, engine: Translator, langs: tuple[str, str], glossary: Glossary) -> None:
        self._engine, self._langs, self._glossary = engine, langs, glossary.of(langs[0])
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.memory, self.billed, self.failed = _Counting(), 0, 0
        self.doubts: dict[str, Doubt] = {}

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The translations, the source in place of one that failed."""
        segments = [
            markup.write(
                [Run(text, Style())], held_back(self._engine, self._glossary, *self._langs)
            )
            for text in texts
        ]
        answers, billed = translate_all(
            [segment.text for segment in segments],
            self._engine,
            *self._langs,
            memory=self.memory,
            hints=Hints(glossary=self._glossary),
            on_doubt=self.doubts.__setitem__,
        )
        self.billed += billed
        self.failed += sum(segment.text not in answers for segment in segments)
        found = [
            markup.read(segment, answers.get(segment.text, segment.text)) for segment in segments
        ]
        return ["".join(run.text for run in runs) for runs in found]


def _terms_kept(
    texts: Sequence[str], answers: Sequence[str], glossary: Glossary, langs: tuple[str, str]
) -> float | None:
    """The share of the terms that occur which is in the answers as it should be."""
    known, occurring, wrong = glossary.of(langs[0]), 0, 0
    for text, answer in zip(texts, answers, strict=True):
        occurring += len({one.term for one in known.occurrences(text)})
        wrong += len(list(terms.doubts(text, answer, known, langs[1])))
    return round(1 - wrong / occurring, 3) if occurring else None


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
        answer = engine.translate(Batch((text,), source, target)).texts[0] or ""
        kept += sorted(_TAG.findall(answer)) == sorted(_TAG.findall(text))
    return round(kept / len(wanted), 3)


def _cpu_s() -> float:
    """Seconds of CPU of this process and of the programs that it ran."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
