"""Deliveries, one by one: claimed, rendered, sent, marked.

`maybe_sent` is committed just before a send, under the lease's epoch, and cleared by a definite
refusal. A delivery that is found with it set ended in the dark (killed, or cut off after the last
byte): the channel is asked first whether it is there already, and only then is it sent again, with
the same bytes and the same name.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from celery import Celery

from dragoman.adapters import queues
from dragoman.adapters.signed_links import Links
from dragoman.adapters.storage import open_store
from dragoman.db.clock import now_s
from dragoman.db.engine import Database, insist
from dragoman.db.ledgers import alarms, cards, lease, outbox
from dragoman.db.ledgers.lease import Lease
from dragoman.db.records import counters, process_registry
from dragoman.domain.job import RowState
from dragoman.domain.rows.delivery import Delivery as Owed
from dragoman.domain.specs.channel_specs import by_name, channels
from dragoman.domain.specs.loading import load as load_named
from dragoman.errors import (
    DragomanError,
    Gone,
    LeaseLost,
    OperatorError,
    OutboundRefused,
    OutboundUnavailable,
    StoreUnavailable,
)
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from dragoman.telemetry import joined, tracer
from notifier.delivery.channel import (
    CardShower,
    Channel,
    Delivery,
    NotAsItIs,
    OutboundUncertain,
    Unseen,
    WayBack,
)
from notifier.delivery.loader import load

log = structlog.get_logger(__name__)

KEPT_IN_STEP = frozenset(
    {"maybe_sent", "rendered", "instead", "instead_detail"}
)  # of the row that is held, as it is written
LONGEST_CODE, LONGEST_DETAIL = 60, 500


@dataclass(frozen=True)
class Context:
    """What a delivery needs.

    `links` None: this server has no public address; `shower` None: no channel here has cards.
    """

    database: Database
    store: BlobStore
    channels: Mapping[str, Channel]
    links: Links | None
    lease_s: float
    shower: CardShower | None = None


def open_context(settings: Settings) -> Context:
    """The context that the settings describe.

    Raises SettingsInvalid for a public address without a secret key.
    """
    store, database = open_store(settings.storage), Database(settings.database)
    ways = [
        way
        for spec in channels()
        if spec.reply and (way := _way_back(spec.reply, settings, store, database))
    ]
    return Context(
        database=database,
        store=store,
        channels={name: channel for way in ways for name, channel in way.channels.items()},
        links=Links(settings) if settings.public_url else None,
        lease_s=settings.lease_s,
        shower=next((way.cards for way in ways if way.cards), None),
    )


def _way_back(
    opens: str, settings: Settings, store: BlobStore, database: Database
) -> WayBack | None:
    """What `ChannelSpec.reply` opens; None where the channel is not set up."""
    way: WayBack | None = load_named(opens)(settings, store, database)
    return way


def register(app: Celery, context_of: Callable[[], Context]) -> None:
    """Declare the notifier's tasks on `app`."""

    @app.task(name=queues.DELIVER)
    def deliver_task(owner_id: str) -> None:
        deliver(context_of(), owner_id)

    @app.task(name=queues.SHOW_CARD)
    def show_card_task(card_id: str) -> None:
        if shower := context_of().shower:
            shower.show(card_id)

    @app.task(name=queues.HEALTH_CHECK)
    def health_check(*_: Any) -> None:
        with context_of().database.write() as connection:
            process_registry.beat(connection, f"notifier@{socket.gethostname()}")


def deliver(context: Context, owner_id: str) -> int:
    """Send what is owed for a job or a message and due; how many deliveries that were.

    Trouble that has a name is on record in the row afterwards and not raised, so that one delivery
    does not hold up the others.
    """
    with context.database.read() as connection:
        row_ids = outbox.owed(connection, owner_id)
    return sum(_deliver_one(context, row_id) for row_id in row_ids)


def _deliver_one(context: Context, row_id: str) -> bool:
    try:
        with lease.attempt(
            context.database, outbox.LEDGER, row_id, lease_s=context.lease_s
        ) as held:
            return held is not None and _attempt(context, held)
    except LeaseLost:
        return False
    except DragomanError as error:
        log.info("delivery_failed", id=row_id, code=error.code)
        return False


def _attempt(context: Context, held: Lease[Owed]) -> bool:
    row, began = held.row, time.thread_time()
    names = {"delivery_id": held.id, "owner": row.owner, "kind": row.kind}
    with (
        joined(row.traceparent),
        tracer().start_as_current_span("deliver", attributes=names),
        structlog.contextvars.bound_contextvars(**names),
    ):
        channel = context.channels.get(row.channel)
        if channel is None and row.channel == alarms.CHANNEL:  # nobody wants to be told
            _mark(context, held, RowState.CANCELLED)
            return False
        if channel is None:
            raise OperatorError(f"This server knows no way back to the channel “{row.channel}”.")
        delivery = load(context.database, context.store, context.links, row)
        if delivery is None:
            _mark(context, held, RowState.CANCELLED)
            log.info("delivery_dropped")
            return False
        ref = _send_once(context, held, channel, delivery)
        _mark(context, held, RowState.DONE, ref=ref[:998], sent_at=now_s())
        cpu_s = round(time.thread_time() - began, 3)
        log.info(
            "delivered", answer=delivery.answer.kind, files=len(delivery.answer.files), cpu_s=cpu_s
        )
        return True


def _send_once(context: Context, held: Lease[Owed], channel: Channel, delivery: Delivery) -> str:
    try:
        return _try(context, held, channel, delivery)
    except NotAsItIs as refused:
        if held.row.instead:  # not even in words
            raise OutboundRefused(detail=refused.detail) from refused
        log.warning("delivery_not_as_it_is", code=refused.code, detail=refused.detail)
        facts = {
            "instead": refused.code[:LONGEST_CODE],
            "instead_detail": refused.detail[:LONGEST_DETAIL],
        }
        _write(context, held, maybe_sent=0, **facts)
        _tell_admin(context, held, refused)
    try:
        return _try(context, held, channel, delivery)
    except NotAsItIs as refused:
        raise OutboundRefused(detail=refused.detail) from refused


def _tell_admin(context: Context, held: Lease[Owed], refused: NotAsItIs) -> None:
    """A size or a full mailbox is the recipient's; what a workspace refuses is the admin's to
    look into.
    """
    spec = by_name(held.row.channel)
    if spec and spec.refusals_concern_admin:
        with context.database.write() as connection:
            alarms.tell(
                connection,
                alarms.Cause.FILES_REFUSED,
                f"{refused.code}: {refused.detail}",
                held.row.owner,
            )


def _try(context: Context, held: Lease[Owed], channel: Channel, delivery: Delivery) -> str:
    delivery = replace(delivery, row=held.row)  # as the attempt before this one left it
    try:
        rendered = channel.prepare(delivery)
    except Gone as error:
        # Somebody deleted a result just now. The next attempt says so, and still has what the
        # others wait for.
        raise StoreUnavailable(detail="deleted while it was rendered") from error
    in_the_dark = bool(held.row.maybe_sent)
    if in_the_dark and (found := channel.find(delivery)):
        log.info("delivery_found_as_sent")
        return found
    _write(context, held, maybe_sent=1, rendered=rendered, lease_until=now_s() + held.lease_s)
    try:
        return channel.send(replace(delivery, row=held.row), rendered)
    except Unseen as unseen:
        _write(context, held, rendered=unseen.rendered)
        raise
    except OutboundUncertain:
        raise
    except (OutboundUnavailable, OutboundRefused):
        # What became of an earlier attempt is as unknown as before.
        if not in_the_dark:
            _write(context, held, maybe_sent=0)
        raise


def _mark(context: Context, held: Lease[Owed], state: RowState, **values: Any) -> None:
    def commit() -> None:
        with context.database.write() as connection:
            # it tells of the end
            cards.wake(connection, outbox.card_of(connection, held.row.owner))
            held.finish(connection, state, maybe_sent=0, **values)
            if state == RowState.DONE:
                counters.add(
                    connection,
                    counters.DELIVERIES,
                    channel=held.row.channel,
                    kind=held.row.kind,
                )

    insist(commit)  # unmarked, it would be sent once more


def _write(context: Context, held: Lease[Owed], **values: Any) -> None:
    with context.database.write() as connection:
        held.write(connection, **values)
    kept = {name: value for name, value in values.items() if name in KEPT_IN_STEP}
    held.row = replace(held.row, **kept)
