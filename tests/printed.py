"""What the pages of documentation print between fences, and what of it a shell is to run.

A fence with the info string `sh` holds commands, and nothing else holds any. `text` is what they
print: `…` stands for anything there. All else (`ini`, `yaml`, none, …) is the content of files.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "tutorial.md",
    *sorted((ROOT / "docs" / "howto").glob("*.md")),
)
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
INLINE = re.compile(r"`([^`\n]+)`")
COMMANDS, OUTPUT = "sh", "text"
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its info string, its lines without the indent, and the number of its
    first line in the page.
    """

    info: str
    lines: tuple[str, ...]
    first_line: int


def fences(page: Path) -> list[Fence]:
    """All fenced blocks of a page, in their order."""
    text = page.read_text()
    found = []
    for match in FENCE.finditer(text):
        indent = len(match["indent"])
        lines = tuple(line[indent:] for line in match["body"].splitlines())
        found.append(Fence(match["info"].strip(), lines, text.count("\n", 0, match.start()) + 2))
    return found


def commands(fence: Fence) -> Iterator[tuple[int, str]]:
    """The commands of a fence with their line numbers in the page; lines that end in a
    backslash are one command.
    """
    kept: list[str] = []
    for number, line in enumerate(fence.lines, fence.first_line):
        kept.append(line)
        if not line.endswith("\\"):
            if "\n".join(kept).strip():
                yield number - len(kept) + 1, "\n".join(kept)
            kept = []


def outputs(page: Path) -> list[str]:
    """The lines that a page says its commands print."""
    shown = [fence for fence in fences(page) if fence.info == OUTPUT]
    return [line.strip() for fence in shown for line in fence.lines if line.strip(f" {ANYTHING}")]


def occurs(line: str, said: str) -> bool:
    """Whether a line that a page shows is among what was said; white space and `…` may be
    anything.
    """
    parts = [r"\s+".join(map(re.escape, part.split())) for part in line.split(ANYTHING)]
    return re.search(r"[^\n]*".join(parts), said) is not None


def inline_commands(page: Path, program: str) -> list[list[str]]:
    """The words of commands of `program` that stand within sentences; what is no whole command
    line is left out.
    """
    prose = FENCE.sub("", page.read_text())
    found = []
    for code in INLINE.findall(prose):
        words = shlex.split(code, comments=True) if code.count("'") % 2 == 0 else code.split()
        if program in words[:1]:
            found.append(words)
    return found
