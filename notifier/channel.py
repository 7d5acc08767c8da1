"""What a way back to a sender has to offer. One module for each; `notifier.tasks` does the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from notifier.messages import Answer


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery under way: its row of the outbox, the row of the inbox that it answers, and what it says.

    `card`: the row of the card of the post that it answers, None where there is none.
    """

    row: Mapping[str, Any]
    message: Mapping[str, Any]
    answer: Answer
    card: Mapping[str, Any] | None = None


class Channel(Protocol):
    """Email, or what is added later. The three are called in this order, each attempt anew."""

    def prepare(self, delivery: Delivery) -> str:
        """Render the answer, once: what a former attempt rendered is kept.

        What `send` needs to send the same: the key of bytes in the store, or the other side's name for what is there already.
        """

    def find(self, delivery: Delivery) -> str | None:
        """The other side's name for this delivery if it is there already; None if it is not, or nobody can say."""

    def send(self, delivery: Delivery, rendered: str) -> str:
        """Send what `prepare` rendered; the other side's name for it.

        Raises OutboundRefused, OutboundUnavailable or OutboundUncertain.
        """
