"""What is found when somebody looks whether all is set up: one line each (`dragoman doctor`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do (empty: nothing)."""

    what: str
    verdict: Verdict
    said: str
    todo: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return {name: str(value) for name, value in asdict(self).items()}
