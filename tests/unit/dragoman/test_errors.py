"""The tree of errors: every leaf has its own code and exit code, and words for people."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dragoman import errors
from dragoman.errors import (
    Blame,
    DragomanError,
    EngineBusy,
    OperatorError,
    RequestError,
    TemporaryError,
)


def all_below(kind: type[DragomanError]) -> list[type[DragomanError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in all_below(below))]


# Only this package's: other packages may have errors of their own that never leave them.
ALL = [
    kind for kind in all_below(DragomanError) if kind.__module__.startswith(f"{errors.__name__}.")
]


def twice(values: list) -> list:
    return [value for value, count in Counter(values).items() if count > 1]


def test_codes_are_unique():
    assert twice([kind.code for kind in ALL]) == []


def test_exit_codes_are_unique_and_fit_a_shell():
    assert twice([kind.exit_code for kind in ALL]) == []
    assert all(0 < kind.exit_code < 126 for kind in ALL)


def test_codes_are_the_names_in_small_letters():
    for kind in ALL:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__.removesuffix("Error")).lower()
        assert kind.code == {"dragoman": "error", "not_a_pdf": "not_a_pdf"}.get(name, name)


def test_the_tree_in_the_module_s_words_is_complete():
    drawn = set(re.findall(r"\b[A-Z][A-Za-z]+\b", errors.__doc__.split("DragomanError\n", 1)[1]))
    assert {kind.__name__ for kind in ALL} - {"DragomanError"} <= drawn
    assert drawn <= {kind.__name__ for kind in ALL} | {"OCR"}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_has_a_sentence_and_advice_for_the_sender(kind):
    error = kind()
    assert str(error).endswith((".", ")."))
    assert "\n" not in str(error)
    assert error.advice.endswith((".", "”."))
    assert error.detail == ""


@pytest.mark.parametrize("kind", all_below(RequestError), ids=lambda kind: kind.__name__)
def test_sender_s_errors_are_permanent_and_theirs(kind):
    assert kind.blame is Blame.SENDER
    assert not kind.temporary
    assert 400 <= kind.http_status < 500


@pytest.mark.parametrize(
    "kind", all_below(OperatorError) + all_below(TemporaryError), ids=lambda kind: kind.__name__
)
def test_our_errors_are_never_blamed_on_the_sender(kind):
    assert kind.blame is Blame.OPERATOR
    assert kind.http_status >= 500
    assert kind.temporary == issubclass(kind, TemporaryError)


def test_own_words_replace_the_class_s():
    error = errors.UnsupportedTarget("Not into Latin.", advice="Try Italian.", detail="host db7")
    assert (str(error), error.advice, error.detail) == (
        "Not into Latin.",
        "Try Italian.",
        "host db7",
    )


def test_temporary_errors_know_how_long_to_wait():
    assert EngineBusy(retry_after_s=30).retry_after_s == 30
    assert EngineBusy().retry_after_s is None


def test_a_limit_is_the_same_after_a_row_has_held_it() -> None:
    limit = errors.Limit(errors.Limited.JOBS, 3, 3, 1, 1_790_000_000.0)
    held = json.loads(json.dumps(errors.LimitReached(limit=limit).facts))
    assert errors.Limit.from_facts(held) == limit
    assert errors.Limit.from_facts({}) is errors.Limit.from_facts(None) is None


ROOT = Path(__file__).parents[3]
SOURCES = [
    file
    for one in ("dragoman", "ingress", "pipeline", "notifier", "ops")
    for file in (ROOT / one).rglob("*.py")
]
# Who hands an error's detail on, to the log or the admin.
HANDS_ON = {"arrived", "tell", "NotAsItIs", "Unseen", "unseen", "Arrived", "str", "getattr", "max"}


def readers(source: str) -> list[str]:
    """Places where what is for the log is compared, searched, taken apart or given to a
    function that may do that.
    """
    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    found = []
    for node in ast.walk(tree):
        is_detail = (
            isinstance(node, ast.Attribute)
            and node.attr == "detail"
            and isinstance(node.ctx, ast.Load)
        )
        is_column = isinstance(node, ast.Subscript) and ast.unparse(node.slice) in (
            "'error_detail'",
            "'instead_detail'",
        )
        above = parents.get(node)
        if not (is_detail or is_column) or above is None:
            continue
        handed = (
            isinstance(above, ast.Call)
            and node in above.args
            and ast.unparse(above.func).split(".")[-1] not in HANDS_ON
        )
        if handed or isinstance(above, ast.Compare | ast.Attribute):
            found.append(ast.unparse(above))
    return found


def test_no_code_reads_what_is_for_the_log() -> None:
    found = {str(file.relative_to(ROOT)): readers(file.read_text()) for file in SOURCES}
    assert {file: places for file, places in found.items() if places} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "'full' in error.detail",
        "meaning(error.detail)",
        "row['error_detail'].split()",
        "error.detail == 'x'",
    ],
)
def test_a_planted_reader_is_found(planted: str) -> None:
    assert readers(planted)


# Each class of ours, wherever it is, made in a process that has no docstrings. What its constructor
# wants is given by type.
WITHOUT_DOCSTRINGS = """
import importlib, inspect, json, pkgutil
from dragoman.errors import DragomanError
assert DragomanError.__doc__ is None, "docstrings are there"
for package in map(importlib.import_module, ("dragoman", "ingress", "pipeline", "notifier", "ops")):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)

def below(kind):
    return [kind, *(found for one in kind.__subclasses__() for found in below(one))]

def made(kind):
    wanted = [one for one in inspect.signature(kind).parameters.values() if one.default is one.empty]
    return kind(**{one.name: {"str": "x", "float": 1.0, "int": 1}[one.annotation] for one in wanted})

errors = [made(kind) for kind in below(DragomanError)]
told = [[type(one).__name__, "message" in vars(type(one)), str(one), one.message, one.advice] for one in errors]
print(json.dumps(told))
"""


def test_each_error_has_its_words_where_python_drops_docstrings() -> None:
    done = subprocess.run(
        [sys.executable, "-OO", "-c", WITHOUT_DOCSTRINGS],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told) > 80
    assert [name for name, has_its_own, *_ in told if not has_its_own] == []
    assert [
        name
        for name, _, text, message, _ in told
        if text != message or not message.endswith((".", ")."))
    ] == []
    assert [name for name, *_, advice in told if not advice.endswith((".", "”."))] == []
