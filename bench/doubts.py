"""How often the checks without a model doubt what people have translated: each such doubt is a
false warning, or a fault of the person's.

    python -m bench.doubts [--most 700] [--show] [--json]

The sentences are those that this machine's programs say (the gettext catalogues under
/usr/share/locale, each under its program's licence), from English into twenty languages: five words
or more, without places to fill in.
"""

from __future__ import annotations

import argparse
import gettext
import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engines import language_check
from pipeline.stages import checks, markup
from pipeline.stages.checks import Doubt

LOCALES = Path("/usr/share/locale")
LANGUAGES = {"pt_BR": "pt-BR", "zh_CN": "zh-Hans"} | {
    tag: tag for tag in re.findall(r"\w+", "cs da de el es fi fr id it ja ko nl pl ru sv tr uk vi")
}
SENTENCE = re.compile(r"[A-Z][^\n\t%]{20,400}[.!?]")
WORDS = 5


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=700, help="sentences of a language (700)")
    parser.add_argument("--show", action="store_true", help="print what is doubted")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    dice, told = random.Random(1), dict[str, dict[str, int]]()
    for folder, tag in sorted(LANGUAGES.items()):
        pairs = sorted(of_language(folder).items())
        chosen = dice.sample(pairs, min(given.most, len(pairs)))
        doubted = {pair: wrong for pair in chosen if (wrong := doubt(*pair, tag))}
        told[tag] = {"sentences": len(chosen), **Counter(map(str, doubted.values()))}
        for (source, said), wrong in doubted.items() if given.show else ():
            print(f"{tag} {wrong}: {source} | {said}")
    if given.json:
        print(json.dumps(told))
        return
    for tag, counted in told.items():
        print(tag, counted)
    sentences = sum(one["sentences"] for one in told.values())
    doubts = sum(sum(one.values()) for one in told.values()) - sentences
    print(f"{doubts} of {sentences}: {100 * doubts / max(sentences, 1):.2f} %")


def of_language(folder: str) -> dict[str, str]:
    """English sentences and what people made of them."""
    found: dict[str, str] = {}
    for file in sorted((LOCALES / folder / "LC_MESSAGES").glob("*.mo")):
        with suppress(UnicodeDecodeError), file.open("rb") as opened:
            found |= _sentences(gettext.GNUTranslations(opened)._catalog)  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def _sentences(catalogue: Mapping[object, object]) -> dict[str, str]:
    return {
        source: said
        for source, said in catalogue.items()
        if isinstance(source, str)
        and isinstance(said, str)
        and SENTENCE.fullmatch(source)
        and len(source.split()) >= WORDS
        and said.strip()
    }


def doubt(source: str, said: str, tag: str) -> Doubt | None:
    """What the checks have against a translation."""
    found = checks.doubt(markup.escape(source), markup.escape(said), "en", tag)
    other = found is None and language_check.is_in_another_language(markup.escape(said), tag)
    return Doubt.LANGUAGE if other else found


if __name__ == "__main__":
    main()
