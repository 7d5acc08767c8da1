"""A message that is owed to a sender, as its row says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from dragoman.domain.rows.leased import Leased
from dragoman.domain.rows.message import Payload


class Kind(StrEnum):
    """What a delivery tells: that the work has begun, that it goes on, what has to be decided, or
    how it ended.

    `INSTEAD` follows a final answer that came back: what became of it, without the file. `ALARM` is
    for the admin, and about no job or message.
    """

    ACK = "ack"
    PROGRESS = "progress"
    QUESTION = "question"
    FINAL = "final"
    INSTEAD = "instead"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Leased):
    """What is owed for `owner` (a job's or a message's id) in `run`, by `channel`; one of a kind.

    `payload`: what it says besides its jobs (`reason` and facts). `maybe_sent` is 1 from just
    before a send until its outcome is known. `rendered`: the key of the bytes to send, or the other
    side's name for what is there. `ref`: its name over there once it has arrived (`sent_at`).

    `bounced_at`: when a mail server reported that it could not deliver it after all; `bounce` is
    what it said. `instead`: why it cannot be delivered as it is (a code), so that the sender is
    told in words; `instead_detail`: what was said.
    """

    owner: str
    run: int = 1
    kind: Kind
    channel: str
    payload: Payload = field(default_factory=dict)
    rendered: str | None = None
    maybe_sent: int = 0
    ref: str | None = None
    sent_at: float | None = None
    bounced_at: float | None = None
    bounce: str | None = None
    instead: str | None = None
    instead_detail: str | None = None

    @property
    def failed(self) -> int:
        """How many attempts will have failed if the present one does."""
        return max(self.attempts - self.losses, 1)
