"""PDFs of a folder through Dragoman and its peers, in one run: speed, memory, size, and what an
outside scorer says of the pages.

    python bench/pdf.py FOLDER [--to de] [--pages 8] [--deepl URL] [--scorer PATH [--lexicon
    FILE:LANG]]
                        [--peer NAME=COMMAND]... [--json]

`floor` is what no translator can go below: the pages opened, their text read, the file saved. Ours
is `dragoman translate`, a process for each file, with the pseudo engine or a DeepL server at URL. A
peer's COMMAND holds {source}, {out} (a file) or {folder} (any PDF in it is taken), and {lang}.
`--scorer` is a program that is called with SOURCE, RESULT, `--pages N` and `--lexicon`, and prints
one JSON object; its columns are averaged over the files.

CPU is user + system of the process and its children, less that of the same command for a page of
one word, by page.

The last lines are stricter: in this one process, once warm, the CPU of the extract and reconstruct
stages (the engine's answers are there already), as a multiple of opening the same file,
`get_text()` of its pages and a plain save. The floor of the table reads the pages as a translator
has to (`get_text("dict")`) and saves as small as ours, so that its multiples are smaller.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Beside this file lie namesakes of our package `pipeline` and of the standard library's `email`.
sys.path[:] = [
    folder
    for folder in sys.path
    if Path(folder or ".").resolve() != Path(__file__).resolve().parent
]

import pymupdf  # noqa: E402  # after the path

from dragoman.domain.job import Options  # noqa: E402  # after the path
from pipeline.engines.pseudo import pseudo  # noqa: E402  # after the path
from pipeline.sandbox.server import OBJECTS_A_COLLECTION  # noqa: E402  # after the path
from pipeline.stages import translate  # noqa: E402  # after the path
from pipeline.stages.extract import extract  # noqa: E402  # after the path
from pipeline.stages.reconstruct import reconstruct  # noqa: E402  # after the path

MIB = 1 << 20
TIMEOUT_S = 900
ROUNDS = 3
OTHER = "fr"
# folders of files that are measured by tests, not by the page
SKIPPED = {"broken", "encrypted", "scanned"}
OURS = [sys.executable, "-m", "dragoman", "translate", "{source}", "--to", "{lang}", "-o", "{out}"]
FLOOR = (
    "import sys, pymupdf\n"
    "pdf = pymupdf.open(sys.argv[1])\n"
    "for page in pdf: page.get_text('dict')\n"
    "pdf.save(sys.argv[2], garbage=3, deflate=True)"
)
# Known programs, used where they are on PATH. They want a service of their own: see their
# documentation.
PEERS = {
    "pdf2zh": "pdf2zh {source} -lo {lang} -s openai -t 1 -o {folder}",
    "babeldoc": "babeldoc --files {source} --lang-out {lang} --openai --output {folder} --no-dual",
}


@dataclass(frozen=True)
class Work:
    """The CPU of one file in seconds, each the least of ROUNDS: the strict floor, the floor of
    the table, ours.
    """

    name: str
    pages: int
    strict_s: float
    floor_s: float
    ours_s: float


@dataclass
class Result:
    """One tool's figures: lists have an entry for each file that came out.

    `start_cpu_s`: for a page of one word.
    """

    files: int = 0
    failed: list[str] = field(default_factory=list)
    pages: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    start_cpu_s: float = 0.0
    peak_mib: float = 0.0
    ratios: list[float] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cpu_a_page(self) -> float:
        return max(0.0, self.cpu_s - self.files * self.start_cpu_s) / max(self.pages, 1)


@dataclass(frozen=True)
class Usage:
    """What a process and its children took."""

    ok: bool
    seconds: float
    cpu_s: float
    peak_mib: float


def measured(command: list[str], environment: dict[str, str]) -> Usage:
    """Run a command to its end, or for TIMEOUT_S."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    deadline, status, used = start + TIMEOUT_S, None, None
    while status is None:
        pid, code, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            status = os.waitstatus_to_exitcode(code)
        elif time.perf_counter() > deadline:
            process.kill()
            _, code, used = os.wait4(process.pid, 0)
            status = os.waitstatus_to_exitcode(code)
        else:
            time.sleep(0.005)
    process.returncode = status
    assert isinstance(used, resource.struct_rusage)
    return Usage(
        status == 0,
        time.perf_counter() - start,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
    )


def first_pages(folder: Path, count: int, to: Path) -> list[Path]:
    """The first `count` pages of every PDF of a folder, each as a file."""
    cut = []
    for path in sorted(folder.rglob("*.pdf")):
        if SKIPPED & set(path.relative_to(folder).parts):
            continue
        with pymupdf.open(path) as pdf:
            if pdf.needs_pass:
                continue
            if pdf.page_count > count:
                pdf.select(range(count))
            cut.append(to / f"{len(cut):03}-{path.name}")
            pdf.save(cut[-1], garbage=3, deflate=True)
    return cut


def one_word(folder: Path) -> Path:
    with pymupdf.open() as pdf:
        pdf.new_page().insert_text((72, 72), "Word")
        pdf.save(folder / "word.pdf")
    return folder / "word.pdf"


def run(
    command: str | list[str], sources: list[Path], given: argparse.Namespace, scratch: Path
) -> Result:
    """A tool on all files."""
    result = Result()
    result.start_cpu_s = min(
        _translated(command, one_word(scratch), given, scratch)[1].cpu_s for _ in range(3)
    )
    for source in sources:
        out, usage = _translated(command, source, given, scratch)
        if not usage.ok or out is None:
            result.failed.append(source.name)
            continue
        with pymupdf.open(source) as pdf:
            result.pages += pdf.page_count
        result.files += 1
        result.seconds += usage.seconds
        result.cpu_s += usage.cpu_s
        result.peak_mib = max(result.peak_mib, usage.peak_mib)
        result.ratios.append(out.stat().st_size / source.stat().st_size)
        if given.scorer and command != floor_command():
            result.scores.append(_score(given, source, out))
    return result


def _translated(
    command: str | list[str], source: Path, given: argparse.Namespace, scratch: Path
) -> tuple[Path | None, Usage]:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    out = folder / "out.pdf"
    names = {
        "source": str(source),
        "out": str(out),
        "folder": str(folder),
        "lang": _target(given, source),
    }
    parts = shlex.split(command) if isinstance(command, str) else command
    environment = {**os.environ, "DRAGOMAN_MAX_PAGES": "100000"}
    if given.deepl:
        environment |= {
            "DRAGOMAN_DEEPL_SERVER_URL": given.deepl,
            "DRAGOMAN_DEEPL_AUTH_KEY": "bench",
        }
    usage = measured([_filled(part, names) for part in parts], environment)
    found = [out] if out.exists() else sorted(folder.glob("*.pdf"))
    return (found[0] if found else None), usage


def _target(given: argparse.Namespace, source: Path) -> str:
    """A file that says by its name (…_de.pdf) that it is in the target language goes to another
    one.
    """
    return OTHER if source.stem.endswith(f"_{given.to}") and given.to != OTHER else str(given.to)


def _filled(part: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        part = part.replace(f"{{{name}}}", value)
    return part


def floor_command() -> list[str]:
    return [sys.executable, "-c", FLOOR, "{source}", "{out}"]


def _score(given: argparse.Namespace, source: Path, out: Path) -> dict[str, Any]:
    words = shlex.split(given.scorer)
    program = [sys.executable, *words] if len(words) == 1 else words
    command = [*program, str(source), str(out), "--pages", str(given.pages)]
    command += ["--lexicon", given.lexicon] if given.lexicon else []
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    return dict(json.loads(done.stdout))


def work_of(source: Path, lang: str, scratch: Path) -> Work:
    """What a file takes in this process."""
    document = extract(source)
    answers = {text: pseudo(text) for text in translate.segments(document)}
    document = translate.apply(document, answers)
    out = scratch / "work.pdf"

    def ours() -> None:
        extract(source)
        reconstruct(source, document, out, options=Options(lang))

    strict = _least(lambda: _opened_and_saved(source, out, "text"))
    floor = _least(lambda: _opened_and_saved(source, out, "dict", garbage=3, deflate=True))
    return Work(source.name, len(document.pages), strict, floor, _least(ours))


def _opened_and_saved(source: Path, out: Path, kind: str, **options: Any) -> None:
    with pymupdf.open(source) as pdf:
        for page in pdf:
            page.get_text(kind)
        pdf.save(out, **options)


def _least(work: Callable[[], None]) -> float:
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return min(took)


def told(works: list[Work]) -> str:
    """The strict figures in words."""
    pages = sum(one.pages for one in works)
    strict, floor, ours = (
        sum(getattr(one, key) for one in works) for key in ("strict_s", "floor_s", "ours_s")
    )
    worst = max(works, key=lambda one: one.ours_s / one.strict_s)
    return (
        f"In one process: open, get_text, save {1000 * strict / pages:.1f} ms a page; as in the"
        f" table {1000 * floor / pages:.1f} ms; extract and reconstruct {1000 * ours / pages:.1f}"
        f" ms, {ours / strict:.1f} and {ours / floor:.1f} times as much (of one file"
        f" {worst.ours_s / worst.strict_s:.1f}: {worst.name})."
    )


COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "leftover": lambda score: score.get("leftover"),
    "extractable": lambda score: score.get("target_extractable"),
    "overlap added": lambda score: max(0.0, score["collide"] - score["collide_src"]),
    "off page": lambda score: score["off_page"],
    "out of column": lambda score: score["out_of_column"],
    "size p10": lambda score: score.get("size_ratio", {}).get("p10"),
    "size median": lambda score: score.get("size_ratio", {}).get("median"),
    "all but text": lambda score: score.get("nontext_diff", {}).get("mean"),
}
KEPT = ("links", "widgets", "outline", "annots")


def row(name: str, result: Result, floor: Result) -> list[str]:
    """A line of the table."""
    multiple = result.cpu_a_page / floor.cpu_a_page if floor.cpu_a_page else 0.0
    cells = [
        name,
        f"{result.files}/{result.files + len(result.failed)}",
        f"{result.pages / result.seconds:.1f}" if result.seconds else "",
        f"{1000 * result.cpu_a_page:.0f}",
        f"{multiple:.1f}",
        f"{result.peak_mib:.0f}",
        f"{statistics.median(result.ratios):.2f}" if result.ratios else "",
    ]
    for value_of in COLUMNS.values():
        values = [value for score in result.scores if (value := value_of(score)) is not None]
        cells.append(f"{statistics.fmean(values):.4f}" if values else "")
    for key in KEPT:
        pairs = [score[key] for score in result.scores if key in score]
        cells.append(
            f"{sum(min(pair) for pair in pairs)}/{sum(pair[0] for pair in pairs)}" if pairs else ""
        )
    return cells


def table(rows: Iterable[list[str]]) -> str:
    head = ["", "files", "pages/s", "CPU ms/page", "x floor", "peak MiB", "bytes", *COLUMNS, *KEPT]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _peers(given: argparse.Namespace) -> dict[str, str]:
    from shutil import which

    installed = {name: command for name, command in PEERS.items() if which(name)}
    return installed | dict(peer.split("=", 1) for peer in given.peer)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", default="de")
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--deepl", help="the address of a DeepL server")
    parser.add_argument(
        "--scorer", help="a Python program that compares two PDFs, or a whole command"
    )
    parser.add_argument("--lexicon", help="is passed on to the scorer")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ours = [*OURS, "--engine", "deepl" if given.deepl else "pseudo"]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        sources = first_pages(given.folder, given.pages, scratch)
        results = {
            "floor": run(floor_command(), sources, given, scratch),
            "dragoman": run(ours, sources, given, scratch),
        }
        results |= {
            name: run(command, sources, given, scratch) for name, command in _peers(given).items()
        }
        gc.set_threshold(OBJECTS_A_COLLECTION)  # as in the processes that work
        works = [work_of(source, _target(given, source), scratch) for source in sources]
    if given.json:
        figures = {name: vars(result) for name, result in results.items()} | {
            "one process": [vars(one) for one in works]
        }
        print(json.dumps(figures, indent=1))
        return
    print(table(row(name, result, results["floor"]) for name, result in results.items()))
    for name, result in results.items():
        if result.failed:
            print(f"\n{name} failed on: {', '.join(result.failed)}")
    if works:
        print(f"\n{told(works)}")


if __name__ == "__main__":
    main()
