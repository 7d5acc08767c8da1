"""Showing a card: posted once, edited when it says something else, posted anew when it begins to
ask; and the reaction on the post kept in step.

The row of the card is leased like any other. `maybe_sent` is committed before the post; a card that
is found with it set is looked for in its thread. What cannot be shown now is shown later, whatever
comes in between: the latest state wins. Never more than one update in three seconds for a card, and
fewer where a workspace has many at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_sdk import WebClient
from sqlalchemy import select

from dragoman.channels.slack.slack_api import (
    CARD_EVENT,
    SlackClosed,
    SlackRefused,
    SlackRevoked,
    SlackScopeMissing,
    client_of,
    our_errors,
)
from dragoman.db.clock import now_s
from dragoman.db.engine import Database, insist
from dragoman.db.ledgers import cards, inbox, jobs, lease
from dragoman.db.ledgers.lease import Lease
from dragoman.db.queries import arrivals, history
from dragoman.db.records import preferences, process_registry
from dragoman.domain.costs import approval
from dragoman.domain.job import RowState, WaitingFor
from dragoman.domain.rows.card import Card as CardRow
from dragoman.domain.specs import engine_specs
from dragoman.errors import DragomanError, LeaseLost, OutboundRefused, OutboundUnavailable
from dragoman.settings import Settings
from notifier.delivery.channel import OutboundUncertain
from notifier.slack.card import Card, Facts, asked, card_from, pause_s
from notifier.slack.circuit_breaker import Line
from notifier.slack.destination import Spot, find, instead, post, sending

log = structlog.get_logger(__name__)

# What a card that was taken away, or is too old, answers to an edit: it is left alone.
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


@dataclass(frozen=True)
class Shower:
    """Shows cards."""

    settings: Settings
    database: Database
    line: Line

    def show(self, card_id: str) -> bool:
        """Bring a card up to date, if it is due and nobody else is at it.

        Trouble that has a name is on record in its row.
        """
        try:
            with lease.attempt(
                self.database, cards.LEDGER, card_id, lease_s=self.settings.lease_s
            ) as held:
                if held is None:
                    return False
                with structlog.contextvars.bound_contextvars(card_id=card_id, team=held.row.team):
                    self._show(held)
        except LeaseLost:
            return False
        except DragomanError as error:
            log.info("card_not_shown", id=card_id, code=error.code)
            return False
        return True

    def _show(self, held: Lease[CardRow]) -> None:
        team = held.row.team
        known, now, revoked = self._known(held.row)
        if revoked:
            self._end(held)
            return
        try:
            with self.line.taken():
                again_in_s = _Showing(
                    self.database, held, client_of(self.settings, team), known, now
                ).run()
        except SlackRevoked:
            with self.database.write() as connection:
                preferences.revoke(connection, team)
            log.warning("slack_revoked")
            self._end(held)
            return
        with self.database.write() as connection:
            cards.rest(connection, held, again_in_s)

    def _end(self, held: Lease[CardRow]) -> None:
        with self.database.write() as connection:
            held.finish(connection, RowState.DONE)

    def _known(self, row: CardRow) -> tuple[Facts, float, bool]:
        """What the card is made from, the database's time, and whether the workspace took our
        token back.
        """
        approvers = self.settings.approvers
        with self.database.read() as connection:
            rows = jobs.of_card(connection, row.id)
            team = preferences.team(connection, row.team)
            asks = row.asks == WaitingFor.LANGUAGE
            targets = [
                tag
                for one in process_registry.published(connection)
                if engine_specs.is_real(one.engine)
                for tag in one.targets
            ]
            known = Facts(
                card=row,
                jobs=rows,
                etas={job.id: history.eta_s(connection, job) for job in rows},
                message=inbox.by_id(connection, row.message_id) if row.message_id else None,
                targets=sorted(set(targets)) if asks else (),
                busy=cards.busy(connection, row.team),
                approvers=approval.users_of_team(approvers, row.team) if approvers else None,
                arrivals=arrivals.of_jobs(connection, rows),
            )
            now = float(connection.scalar(select(now_s())) or 0.0)
        return known, now, bool(team and team["revoked_at"])


class _Showing:
    """One look at a card."""

    def __init__(
        self,
        database: Database,
        held: Lease[CardRow],
        client: WebClient,
        known: Facts,
        now: float,
    ) -> None:
        self._database, self._held, self._client = database, held, client
        self._known, self._now = known, now
        self._row = held.row

    def run(self) -> float | None:
        """Seconds after which the card has to be looked at again, None: when something changes.

        A post that is refused does not keep its reaction back; where nothing answers, nothing else
        is tried. Raises what the first of them ran into.
        """
        troubles: list[DragomanError] = []
        wait_s: float | None = None
        with _later(troubles):
            wait_s = self._message()
        if any(isinstance(trouble, OutboundUncertain) for trouble in troubles):
            raise troubles[0]
        with _later(troubles):
            self._react(card_from(self._known).reaction)
        if troubles:
            raise troubles[0]
        return wait_s

    def _message(self) -> float | None:
        card = self._card(self._spot())
        pause = pause_s(self._known.busy)
        if self._row.shown_ts is None:
            if not card.empty:
                self._post()
        elif card.hash != self._row.shown:
            # By its size alone: a moment that lies ahead is one of a clock that was set back since.
            shown_ago_s = abs(self._now - self._row.shown_at)
            wait_s = pause - shown_ago_s
            if wait_s > 0:
                return float(wait_s)
            if card.asks and not asked(self._row.shown):
                self._ask()
            else:
                self._update(card)
        return pause if card.moves else None

    def _spot(self) -> Spot:
        """Where the card stands or is to stand: in the thread, or in a direct message if the
        channel is closed to us.
        """
        place = self._row.shown_place or self._row.place
        return Spot(place, self._row.thread_ts if place == self._row.place else None)

    def _card(self, spot: Spot) -> Card:
        return card_from(self._known, moved=spot.place != self._row.place)

    def _post(self) -> None:
        spot = self._spot()
        metadata = {"event_type": CARD_EVENT, "event_payload": {"card_id": self._held.id}}
        if self._row.maybe_sent and (
            ts := find(self._client, spot, metadata, self._row.created_at)
        ):
            log.info("card_found_as_posted")
            self._shown(spot, ts, "")
            return
        self._write(maybe_sent=1)
        card = self._card(spot)
        try:
            ts = post(self._client, spot, card.text, card.blocks, metadata)
        except SlackClosed as closed:
            self._move(spot, closed)
            self._post()
            return
        except OutboundUncertain:
            raise
        except (OutboundUnavailable, OutboundRefused):
            self._write(maybe_sent=0)
            raise
        self._shown(spot, ts, card.hash)

    def _ask(self) -> None:
        """Post the card anew: Slack tells nobody of an edit, and this one waits for somebody."""
        spot = self._spot()
        with suppress(SlackRefused), our_errors():
            self._client.chat_delete(channel=spot.place, ts=self._row.shown_ts or "")
        self._write(shown_ts=None, shown=None, maybe_sent=0)
        self._post()

    def _update(self, card: Card) -> None:
        spot = self._spot()
        ts = self._row.shown_ts or ""
        try:
            with sending():
                self._client.chat_update(
                    channel=spot.place, ts=ts, text=card.text, blocks=card.blocks
                )
        except SlackClosed as closed:
            self._move(spot, closed)
            self._post()
            return
        except SlackRefused as error:
            if error.error not in GONE:
                raise
            log.info("card_gone", error=error.error)
        self._write(shown=card.hash, shown_at=now_s())

    def _move(self, spot: Spot, closed: SlackClosed) -> None:
        self._write(maybe_sent=0)
        there = instead(self._client, spot, self._row.requester, closed)
        log.info("card_moved", because=closed.error)
        self._write(shown_place=there.place, shown_ts=None, shown=None)

    def _shown(self, spot: Spot, ts: str, shown: str) -> None:
        facts = {"shown_place": spot.place, "shown_ts": ts, "shown": shown, "maybe_sent": 0}
        try:
            insist(lambda: self._write(shown_at=now_s(), **facts))
        except LeaseLost:
            self._take_back(spot, ts)
            raise

    def _take_back(self, spot: Spot, ts: str) -> None:
        """The post went away while the card was on its way: so does the card, which nobody else
        knows of.
        """
        with self._database.read() as connection:
            row = cards.by_id(connection, self._held.id)
        if row and row.withdrawn_at:
            with our_errors():
                self._client.chat_delete(channel=spot.place, ts=ts)

    def _react(self, wanted: str) -> None:
        """Put the reaction on the post that says how it is doing, then take the former one off."""
        had = self._row.reaction or ""
        if wanted == had:
            return
        item = {"channel": self._row.place, "timestamp": self._row.post_ts}
        if wanted:
            self._tolerant(lambda: self._client.reactions_add(name=wanted, **item))
        if had:
            self._tolerant(lambda: self._client.reactions_remove(name=had, **item))
        self._write(reaction=wanted)

    @staticmethod
    def _tolerant(call: Callable[[], object]) -> None:
        """A reaction that is there already, or cannot be, is nobody's trouble."""
        try:
            with our_errors():
                call()
        except SlackRevoked:
            raise
        except (SlackRefused, SlackScopeMissing) as error:
            log.info("reaction_refused", detail=error.detail)

    def _write(self, **values: Any) -> None:
        with self._database.write() as connection:
            self._held.write(connection, **values)
        self._row = replace(self._row, **values)


@contextmanager
def _later(troubles: list[DragomanError]) -> Iterator[None]:
    """Keep what Slack does not take now, or at all, until the rest is done."""
    try:
        yield
    except (OutboundUnavailable, OutboundRefused) as error:
        troubles.append(error)
