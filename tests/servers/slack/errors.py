"""An answer with `ok: false`."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The method answers `{"ok": false, "error": code}`, with `more` beside it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


def invalid(code: str, messages: list[str]) -> Refused:
    """A refusal that lists what is wrong, as Slack does for blocks and views."""
    listed = [f"[ERROR] {message}" for message in messages]
    return Refused(code, errors=messages, response_metadata={"messages": listed})
