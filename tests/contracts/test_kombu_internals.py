"""What we rely on in kombu and Celery beyond what they document; a release that breaks it fails
here.

`kombu.transport.redis.Channel._connparams` is asked where to connect each time that a channel does,
and fails on a channel whose connection was closed; `Transport.establish_connection` leaves the
channel that it tried in `_avail_channels`; Celery sends the next step of a chain by
`AMQP._retry_publish`; `Connection.get_transport_cls` and `connection_errors` are asked, not copied.
"""

from __future__ import annotations

import inspect

import pytest
from celery import Celery
from celery.app import trace
from celery.app.amqp import AMQP
from kombu.transport import redis as kombu_redis
from redis.exceptions import ResponseError

from dragoman.adapters.kombu_internals import Amqp, BrokerConnection, Transport
from tests.servers.redis import Redis


def test_a_connection_takes_the_transport_and_the_channel_that_are_ours(
    redis_server: Redis,
) -> None:
    with BrokerConnection(redis_server.url) as connection:
        assert type(connection.transport) is Transport
        assert type(connection.default_channel) is Transport.Channel


def test_connecting_leaves_the_channel_that_was_tried(redis_server: Redis) -> None:
    with BrokerConnection(redis_server.url) as connection:
        transport = connection.transport
        super(Transport, transport).establish_connection()
        assert transport._avail_channels[-1].client.ping()


def test_connecting_to_a_redis_that_takes_nothing_fails(redis_server: Redis) -> None:
    with redis_server.client() as client:
        client.config_set("maxmemory", "1")
        try:
            with BrokerConnection(redis_server.url) as connection, pytest.raises(ResponseError):
                connection.transport.establish_connection()
        finally:
            client.config_set("maxmemory", "0")


def test_a_channel_of_a_closed_connection_says_so(redis_server: Redis) -> None:
    connection = BrokerConnection(redis_server.url)
    channel = connection.default_channel
    assert channel._connparams()["host"]
    channel.connection.client = None  # what kombu leaves of a connection that was closed
    with pytest.raises(ConnectionError):
        channel._connparams()
    with pytest.raises(AttributeError):  # or else ours is of no use any more
        super(Transport.Channel, channel)._connparams()


def test_celery_sends_the_next_step_by_the_name_that_is_ours_too() -> None:
    assert "amqp._retry_publish(" in inspect.getsource(trace)
    assert list(inspect.signature(AMQP._retry_publish).parameters) == [
        "self",
        "publish",
        "args",
        "kwargs",
    ]
    assert Amqp._retry_publish is not AMQP._retry_publish


def test_a_broker_that_is_away_ends_no_task_that_has_sent_its_next_step() -> None:
    amqp = Celery("test", broker="redis://", amqp=Amqp, set_as_current=False).amqp

    def away(*args: object, **options: object) -> None:
        raise ConnectionRefusedError

    assert amqp._retry_publish(away) is None


def test_what_redis_refuses_is_among_the_errors_that_timers_wait_out() -> None:
    assert set(kombu_redis.Transport.connection_errors) < set(Transport.connection_errors)
    assert ResponseError in Transport.connection_errors
