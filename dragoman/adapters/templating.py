"""Jinja2 templates of `templates/`: words for people, in mail and on the web."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from dragoman.domain import language


def template_root() -> Path:
    """The folder of the templates: the repository's where there is one, else the one in the
    installed package.
    """
    here = Path(__file__).resolve().parents[1]
    beside = here.parent / "templates"
    return (
        beside
        if (here.parent / "pyproject.toml").is_file() and beside.is_dir()
        else here / "templates"
    )


@cache
def environment() -> Environment:
    """The one environment: HTML is escaped, a name that is not given is an error."""
    made = Environment(
        loader=FileSystemLoader(template_root()),
        autoescape=select_autoescape(["html", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(language=language.name, duration=duration, size=size)
    return made


def render(template: str, **values: Any) -> str:
    """The text of `template` (a path below `templates/`) with `values`."""
    return environment().get_template(template).render(**values)


def duration(seconds: float) -> str:
    """`40 seconds`, `3 minutes`, `2 hours`: rounded for people."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * length or seconds == length:
            return _plural(round(seconds / length), unit)
    return _plural(max(round(seconds), 1), "second")


def size(count: int) -> str:
    """`12 KB`, `3.4 MB`: bytes for people."""
    if count < 10**6:
        return f"{max(round(count / 1000), 1)} KB"
    return f"{count / 10**6:.1f} MB"


def _plural(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' if count != 1 else ''}"
