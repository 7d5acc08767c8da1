"""Where an answer goes in Slack, and how it is found again after an uncertain end.

A call that ends without an answer may have been carried out: `OutboundUncertain`. Messages carry
metadata that names what they are, so that they are looked for before they are posted again
(docs.slack.dev/messaging/message-metadata).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from dragoman.channels.slack.slack_api import SlackRefused, our_errors
from dragoman.errors import OutboundUnavailable
from notifier.delivery.channel import OutboundUncertain
from notifier.slack.blocks import Block

PAGE = 200  # messages that are looked at in one call
MOST_PAGES = 5
CLOCKS_DIFFER_S = 300.0
WRONG_BY_S = 2 * 86_400.0  # a clock that was set a day ahead must not hide what was posted
SETTLES_S = 5.0  # Slack shows what it did a moment after it did it


@dataclass(frozen=True, slots=True)
class Spot:
    """A channel and the thread in it; `thread_ts` None: in the open, as in a direct message."""

    place: str
    thread_ts: str | None = None

    @property
    def is_direct(self) -> bool:
        """Whether it is a direct message with one person."""
        return self.place.startswith("D")


@contextmanager
def sending() -> Iterator[None]:
    """As `our_errors`, around a call that must not be made twice: without an answer it is
    OutboundUncertain.
    """
    try:
        with our_errors():
            yield
    except OutboundUnavailable as error:
        if error.retry_after_s is not None:  # a 429 was not carried out
            raise
        raise OutboundUncertain(str(error), detail=error.detail, retry_after_s=SETTLES_S) from error


def post(
    client: WebClient, spot: Spot, text: str, blocks: list[Block], metadata: Mapping[str, Any]
) -> str:
    """Post a message; its ts. Raises as `sending`."""
    with sending():
        said = client.chat_postMessage(
            channel=spot.place,
            thread_ts=spot.thread_ts,
            text=text,
            blocks=blocks,
            metadata=dict(metadata),
            unfurl_links=False,
            unfurl_media=False,
        )
    return str(said["ts"])


def find(client: WebClient, spot: Spot, metadata: Mapping[str, Any], since_s: float) -> str | None:
    """The ts of the message with this metadata that was posted after `since_s`, None if it is not
    there.

    Looked for where it should be, and then where it is if our clock was wrong. Raises
    OutboundUnavailable.
    """
    for reach_s in (CLOCKS_DIFFER_S, WRONG_BY_S):
        if ts := _found(client, spot, metadata, since_s - reach_s):
            return ts
    return None


def _found(
    client: WebClient, spot: Spot, metadata: Mapping[str, Any], oldest_s: float
) -> str | None:
    cursor, oldest = None, f"{oldest_s:.6f}"
    for _ in range(MOST_PAGES):
        options: dict[str, Any] = {
            "channel": spot.place,
            "limit": PAGE,
            "cursor": cursor,
            "oldest": oldest,
        }
        options["include_all_metadata"] = True
        try:
            with our_errors():
                if spot.thread_ts:
                    said = client.conversations_replies(ts=spot.thread_ts, **options)
                else:
                    said = client.conversations_history(**options)
        except SlackRefused:  # nothing can stand where we cannot look
            return None
        for message in said.get("messages") or ():
            if _is(message.get("metadata") or {}, metadata):
                return str(message["ts"])
        cursor = (said.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return None
    return None


def direct(client: WebClient, user: str) -> Spot:
    """The direct message with a person. Raises SlackRefused or OutboundUnavailable."""
    with our_errors():
        return Spot(str(client.conversations_open(users=user)["channel"]["id"]))


def instead(client: WebClient, spot: Spot, user: str, refused: SlackRefused) -> Spot:
    """Where to go when `spot` is closed: the person's direct message.

    Raises `refused` if that is where we are.
    """
    if spot.is_direct or not user:
        raise refused
    return direct(client, user)


def _is(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    facts = found.get("event_payload") or {}
    same = all(facts.get(name) == value for name, value in wanted["event_payload"].items())
    return found.get("event_type") == wanted["event_type"] and same
