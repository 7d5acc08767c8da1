"""Commands beside `up` find its data and its broker, and say so plainly where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from dragoman.db.engine import Database
from dragoman.errors import NotFound, OperatorError
from ops.cli.data import opened, settings_of
from ops.up.embedded_broker import EmbeddedBroker


def test_a_folder_without_data_is_named_and_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(NotFound, match="There is no Dragoman data") as refused,
        opened(tmp_path / "nothing"),
    ):
        pass
    assert "--data" in refused.value.advice
    assert not (tmp_path / "nothing").exists()


def test_another_version_s_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'dragoman.db'}")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE something (id INTEGER)"))
    database.close()
    with pytest.raises(OperatorError) as refused, opened(tmp_path):
        pass
    assert "db upgrade" in refused.value.advice


def test_the_broker_of_a_running_up_is_found_and_forgotten_with_it(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path).start()
    try:
        assert settings_of(tmp_path).broker_url == broker.url
    finally:
        broker.stop()
    assert settings_of(tmp_path).broker_url == ""
