"""What the doctor says: findings, one line each."""

from __future__ import annotations

from dragoman.domain.specs.findings import Finding, Verdict

__all__ = ["Finding", "Verdict"]
