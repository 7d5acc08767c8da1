"""What is done over the web is on record: by whose token or link, and from where."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from dragoman.db.records import audit
from ops.cli import app
from tests import row_values
from tests.integration.web.conftest import ANNA, Client, Worker


def told(database):
    with database.read() as connection:
        rows = audit.listed(connection, audit.Wanted())
    return [(one["action"], one["who"], one["address"]) for one in reversed(rows)]


def test_a_posted_download_is_on_record_and_a_look_is_not(
    client: Client, worker: Worker, database, links, job_id
) -> None:
    worker.all(job_id)
    path = links.path("download", row_values.job(worker.row(job_id)))
    before = told(database)
    assert client.get(path).status == 200
    # a GET changes nothing: the log has it
    assert client.get(f"/api/v1/jobs/{job_id}/result", ANNA).status == 200
    assert told(database) == before
    assert client.ask("POST", path).status == 200
    assert told(database) == [*before, ("downloaded", "download link", "127.0.0.1")]


def test_tokens_and_links_have_their_names(
    client: Client, database, job_id, page_path, settings
) -> None:
    assert client.ask("POST", f"/api/v1/jobs/{job_id}/cancel", ANNA).status == 200
    assert client.ask("POST", f"{page_path}/retry").status == 303
    assert client.ask("POST", f"{page_path}/delete").status == 303
    assert told(database) == [
        ("sent", "web:anna", "127.0.0.1"),
        ("cancelled", "web:anna", "127.0.0.1"),
        ("retried", "link", "127.0.0.1"),
        ("cancelled", "link", "127.0.0.1"),
        ("deleted", "link", "127.0.0.1"),
    ]
    done = CliRunner().invoke(
        app, ["audit", "--action", "retried", "--data", str(settings.data_dir), "--json"]
    )
    [entry] = json.loads(done.stdout)["entries"]
    facts = {
        "action": "retried",
        "channel": "web",
        "job_id": job_id,
        "owner": "web:anna",
        "who": "link",
    }
    assert {name: entry[name] for name in facts} == facts
    said = CliRunner().invoke(
        app, ["audit", "--who", "web:anna", "--since", "1h", "--data", str(settings.data_dir)]
    )
    assert f"cancelled   {job_id}  by web:anna (web) from 127.0.0.1" in said.stdout


def test_a_stranger_leaves_no_trace_in_it(client: Client, database, job_id) -> None:
    before = told(database)
    assert (
        client.ask("POST", f"/api/v1/jobs/{job_id}/cancel", "wrong-token-0123456789").status == 401
    )
    assert client.ask("POST", "/j/nonsense/delete").status == 404
    assert told(database) == before
