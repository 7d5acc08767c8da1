"""What a way back to a sender has to offer. One module for each; `notifier.tasks` does the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dragoman.domain.rows.card import Card
from dragoman.domain.rows.delivery import Delivery as Owed
from dragoman.domain.rows.message import InboxMessage
from dragoman.errors import OutboundUnavailable
from notifier.delivery.answers import Answer


class OutboundUncertain(OutboundUnavailable):
    """The connection ended between the last byte and the reply: it may be there, and it may not."""

    message = (
        "The connection to the mail server was lost before it said whether it accepted the message."
    )


class NotAsItIs(Exception):
    """The other side does not take the answer as it is, for good; nothing of it is on its way.

    The sender is told in words instead.

    `code` is the other side's word for the reason, or ours; `detail` is for the log and the admin.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code, self.detail = code, detail or code


class Unseen(OutboundUncertain):
    """The other side said yes, and the answer has not been seen to arrive.

    `rendered` is what the next attempt begins with.
    """

    message = "The other side said yes, and the answer has not been seen to arrive."

    def __init__(self, rendered: str, detail: str, retry_after_s: float) -> None:
        super().__init__(detail=detail, retry_after_s=retry_after_s)
        self.rendered = rendered


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery under way: what is owed, the message that it answers, and what it says.

    `card`: that of the post that it answers, None where there is none.
    """

    row: Owed
    message: InboxMessage
    answer: Answer
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class WayBack:
    """What a channel's spec opens for the notifier: who sends its answers, by the names in
    rows, and who shows its cards (None: it has none).
    """

    channels: Mapping[str, Channel]
    cards: CardShower | None = None


class CardShower(Protocol):
    """Shows cards."""

    def show(self, card_id: str) -> bool:
        """Bring a card up to date, if it is due and nobody else is at it; whether it did."""


class Channel(Protocol):
    """Email, or what is added later. The three are called in this order, each attempt anew."""

    def prepare(self, delivery: Delivery) -> str:
        """Render the answer, once: what a former attempt rendered is kept.

        With `instead` set in its row: words without the file.

        What `send` needs to send the same: the key of bytes in the store, or the other side's name
        for what is there already. Raises NotAsItIs.
        """

    def find(self, delivery: Delivery) -> str | None:
        """The other side's name for this delivery if it is there already; None if it is not, or
        nobody can say.
        """

    def send(self, delivery: Delivery, rendered: str) -> str:
        """Send what `prepare` rendered; the other side's name for it.

        To return is the last word: it has arrived.

        Raises NotAsItIs, OutboundRefused, OutboundUnavailable, OutboundUncertain or Unseen.
        """
