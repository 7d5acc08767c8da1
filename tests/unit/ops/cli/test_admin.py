"""The admin's commands."""

import io
import json

import pytest
from typer.testing import CliRunner

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.errors import Conflict, NotFound, UnsupportedOption
from ops.cli import app
from tests import rows


@pytest.fixture
def run(monkeypatch):
    """Run `dragoman ...`."""
    monkeypatch.setenv("DRAGOMAN_ENGINE", "pseudo")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_init_writes_secrets_and_says_what_to_fill_in(run, tmp_path):
    done = run("init", "--dir", tmp_path)
    assert done.exit_code == 0
    assert "DRAGOMAN_ALLOWED_SENDERS" in done.stdout
    for line in (tmp_path / ".env").read_text().splitlines():
        if line.partition("=")[0].endswith(("PASSWORD", "KEY")) and not line.startswith("#"):
            assert line.partition("=")[2] not in done.stdout


def test_init_again_refuses(run, tmp_path):
    run("init", "--dir", tmp_path)
    assert isinstance(run("init", "--dir", tmp_path).exception, Conflict)


def test_db_upgrade_makes_the_schema(run, tmp_path):
    assert run("db", "upgrade", "--data", tmp_path).exit_code == 0
    database = Database(f"sqlite:///{tmp_path / 'dragoman.db'}")
    assert schema.is_current(database)
    database.close()


def test_doctor_ends_with_1_when_something_fails(run, tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_FLOWER_LISTEN", "0.0.0.0:5555")
    done = run("doctor", "--data", tmp_path, "--json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["healthy"] is False
    assert {"what": "Flower", "verdict": "fail"}.items() <= answer["findings"][-1].items()


def test_doctor_ends_with_0_when_there_are_only_warnings(run, tmp_path):
    done = run("doctor", "--data", tmp_path)
    assert done.exit_code == 0
    assert "warn" in done.stdout


@pytest.mark.parametrize("words", [(), ("--job", "a", "--sender", "ana@example.org")])
def test_purge_wants_one_thing_to_forget(run, words):
    assert run("purge", *words).exit_code == 2


def test_purge_of_an_unknown_job_says_so(run, settings, database):
    assert isinstance(
        run("purge", "--job", "none", "--data", settings.data_dir).exception, NotFound
    )


def test_purge_of_a_sender_forgets_the_files(run, settings, database, store):
    job_id, other = rows.add_job(database, owner="ana@example.org"), rows.add_job(database)
    for one in (job_id, other):
        store.put(f"jobs/{one}/source.pdf", io.BytesIO(b"pdf"))
    done = run("purge", "--sender", "Ana@example.org", "--data", settings.data_dir)
    assert "Forgot 1 job " in done.stdout
    assert list(store.keys("jobs/")) == [f"jobs/{other}/source.pdf"]
    assert rows.row(database, JOBS, job_id)["purged_at"]


def test_purge_of_a_job_forgets_its_files(run, settings, database, store):
    job_id = rows.add_job(database)
    store.put(f"jobs/{job_id}/source.pdf", io.BytesIO(b"pdf"))
    assert run("purge", "--job", job_id, "--data", settings.data_dir).exit_code == 0
    assert list(store.keys("jobs/")) == []


def test_init_prints_and_keeps_how_the_models_get_there(run, tmp_path):
    done = run("init", "--dir", tmp_path, "--models", "en-pt, en-pt-BR,en-de")
    assert done.exit_code == 0
    command = "docker compose run --rm models add en-pt en-de"
    assert command in done.stdout
    assert f"#   {command}\n" in (tmp_path / ".env").read_text()


def test_init_with_a_pair_that_is_none_writes_nothing(run, tmp_path):
    assert isinstance(
        run("init", "--dir", tmp_path, "--models", "en-pt,xx").exception, UnsupportedOption
    )
    assert not (tmp_path / ".env").exists()
