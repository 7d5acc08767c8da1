"""The API held to its own OpenAPI by Schemathesis: made-up requests about jobs that are there,
in every state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dragoman.db.engine import Database
from dragoman.db.queries import dead_letters, lists
from dragoman.db.records import process_registry
from dragoman.domain.job import WaitingFor
from dragoman.errors import EncryptedPdf
from dragoman.ports import Capabilities
from tests.integration.web.conftest import ADMIN, ANNA, BERT, Client, Worker

EXAMPLES = 30  # requests of each operation
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
NAMES = ("job_id", "row_id")


@pytest.fixture
def seeded(client: Client, worker: Worker, database: Database) -> dict[str, list[str]]:
    """Ids of jobs in many states, by whether they have ended."""
    done, failed, cancelled, deleted, waiting, fresh = (
        client.upload().json["job_id"] for _ in range(6)
    )
    worker.all(done)
    worker.fail(failed, EncryptedPdf())
    client.ask("POST", f"/api/v1/jobs/{cancelled}/cancel", ANNA)
    worker.all(deleted)
    client.ask("DELETE", f"/api/v1/jobs/{deleted}", ANNA)
    held = worker.claim(waiting)
    with database.write() as connection:
        held.wait(connection, WaitingFor.APPROVAL, 600)
        process_registry.publish(
            connection, "worker@one", [Capabilities("pseudo", frozenset({"de", "fr"}))]
        )
    return {"ended": [done, failed, cancelled, deleted], "open": [waiting, fresh]}


def operations(client: Client) -> Iterator[schemathesis.schemas.APIOperation]:
    schema = schemathesis.openapi.from_url(f"{client.base}/openapi.json")
    for found in schema.get_all_operations():
        yield found.ok()


@pytest.mark.more
def test_no_request_breaks_the_contract(
    client: Client, seeded: dict[str, list[str]], database: Database
) -> None:
    tried = {}
    for operation in operations(client):
        name = operation.definition.raw["operationId"]
        # The stream of a job that has not ended does not end.
        ids = seeded["ended"] if name == "job_events" else seeded["ended"] + seeded["open"]
        tried[name] = hammer(client, operation, ids)
    assert {"upload", "list_jobs", "job_events", "retry_dead_letters", "list_usage"} <= tried.keys()
    assert min(tried.values()) > 0
    with database.read() as connection:  # and what they have left can be listed
        assert len(lists.jobs(connection, lists.Wanted(limit=200)).rows) >= 6
        assert dead_letters.page(connection, lists.Wanted()).rows is not None


def hammer(client: Client, operation: schemathesis.schemas.APIOperation, ids: list[str]) -> int:
    """How many requests of one operation were answered as its schema says."""
    chance, count = random.Random(operation.label), 0

    @seed(20261124)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        nonlocal count
        for name in NAMES:
            if name in (case.path_parameters or {}) and chance.random() < 0.8:
                found = chance.choice(ids)
                case.path_parameters[name] = found[: chance.choice((4, 8, 32))]
        token = chance.choice((ANNA, BERT, ADMIN, ADMIN))
        response = case.call(base_url=client.base, headers={"Authorization": f"Bearer {token}"})
        case.validate_response(response, checks=CHECKS)
        count += 1

    ask()
    return count
