"""Whether an answer has arrived: the last word about a job, which comes from its delivery
(pure).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dragoman.domain.job import RowState, Status
from dragoman.domain.rows.delivery import Delivery


class Arrival(StrEnum):
    """What became of the answer to a job.

    `SENDING`: it is owed, and not seen to have arrived. `DELIVERED`: it arrived as it is.
    `INSTEAD`: the file could not be handed over; the sender was told why, with a link where this
    server has a public address. `FAILED`: it could not be delivered in any way. `DROPPED`: there is
    nobody left to tell.
    """

    SENDING = "sending"
    DELIVERED = "delivered"
    INSTEAD = "instead"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Arrived:
    """The state, and for `INSTEAD` and `FAILED` why it is not `DELIVERED`: a code and what the
    other side said.
    """

    state: Arrival
    code: str | None = None
    detail: str | None = None


def arrived(answer: Delivery, instead: Delivery | None = None) -> Arrived:
    """What became of an answer; `instead`: the word that followed when it came back."""
    if answer.bounced_at is not None:
        return _after_bounce(answer, instead)
    return _of_row(answer)


def _of_row(row: Delivery) -> Arrived:
    state, code = row.state, row.instead
    if state == RowState.DONE:
        return (
            Arrived(Arrival.INSTEAD, code, row.instead_detail)
            if code
            else Arrived(Arrival.DELIVERED)
        )
    if state == RowState.DEAD:
        return Arrived(
            Arrival.FAILED, code or row.error_code, row.instead_detail or row.error_detail
        )
    return Arrived(Arrival.DROPPED if state == RowState.CANCELLED else Arrival.SENDING)


def _after_bounce(answer: Delivery, instead: Delivery | None) -> Arrived:
    code, said = "bounced", answer.bounce
    if (
        instead is None
        or instead.state in (RowState.DEAD, RowState.CANCELLED)
        or instead.bounced_at is not None
    ):
        return Arrived(Arrival.FAILED, code, said)
    return Arrived(
        Arrival.INSTEAD if instead.state == RowState.DONE else Arrival.SENDING, code, said
    )


def in_words(status: Status, arrival: Arrived | None) -> str:
    """How a job is doing, in a word or two for the one who asked for it: `completed` only when
    the answer is there.
    """
    if status is not Status.COMPLETED or arrival is None:
        return status.value.replace("_", " ").lower()
    return _AT_THE_END[arrival.state]


_AT_THE_END = {
    Arrival.SENDING: "translated, the answer is on its way",
    Arrival.DELIVERED: "completed",
    Arrival.INSTEAD: "translated, but the file could not be handed over as it is",
    Arrival.FAILED: "translated, but the answer could not be delivered",
    Arrival.DROPPED: "translated, but the answer could not be delivered",
}
