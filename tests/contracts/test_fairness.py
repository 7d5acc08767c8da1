"""The parts of a long document and the short documents beside it: workers take from their
queues in turn.
"""

from __future__ import annotations

import pytest
from kombu import Consumer

from dragoman.adapters import queues
from tests.patience import patience
from tests.servers.redis import Redis

pytestmark = pytest.mark.more

PARTS, SHORT = 60, 10  # 2,400 pages; documents


def taken_in_order(app, count: int) -> list[str]:
    """The queues that a worker with one child takes `count` messages from."""
    taken: list[str] = []

    def take(body, message) -> None:
        taken.append(message.delivery_info["routing_key"])
        message.ack()

    mine = [queue for queue in app.conf.task_queues if queue.name in queues.WORKER_QUEUES]
    with (
        app.connection() as connection,
        Consumer(connection.channel(), mine, callbacks=[take], accept=["json"]) as one,
    ):
        one.qos(prefetch_count=1)
        while len(taken) < count:
            connection.drain_events(timeout=patience(10))
    return taken


def test_parts_of_a_long_document_do_not_starve_short_ones(settings, redis_server: Redis):
    app = queues.make_app(settings.model_copy(update={"broker_url": redis_server.url}))
    for number in range(PARTS):
        queues.send(app, queues.PART, str(number))
    for task in (queues.EXTRACT, queues.TRANSLATE, queues.RECONSTRUCT):
        for number in range(SHORT):
            queues.send(app, task, str(number))
    taken = taken_in_order(app, PARTS + 3 * SHORT)
    last_short = max(at for at, queue in enumerate(taken) if queue != queues.PARTS)
    parts_before = taken[:last_short].count(queues.PARTS)
    assert parts_before <= SHORT + 1  # one part a turn
    assert taken[: 4 * SHORT].count(queues.PARTS) >= SHORT - 1  # and the long document goes on, too
