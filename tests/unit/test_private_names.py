"""Names that libraries keep to themselves are used in the `*_internals` modules alone, each with a
contract test.

Ruff's SLF001 sees `other._name`; here also `self._name` and `super()._name` where a library's class
brings it, and overriding.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dragoman", "ingress", "pipeline", "notifier", "ops")
NO_LIBRARY = {"builtins", "typing", "abc", "enum"}


def modules() -> list[str]:
    names = (
        one.name
        for package in PACKAGES
        for one in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    )
    return [
        name
        for name in names
        if not name.endswith(("__main__", "_internals")) and ".migrations." not in name
    ]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def brought(kind: type) -> set[str]:
    """The private names that classes of libraries bring along: what they define, and what they
    set on `self`.
    """
    bases = [
        one
        for one in kind.__mro__[1:]
        if one.__module__.split(".")[0] not in {*PACKAGES, *NO_LIBRARY}
    ]
    return {name for base in bases for name in {*vars(base), *set_by(base)} if is_private(name)}


@cache
def set_by(base: type) -> frozenset[str]:
    return frozenset(
        one.attr
        for one in nodes(base)
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
    )


def uses(kind: type) -> set[str]:
    """The private names that a class's source has as attributes, of whatever, and as methods."""
    found = list(nodes(kind))
    methods = {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    names = methods | {one.attr for one in found if isinstance(one, ast.Attribute)}
    return {name for name in names if is_private(name)}


def nodes(kind: type) -> Iterator[ast.AST]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):  # of C, or with a text that begins at the margin
        return
    yield from ast.walk(tree)


def found_in(name: str) -> list[str]:
    module = importlib.import_module(name)
    kinds = [
        one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name
    ]
    used = {kind: uses(kind) for kind in kinds if kind.__mro__[1:] != (object,)}
    both = {kind: brought(kind) & names for kind, names in used.items() if names}
    return [
        f"{name}.{kind.__name__}: {', '.join(sorted(names))}"
        for kind, names in both.items()
        if names
    ]


def test_no_class_of_ours_uses_what_a_library_s_class_keeps_to_itself() -> None:
    assert [line for name in modules() for line in found_in(name)] == []


@pytest.mark.parametrize("library", ["aiosmtpd", "kombu", "billiard", "deepl"])
def test_each_adapter_has_a_contract_test(library: str) -> None:
    adapters = [
        file.stem
        for package in PACKAGES
        for file in (ROOT / package).rglob(f"{library}_internals.py")
    ]
    assert adapters == [f"{library}_internals"]
    assert (ROOT / "tests" / "contracts" / f"test_{library}_internals.py").is_file()


def test_there_is_no_adapter_beyond_those() -> None:
    adapters = {
        file.stem.removesuffix("_internals")
        for one in PACKAGES
        for file in (ROOT / one).rglob("*_internals.py")
    }
    assert adapters == {"aiosmtpd", "kombu", "billiard", "deepl"}


def test_a_planted_use_is_found() -> None:
    from aiosmtpd.smtp import SMTP

    class Planted(SMTP):
        def look(self) -> object:
            return self._reader

    assert "_reader" in brought(Planted) & uses(Planted)


def test_nobody_turns_the_rule_off() -> None:
    sources = [file for one in PACKAGES for file in (ROOT / one).rglob("*.py")]
    assert [str(file) for file in sources if "noqa: SLF" in file.read_text()] == []
