"""Garbled PDFs through extract and reconstruct: each is read, or refused with an error of its own.

`make fuzz` runs it.

usage: python -m tests.fuzz [--seconds S] [--seed N] [--seeds FOLDER] [--keep FOLDER]

Seeds are the sample, pages of each class and the hostile files, and the PDFs of `--seeds`. What is
no answer (an exception that is none of ours, a child that died) is kept in `--keep` and ends the
run with exit code 1.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dragoman.domain.document import Document
from dragoman.domain.job import Options
from dragoman.errors import DamagedPdf, RequestError
from pipeline.pdf.container.mark import Mark
from pipeline.sandbox import calls
from pipeline.sandbox.client import Bounds, Call, confined
from tests.hostile import HOSTILE
from tests.pdfs import LOREM, make, retyped

SAMPLE = Path(__file__).parents[1] / "dragoman" / "sample.pdf"
BOUNDS = Bounds(memory=512 << 20, silence_s=5.0)
LARGEST_SEED = 1 << 20  # bytes: larger files are only slower
_NUMBER = re.compile(rb"(?<![\w.])-?\d+(?![\w.])")
_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"65536",
    b"2147483647",
    b"-2147483648",
    b"99999999999",
    b"1e30",
    b"null",
)
_NAME = re.compile(rb"/[A-Za-z]+")


def seeds(folder: Path | None) -> list[bytes]:
    """The files that are garbled."""
    with tempfile.TemporaryDirectory() as name:
        plain = make(Path(name) / "a.pdf", LOREM, LOREM, expand=255).read_bytes()
    found = [
        SAMPLE.read_bytes(),
        plain,
        *(write() for name, write in HOSTILE.items() if "bomb" not in name),
    ]
    found += [path.read_bytes() for path in sorted(folder.rglob("*.pdf"))] if folder else []
    return [seed for seed in found if len(seed) <= LARGEST_SEED]


def garbled(seed: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """One of the ways in which files break, or are broken."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if not data:
            break
        place = chance.randrange(len(data))
        length = min(chance.choice((1, 4, 64, 1000)), len(data) - place)
        match chance.randrange(7):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = chance.randbytes(length)
            case 3:
                other = chance.choice(others)
                start = chance.randrange(max(1, len(other)))
                data[place : place + length] = other[start : start + length]
            case 4:
                data = _replaced(data, _NUMBER, lambda _: chance.choice(_NUMBERS), chance)
            case 5:
                names = _NAME.findall(bytes(data[:100_000])) or [b"/A"]
                data = _replaced(data, _NAME, lambda _, names=names: chance.choice(names), chance)
            case _:
                del data[place:]
    return bytes(data)


def _replaced(data: bytearray, pattern: re.Pattern[bytes], by, chance: random.Random) -> bytearray:
    places = [found.span() for found in pattern.finditer(data)]
    if places:
        start, end = chance.choice(places)
        data[start:end] = by(None)
    return data


def outcome(
    path: Path, out: Path, bounds: Bounds = BOUNDS, do: Callable[..., Any] = confined
) -> str:
    """`set`, the code of our error, or what should not be, with an exclamation mark.

    `do`: what works on the file.
    """

    def within(call: Call) -> Any:
        return do(call, bounds=bounds)

    try:
        found = calls.extract(within, path.parent, path, Options("de"))
        assert isinstance(found, Document)
        calls.reconstruct(
            within,
            path.parent,
            path,
            retyped(found, str.upper),
            out,
            options=Options("de"),
            mark=Mark(),
        )
    except DamagedPdf as error:
        return "!crashed" if "died" in error.detail else error.code
    except RequestError as error:
        return error.code
    except Exception as error:  # noqa: BLE001  # this is what is looked for
        return f"!{type(error).__name__}: {error}"
    return "set"


def run(seconds: float, seed: int, chosen: list[bytes], keep: Path) -> Counter[str]:
    """How often each outcome was seen; files whose outcome is none to be proud of are kept."""
    chance, seen = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "garbled.pdf", Path(folder) / "out.pdf"
        for number in _until(seconds):
            path.write_bytes(garbled(chance.choice(chosen), chosen, chance))
            result = outcome(path, out)
            seen[result] += 1
            if result.startswith("!"):
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}.pdf").write_bytes(path.read_bytes())
    return seen


def _until(seconds: float) -> Iterator[int]:
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield number
        number += 1


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=Path)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    seen = run(given.seconds, given.seed, seeds(given.seeds), given.keep)
    for result, count in seen.most_common():
        print(f"{count:7} {result}")
    return int(any(result.startswith("!") for result in seen))


if __name__ == "__main__":
    sys.exit(main())
