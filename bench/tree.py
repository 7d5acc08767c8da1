"""How the tree is doing, in three figures: `python bench/tree.py [FOLDER]`.

The most files of a folder; the modules that are part of a circle of imports; and imports that run
up: the fewest that would have to go so that in every package, and at the top, the parts stand in
one order. FOLDER: another checkout, without it this one.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import grimp

NAMES = ("dragoman", "ingress", "notifier", "ops", "pipeline")
# `python -m dragoman` is `dragoman`: the one import that may run up
ENTRY = ("dragoman.__main__", "ops.cli")


def most_files(root: Path, packages: list[str]) -> tuple[int, str]:
    """How many Python files lie in the fullest folder, and which it is."""
    files = [
        file
        for package in packages
        for file in (root / package).rglob("*.py")
        if "versions" not in file.parts
    ]
    folder, count = Counter(file.parent for file in files).most_common(1)[0]
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


if __name__ == "__main__":
    main()
