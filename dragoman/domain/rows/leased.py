"""What the rows of all ledgers have in common: who may work on one when, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.domain.job import RowState, WaitingFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A row as it was read, or claimed. Moments are seconds since 1970 on the database's clock.

    `epoch` counts the claims and fences every later write; `attempts` those of the present step.
    `losses` counts workers that died holding the row. `holder`: the id of the task that claimed it
    last. `lease_until`: until when it is that task's. `run_after`: from when on it may be claimed.
    `rung_at` and `rings`: when a doorbell last rang for it, and how often. `waiting_for`: the
    person's word that it waits for; still set in a claimed row: none came in time.

    The `error_` fields are those of its last error, None where there was none; `error_facts` are
    `DragomanError.facts`, and `error_detail` is for the log and the admin.
    """

    id: str
    state: RowState = RowState.READY
    epoch: int = 0
    attempts: int = 0
    losses: int = 0
    lease_until: float = 0.0
    holder: str | None = None
    run_after: float = 0.0
    rung_at: float = 0.0
    rings: int = 0
    created_at: float = 0.0
    ended_at: float | None = None
    waiting_for: WaitingFor | None = None
    error_code: str | None = None
    error_message: str | None = None
    error_advice: str | None = None
    error_facts: Mapping[str, object] | None = None
    error_detail: str | None = None
    traceparent: str | None = None
