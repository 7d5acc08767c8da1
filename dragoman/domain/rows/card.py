"""The one message in a thread that shows how the files of a post are doing, as its row says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.domain.job import WaitingFor
from dragoman.domain.rows.leased import Leased

# A file that was left out: `filename`, `code`, `message`, `advice`.
Note = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(Leased):
    """What is known of a post, and of what its card shows.

    `place`: the channel's id, `post_ts`: the post, `thread_ts`: the thread to answer in,
    `requester`: a user's id. `message_id`: the message that it was opened for. `version` rises with
    each change that it has to follow. `shown_place` and `shown_ts` say where it stands (None:
    nowhere yet), `shown`: a hash of what it says, since `shown_at`; `maybe_sent` is 1 while nobody
    knows whether it was posted. `reaction`: ours on the post. `notes`: files left out and why.
    `asks`: what is asked of the requester. `withdrawn_at`: when the post went away.
    """

    key: str = ""
    team: str
    place: str
    post_ts: str = ""
    thread_ts: str = ""
    requester: str
    message_id: str | None = None
    version: int = 1
    shown_place: str | None = None
    shown_ts: str | None = None
    shown: str | None = None
    shown_at: float = 0.0
    maybe_sent: int = 0
    reaction: str | None = None
    notes: tuple[Note, ...] = ()
    asks: WaitingFor | None = None
    withdrawn_at: float | None = None
