"""The real servers start, serve and can be stopped."""

from sqlalchemy import text

from dragoman.adapters.storage import open_store
from dragoman.db.engine import Database


def test_postgresql_serves_a_database(postgresql_url):
    database = Database(postgresql_url)
    with database.read() as connection:
        assert connection.scalar(text("select 1")) == 1
    database.close()


def test_redis_serves(redis_server):
    with redis_server.client() as client:
        assert client.ping()


def test_redis_can_be_stopped_and_started(redis_server):
    redis_server.stop()
    assert redis_server.pid is None
    redis_server.start()
    with redis_server.client() as client:
        assert client.ping()


def test_seaweedfs_serves_a_bucket(s3_url):
    assert list(open_store(s3_url).keys("jobs/")) == []
