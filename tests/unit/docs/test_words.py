"""What colleagues and admins read has no private metaphors, and an email is called one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# The words of the code's own pictures, and English that nobody speaks.
BANNED = re.compile(
    r"\bdoors?\b|\brings?\b|\brang\b|\brung\b|\bpulses?\b|\bdeaf\b|\bhearing\b|\bheard of\b"
    r"|\ba yes\b|\b(?:your|their|person's|somebody's|sender's)"
    r" word\b|\b(?:language|tone|engine|option|time) we know\b"
    r"|\bmend(?:s|ed|ing)?\b|\bburied\b|\bowed\b"
    r"|\bmails\b|\b(?:a|new|one|each|every|this|your|earlier|another) mail\b(?!"
    r" (?:server|client|domain|address)s?\b)",
    re.IGNORECASE,
)
DOCS = ("docs",)
PAGES = ("README.md", "SECURITY.md", "docker-compose.yml")
TEMPLATES = ("templates/web", "templates/slack", "templates/email")
CODE = ("dragoman", "ingress", "notifier", "pipeline", "ops")
# Where the word is right: (file, a part of the line or string). The glossary explains the code's
# words.
RIGHT = {
    ("docs/reference/glossary.md", "| door |"),
    ("docs/reference/glossary.md", "| pulse |"),
    ("docs/reference/glossary.md", "| ring |"),
}
NAMES = re.compile(r"`[^`\n]*`|\S+\.py\S*|\]\([^)]*\)")  # code, tests and links: names, not words


def lines_of(folders: tuple[str, ...], *suffixes: str) -> Iterator[tuple[str, int, str]]:
    """File, number and text of each line."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in suffixes and "static" not in file.parts:
                for number, line in enumerate(file.read_text().splitlines(), 1):
                    yield str(file.relative_to(ROOT)), number, line


def strings_of(folders: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    """File, line and text of the strings that are sentences, of errors' docstrings and of
    commands' docstrings.
    """
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            for number, text in sentences(
                ast.parse(file.read_text()), is_command="cli" in file.parts
            ):
                yield name, number, text


def sentences(tree: ast.Module, *, is_command: bool) -> Iterator[tuple[int, str]]:
    """Line and text of what may be shown: strings with a blank in them, and the docstrings that
    are shown.
    """
    documented = {
        id(node.body[0].value): node
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value.strip()
        ):
            continue
        owner = documented.get(id(node))
        if owner is None or is_shown(owner, is_command=is_command):
            yield node.lineno, node.value.splitlines()[0] if owner is not None else node.value


def is_shown(owner: ast.AST, *, is_command: bool) -> bool:
    """Whether the docstring of `owner` is shown: an error's is its message, a public command's
    its help.
    """
    if isinstance(owner, ast.ClassDef):
        return any(
            isinstance(base, ast.Name) and base.id.endswith(("Error", "Refused", "Reached"))
            for base in owner.bases
        )
    is_public = isinstance(owner, ast.FunctionDef) and not owner.name.startswith("_")
    return is_command and is_public


def read_by_people() -> Iterator[tuple[str, int, str]]:
    """All that is looked at."""
    yield from lines_of(DOCS, ".md")
    yield from lines_of(TEMPLATES, ".html", ".txt")
    yield from lines_of(("deploy",), ".yml")
    for page in PAGES:
        for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
            yield page, number, line
    yield from (
        (file, n, text)
        for file, n, text in lines_of(TEMPLATES, ".toml")
        if file.endswith("/en.toml")
    )
    yield from strings_of(CODE)


def banned() -> list[tuple[str, int, str, str]]:
    """File, line, word and text of what is banned, whether it is right or not."""
    return [
        (file, number, hit.group(), text.strip()[:120])
        for file, number, text in read_by_people()
        if (hit := BANNED.search(NAMES.sub("", text)))
    ]


def test_what_people_read_has_none_of_the_banned_words() -> None:
    found = banned()
    wrong = [
        one for one in found if not any(one[0] == file and part in one[3] for file, part in RIGHT)
    ]
    assert not wrong, "\n".join(
        f"{file}:{number}: “{word}” in {text}" for file, number, word, text in wrong
    )
    needed = {
        right for right in RIGHT if any(one[0] == right[0] and right[1] in one[3] for one in found)
    }
    assert needed == RIGHT  # no exception is left that is not needed


@pytest.mark.parametrize(
    "text",
    [
        "“x” is no tone we know.",
        "It waits for a yes.",
        "Please mend it.",
        "Send a mail.",
        "the mail door",
        "two mails",
        "We need your word.",
    ],
)
def test_the_banned_words_are_found(text: str) -> None:
    assert BANNED.search(text)


@pytest.mark.parametrize(
    "text", ["a mail server", "Send an email.", "mail in", "the string", "amended", "keyword"]
)
def test_good_words_are_not(text: str) -> None:
    assert not BANNED.search(text)
