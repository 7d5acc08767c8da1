"""What the doctor found, to be pasted in an issue: no address, token, host, path or name of a
workspace. Pure, but for versions.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import unquote, urlsplit

from dragoman import __version__
from dragoman.settings import Settings
from ops.doctor.findings import Finding

PACKAGES = (
    "celery",
    "sqlalchemy",
    "redis",
    "pymupdf-lite",
    "slack_sdk",
    "deepl",
    "fastapi",
    "aiosmtpd",
)
SHORTEST_SECRET = 6  # characters; a shorter word would be hidden in the middle of others
# In this order: the larger thing first.
HIDDEN = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE), "URL"),
    (re.compile(r"[^\s@<>\"']+@[^\s@<>\"',;)]+"), "ADDRESS"),
    (re.compile(r"\bxox[a-z]-\S+|\bxapp-\S+"), "TOKEN"),
    (
        re.compile(
            r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?::\d+)?|\[?\b(?:[0-9a-f]{1,4}:){2,}[0-9a-f:]+\]?",
            re.IGNORECASE,
        ),
        "HOST",
    ),
    (re.compile(r"(?<![\w.])(?:[\w-]+\.)+[a-z]{2,}\b(?::\d+)?", re.IGNORECASE), "HOST"),
    (re.compile(r"(?<![\w/])/(?:[\w.@+-]+/)*[\w.@+-]+"), "PATH"),
    (re.compile(r"\b[TCUDGFW][A-Z0-9]{8,}\b"), "SLACK-ID"),
    (re.compile(r"\b[0-9a-f]{24,}\b", re.IGNORECASE), "HEX"),
)


def hidden(text: str, values: Sequence[str] = ()) -> str:
    """`text` with words in place of what names people and places; `values`: further words that
    must not be in it.
    """
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = text.replace(value, "HIDDEN")
    for pattern, word in HIDDEN:
        text = pattern.sub(word, text)
    return text


def written(settings: Settings, findings: Sequence[Finding], live: Sequence[Finding]) -> str:
    """The report, in Markdown.

    Of `findings` there are verdicts only, of `live` the words too, made unreadable where they name
    somebody.
    """
    values = _values(settings)
    parts = {
        "database": _scheme(settings.database),
        "store": _scheme(settings.storage),
        "broker": _scheme(settings.broker_url) or "none",
        "answers by": _scheme(_plain(settings.outbound_smtp_url)) or "Maildir",
        "Slack": settings.slack_mode if settings.slack_on else "off",
    }
    lines = [
        "### dragoman doctor --live",
        (
            f"Dragoman {__version__}, Python {platform.python_version()}, {platform.system()}"
            f" {platform.machine()}"
        ),
        ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        ", ".join(f"{name} {kind}" for name, kind in parts.items()),
        (
            "set:"
            f" {', '.join(sorted(name.upper() for name in settings.model_fields_set)) or 'nothing'}"
        ),
        "",
        "| what | result | |",
        "|---|---|---|",
        *(f"| {one.what} | {one.verdict} | |" for one in findings),
        *(
            f"| {one.what} | {one.verdict} | {hidden(one.said, values).replace('|', '/')} |"
            for one in live
        ),
    ]
    return "\n".join(lines)


def _values(settings: Settings) -> list[str]:
    """Secrets, and the parts of those that hold several: names, passwords and hosts of URLs,
    tokens with their names.
    """
    whole = [_plain(getattr(settings, name)) for name in type(settings).model_fields]
    parts = [piece for value in whole for piece in (value, *re.split(r"[:,/@\s]+", unquote(value)))]
    return [piece for piece in parts if len(piece) >= SHORTEST_SECRET]


def _plain(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal()) if reveal else ""


def _scheme(url: str | None) -> str:
    return urlsplit(url or "").scheme


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
