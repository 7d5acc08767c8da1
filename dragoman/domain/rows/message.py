"""A message that a front door accepted, as its row says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dragoman.domain.rows.leased import Leased

# A channel's own JSON: ids, addresses and words, never bytes. Its shape is the channel's business;
# the core reads a few names of it (`locale`, `card_id`, `ignored`, `error_message` and the like).
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage(Leased):
    """What came in by `channel` from `sender` (an address, or `slack:TEAM:USER`).

    `blob`: the key of its bytes, None where there are none (any more); `size`: theirs. `run` counts
    from 1 and rises with each retry of one of its jobs; `jobs_left`: those of this run that have
    not ended. `purged_at`: when it was forgotten.
    """

    key: str = ""
    channel: str
    sender: str
    payload: Payload = field(default_factory=dict)
    blob: str | None = None
    size: int = 0
    run: int = 1
    jobs_left: int = 0
    purged_at: float | None = None
