"""What kombu and Celery keep to themselves: a connection to Redis that takes nothing (no memory, a
read-only replica, a full disk) counts as one that is away.

To kombu such an answer is a mistake of the caller's, and Celery's worker ends at a task that it
cannot acknowledge (seen with 5.7.0). With `broker_channel_error_retry` it connects anew instead,
which succeeds only once Redis takes something: until then it tries again and again, and its
children stay at work.
"""

from __future__ import annotations

from typing import Any

from celery.app.amqp import AMQP
from kombu.connection import Connection
from kombu.transport import redis as kombu_redis
from redis.exceptions import RedisError, ResponseError

from dragoman.adapters.redis_transport import BROKER_ERRORS, RECONNECT_S, take, unreachable

CLOSED = "the connection was closed"


class Channel(kombu_redis.Channel):
    """A channel that can say that its connection is gone."""

    def _connparams(self, *args: Any, **options: Any) -> Any:
        """Where to connect.

        A task's end is told to the channel that it came by, which may be closed since: to kombu
        5.7.0 a lost attribute.
        """
        if self.connection.client is None:
            raise ConnectionError(CLOSED)
        return super()._connparams(*args, **options)  # type: ignore[no-untyped-call]


class Transport(kombu_redis.Transport):
    """Redis, connected only while it takes something."""

    Channel = Channel
    # what its timers wait out
    connection_errors = (*kombu_redis.Transport.connection_errors, ResponseError)

    def establish_connection(self) -> Any:
        """Connect. Raises what Redis says, also when it answers and takes nothing."""
        connection = super().establish_connection()  # type: ignore[no-untyped-call]
        try:
            take(self._avail_channels[-1].client)
        except RedisError:
            self.close_connection(connection)  # type: ignore[no-untyped-call]
            raise
        return connection


class BrokerConnection(Connection):
    """A connection that looks for its broker often: a worker works again soon after a long
    outage.
    """

    def get_transport_cls(self) -> Any:
        """Ours, where it is Redis."""
        found = super().get_transport_cls()  # type: ignore[no-untyped-call]
        return Transport if found is kombu_redis.Transport else found

    @property
    def connection_errors(self) -> Any:
        """What an acknowledgement passes over.

        An answer of Redis is not among it, since the consumer has to connect anew.
        """
        return kombu_redis.Transport.connection_errors

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """As kombu's, with shorter pauses."""
        return super().ensure_connection(*args, **{"interval_max": RECONNECT_S, **options})  # type: ignore[no-untyped-call]


class Amqp(AMQP):  # type: ignore[misc]
    """What Celery sends with."""

    Connection = BrokerConnection

    def _retry_publish(self, publish: Any, *args: Any, **options: Any) -> Any:
        """Send the next step of a chain.

        Without a broker the sweeper rings for it: the row is due, and the step before is done.
        """
        try:
            return super()._retry_publish(publish, *args, **options)
        except BROKER_ERRORS as error:
            unreachable(error)
