"""How the tree is doing, in figures: `python bench/tree.py [FOLDER]`.

Folders: the most files of a folder; the modules that are part of a circle of imports; and imports
that run up: the fewest that would have to go so that in every package, and at the top, the parts
stand in one order.

Reading: nodes of the syntax tree a line, how much there is to take in at a glance; lines over 100
columns and functions over a complexity of 12, where FOLDER's own settings of ruff exempt nothing;
the complexity of functions; and how often a value is a `dict[str, Any]` or `Mapping[str, Any]`, in
which mypy sees nothing.

FOLDER: another checkout, without it this one. Migrations do not count.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles

import grimp

NAMES = ("dragoman", "ingress", "notifier", "ops", "pipeline")
# `python -m dragoman` is `dragoman`: the one import that may run up
ENTRY = ("dragoman.__main__", "ops.cli")
WIDEST, MOST_COMPLEX = 100, 12
UNTYPED = ("dict", "Mapping", "MutableMapping")


@dataclass(frozen=True)
class Reading:
    """What there is to read in a tree; `lines`: those that are not blank."""

    lines: int
    nodes: int
    untyped: int

    @property
    def nodes_a_line(self) -> float:
        return self.nodes / self.lines

    @property
    def untyped_a_thousand(self) -> float:
        return 1000 * self.untyped / self.lines


def sources(root: Path, packages: list[str]) -> Iterator[Path]:
    """The Python files of the packages."""
    for package in packages:
        for file in sorted((root / package).rglob("*.py")):
            if "versions" not in file.parts:
                yield file


def reading(files: Iterator[Path]) -> Reading:
    """What there is to read in these files."""
    lines = nodes = untyped = 0
    for file in files:
        text = file.read_text("utf-8")
        tree = list(ast.walk(ast.parse(text)))
        lines += sum(1 for line in text.splitlines() if line.strip())
        # `Load` and `Store` repeat what the place of a name says
        nodes += sum(1 for node in tree if not isinstance(node, ast.expr_context))
        untyped += sum(1 for node in tree if is_untyped(node))
    return Reading(lines, nodes, untyped)


def is_untyped(node: ast.AST) -> bool:
    """Whether it is `dict[str, Any]`, or a mapping of the same kind."""
    match node:
        case ast.Subscript(
            value=ast.Name(id=name),
            slice=ast.Tuple(elts=[ast.Name(id="str"), ast.Name(id="Any")]),
        ):
            return name in UNTYPED
    return False


def complained(root: Path, packages: list[str], *options: str) -> list[str]:
    """What ruff says of the packages."""
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format", "json", "--exit-zero"]
    done = subprocess.run(
        [*ruff, *options, *packages], cwd=root, capture_output=True, text=True, check=True
    )
    return [str(one["message"]) for one in json.loads(done.stdout)]


def complexities(root: Path, packages: list[str]) -> list[int]:
    """The cyclomatic complexity of each function."""
    every = ("--isolated", "--select", "C901", "--config", "lint.mccabe.max-complexity=0")
    messages = complained(root, packages, *every, "--exclude", "versions")
    return [int(found[1]) for one in messages if (found := re.search(r"\((\d+) > 0\)", one))]


def tell_reading(root: Path, packages: list[str]) -> None:
    """Print the figures on reading."""
    known = reading(sources(root, packages))
    limits = (f"line-length={WIDEST}", f"lint.mccabe.max-complexity={MOST_COMPLEX}")
    by_rules = [word for limit in limits for word in ("--config", limit)]
    wide = complained(root, packages, "--select", "E501", *by_rules)
    complex_ = complained(root, packages, "--select", "C901", *by_rules)
    found = complexities(root, packages)
    p95 = quantiles(found, n=20)[-1]
    print(f"lines with something in them: {known.lines}")
    print(f"nodes of the syntax tree a line: {known.nodes_a_line:.2f}")
    print(f"lines over {WIDEST} columns, outside the exemptions: {len(wide)}")
    print(f"functions over a complexity of {MOST_COMPLEX}: {len(complex_)}")
    print(f"complexity, mean / p95 / most: {mean(found):.2f} / {p95:.0f} / {max(found)}")
    print(
        f"dict[str, Any] and the like: {known.untyped},"
        f" {known.untyped_a_thousand:.1f} a 1,000 lines"
    )


def most_files(root: Path, packages: list[str]) -> tuple[int, str]:
    """How many Python files lie in the fullest folder, and which it is."""
    folders = Counter(file.parent for file in sources(root, packages))
    folder, count = folders.most_common(1)[0]
    return count, str(folder.relative_to(root))


def in_circles(graph: grimp.ImportGraph) -> list[str]:
    """The modules that import themselves by way of others."""
    imported = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    return [
        one
        for one in sorted(graph.modules)
        if any(one in graph.find_upstream_modules(two) for two in imported[one])
    ]


def upward(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Imports against the order of the parts of a package, and of the packages among each other."""
    found = {
        pair
        for one in graph.modules
        if graph.find_children(one)
        for pair in graph.nominate_cycle_breakers(one)
    }
    of_core = filter(is_of_core, graph.modules)
    found |= {
        (one, two)
        for one in of_core
        for two in graph.find_modules_directly_imported_by(one)
        if not is_of_core(two)
    }
    return found - {ENTRY}


def is_of_core(module: str) -> bool:
    """Whether it belongs to the package that knows none of the others."""
    return module.partition(".")[0] == "dragoman"


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    sys.path.insert(0, str(root))
    packages = [one for one in NAMES if (root / one).is_dir()]
    graph = grimp.build_graph(*packages, cache_dir=None)
    count, folder = most_files(root, packages)
    print(f"most files in a folder: {count} ({folder})")
    print(f"modules in a circle: {len(in_circles(graph))}")
    print(f"imports that run up: {len(upward(graph))}")
    tell_reading(root, packages)


if __name__ == "__main__":
    main()
