"""An upload to Slack on its way to people: what is kept of it between attempts, whether it can be
seen, and what Slack's refusals of it mean.

`files.completeUploadExternal` promises more than it does: the file is shared a moment later, or
never. So it is looked for in `files.info().shares`; where it is not, it is uploaded and shared once
more, after the former upload was deleted, so that people never see two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog
from slack_sdk import WebClient

from dragoman.channels.slack.error_meanings import UNAVAILABLE, Meaning, of_completion
from dragoman.channels.slack.slack_api import (
    SlackRefused,
    SlackRevoked,
    SlackScopeMissing,
    delete_file,
    our_errors,
)
from dragoman.errors import OutboundUnavailable
from notifier.delivery.channel import NotAsItIs, OutboundUncertain, Unseen

log = structlog.get_logger(__name__)

FILE = "slack-file:"  # how `rendered` begins while a file is on its way
LOOKS_S = (0.0, 0.3, 0.9, 2.0)  # pauses before the looks for a file that was just shared
UNSEEN_S = 10.0  # until it is looked for again
MOST_SHARES = 2  # after that many promises without a file, it is given up
UPLOAD_ATTEMPTS = 8  # of an upload that fails while the rest of Slack works
NOT_THERE, DELETED = frozenset({"file_not_found"}), frozenset({"file_deleted"})


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload as `rendered` keeps it.

    `shared`: how often Slack said that it had shared it, or one before it, with nothing to be seen.
    `former`: the upload before this one, which has to be deleted first; "": there is none.
    """

    file_id: str
    shared: int = 0
    former: str = ""

    @classmethod
    def read(cls, rendered: str | None) -> Sent | None:
        """What `str` gave; None for anything else."""
        if not rendered or not rendered.startswith(FILE):
            return None
        file_id, _, rest = rendered.removeprefix(FILE).partition(":")
        shared, _, former = rest.partition(":")
        return cls(file_id, int(shared or 0), former)

    def __str__(self) -> str:
        """The text for `rendered`."""
        return f"{FILE}{self.file_id}" + (
            f":{self.shared}:{self.former}" if self.shared or self.former else ""
        )

    def unseen(self, detail: str) -> Unseen:
        """It was promised, and is not there: what to raise."""
        following = replace(self, shared=self.shared + 1, former="")
        return Unseen(str(following), detail, UNSEEN_S)


def shares(client: WebClient, file_id: str) -> list[str] | None:
    """Channels that a file of ours is shared in; None if Slack knows no such file (any more).

    One that somebody deleted was shared before. Raises as `our_errors`.
    """
    try:
        with our_errors():
            found = client.files_info(file=file_id)["file"].get("shares") or {}
    except SlackRefused as error:
        if error.error in DELETED:
            return ["deleted"]
        if error.error in NOT_THERE:
            return None
        raise
    return [place for kind in found.values() for place in kind]


def is_seen(client: WebClient, file_id: str) -> bool:
    """Whether a file that was just shared is there.

    Raises OutboundUncertain where nobody can say.
    """
    try:
        return bool(shares(client, file_id))
    except SlackRevoked:
        raise
    except (OutboundUnavailable, SlackRefused, SlackScopeMissing) as error:
        raise OutboundUncertain(detail=error.detail, retry_after_s=UNSEEN_S) from error


def take_back(client: WebClient, file_id: str) -> None:
    """Delete an upload that people are told of in words, or get anew.

    Raises OutboundUnavailable or SlackRevoked.
    """
    try:
        delete_file(client, file_id)
    except SlackRevoked:
        raise
    except (SlackRefused, SlackScopeMissing) as error:
        log.warning("slack_file_stays", file=file_id, detail=error.detail)


@contextmanager
def refusals() -> Iterator[None]:
    """Around an upload: what Slack refuses for good is NotAsItIs; a token that was taken back
    is more than that.
    """
    try:
        yield
    except SlackRevoked:
        raise
    except SlackRefused as error:
        raise NotAsItIs(error.error, error.detail) from error
    except SlackScopeMissing as error:
        raise NotAsItIs("missing_scope", error.detail) from error


@contextmanager
def completing(sent: Sent) -> Iterator[None]:
    """Around the call that shows an upload: where the upload is of no use, a new one follows."""
    try:
        yield
    except SlackRefused as error:
        if of_completion(error.error) is Meaning.UNUSABLE:
            raise sent.unseen(error.detail) from error
        raise


@contextmanager
def patience(client: WebClient, failed: int) -> Iterator[None]:
    """Around an upload that failed `failed` times before, this one counted: given up when all
    else in Slack works.
    """
    try:
        yield
    except Unseen:
        raise
    except OutboundUnavailable as error:
        asks_us_to_wait = error.retry_after_s is not None and not isinstance(
            error, OutboundUncertain
        )
        if asks_us_to_wait or failed < UPLOAD_ATTEMPTS or not _answers(client):
            raise
        raise NotAsItIs(UNAVAILABLE, error.detail) from error


def _answers(client: WebClient) -> bool:
    try:
        with our_errors():
            client.auth_test()
    except OutboundUnavailable:
        return False
    return True
