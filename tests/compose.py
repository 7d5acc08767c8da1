"""docker-compose.yml as compose would read it, and its services as processes of this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\})"
)


class Missing(Exception):
    """A variable that compose insists on is not set; the text is what compose would say."""


def raw() -> dict[str, Any]:
    """The file as it is written, anchors and merges resolved."""
    return yaml.safe_load(FILE.read_text())


def interpolated(env: Mapping[str, str]) -> dict[str, Any]:
    """The file with `${...}` replaced. Raises Missing."""
    return changed(raw(), lambda text: interpolate(text, env))


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """One text, by the rules of the Compose Specification (12-interpolation) that the file
    makes use of.
    """

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        found = env.get(match["name"], "")
        if found or match["kind"] is None:
            return found
        if match["kind"] == "?":
            raise Missing(f"{match['name']}: {match['word']}")
        return match["word"]

    return _VARIABLE.sub(value, text)


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """The same structure with every text changed."""
    if isinstance(value, dict):
        return {key: changed(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [changed(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def read_env(file: Path) -> dict[str, str]:
    """The variables of an `.env` file without quotes, as `dragoman init` writes it."""
    lines = (line.strip() for line in file.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def seconds(duration: str) -> float:
    """`40s` as a number."""
    return float(duration.removesuffix("s"))
