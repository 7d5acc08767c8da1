"""What a row says of the error that it ended with, or that it is tried again for."""

from __future__ import annotations

from typing import Any

from dragoman.errors import DragomanError

UNKNOWN_CODE = "internal"


def told(error: BaseException) -> dict[str, Any]:
    """The error columns for `error`."""
    known = isinstance(error, DragomanError)
    return {
        "error_code": code_of(error),
        "error_message": str(error) if known else "Something went wrong on our side.",
        "error_advice": error.advice if isinstance(error, DragomanError) else DragomanError.advice,
        "error_facts": (error.facts or None) if isinstance(error, DragomanError) else None,
        "error_detail": detail_of(error),
    }


def code_of(error: BaseException) -> str:
    """The stable code of an error; `internal` for one that nobody foresaw."""
    return error.code if isinstance(error, DragomanError) else UNKNOWN_CODE


def detail_of(error: BaseException) -> str:
    """What the log and an admin get to see of an error, at most 500 characters."""
    text = error.detail if isinstance(error, DragomanError) else f"{type(error).__name__}: {error}"
    return text[:500]


def no_error() -> dict[str, None]:
    """The error columns of a row that has none."""
    return dict.fromkeys(
        ("error_code", "error_message", "error_advice", "error_facts", "error_detail")
    )
