"""Opening a kept event of Slack: its PDFs become jobs."""

from __future__ import annotations

from typing import Any

from dragoman.settings import Settings


def register(app: Any, settings: Settings) -> None:
    """Declare the task on `app`."""
