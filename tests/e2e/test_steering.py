"""An admin at the wheel: approving, cancelling, dead letters and their retry, by the command
and over the API.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.pdfs import long_pdf
from tests.servers.process import wait_until
from tests.servers.stack import Stack

pytestmark = pytest.mark.more

THREE_PAGES = 45  # paragraphs


@pytest.fixture(scope="module")
def deepl() -> Iterator[FakeDeepL]:
    with FakeDeepL() as server:
        yield server


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, deepl: FakeDeepL) -> Iterator[Stack]:
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "deepl_requests_per_s": "0",
    }
    more = {
        "approval_pages": "2",
        "pages_per_part": "2",
        "lease_s": "3",
        "secret_key": "a-secret-key-for-tests-only",
    }
    with Stack(tmp_path_factory.mktemp("steering") / "data", **engine, **more) as running:
        yield running


def jobs(stack: Stack, *words: str) -> Any:
    """What `dragoman jobs ...` prints."""
    command = [
        sys.executable,
        "-m",
        "dragoman",
        "jobs",
        *words,
        "--data",
        str(stack.data),
        "--json",
    ]
    done = subprocess.run(
        command,
        env=os.environ | stack.environment,
        capture_output=True,
        timeout=patience(60),
        check=True,
    )
    return json.loads(done.stdout)


def post(stack: Stack, path: str) -> Any:
    return stack.api(path, method="POST", data=b"")


def await_waiting(stack: Stack, job_id: str) -> dict[str, Any]:
    wait_until(
        lambda: jobs(stack, "show", job_id)["waiting_for"] == "approval",
        60,
        "the job waits for a yes",
        0.5,
    )
    return dict(jobs(stack, "show", job_id))


@pytest.mark.parametrize("by", ["command", "api"])
def test_long_document_waits_for_a_yes_and_goes_on_with_it(
    stack: Stack, deepl: FakeDeepL, by: str
) -> None:
    asked = len(deepl.requests)
    job_id = stack.upload(long_pdf(THREE_PAGES), "fr" if by == "api" else "es")
    waiting = await_waiting(stack, job_id)
    assert waiting["pages"] > 2
    assert waiting["to_bill"] > 0
    assert len(deepl.requests) == asked
    told = (
        jobs(stack, "approve", job_id)
        if by == "command"
        else post(stack, f"/api/v1/jobs/{job_id}/approve")
    )
    assert told["job_id"] == job_id
    ended = stack.await_end(job_id)
    assert (ended["status"], ended["progress"]) == ("COMPLETED", 100)
    shown = jobs(stack, "show", job_id)
    assert shown["characters_billed"] == waiting["to_bill"]


@pytest.mark.parametrize("by", ["command", "api"])
def test_cancel_is_answered_at_once_though_the_engine_hangs(
    stack: Stack, deepl: FakeDeepL, by: str
) -> None:
    asked, deepl.latency_s = len(deepl.asked_at), 900.0
    stack.mail(long_pdf(8), to=f"translate+{'it' if by == 'api' else 'nl'}@dragoman.test")
    wait_until(lambda: len(deepl.asked_at) > asked, 60, "the engine is asked")
    [job] = jobs(stack, "list", "--status", "TRANSLATING")["jobs"]
    began, answers = time.monotonic(), len(stack.outbox())
    if by == "command":
        jobs(stack, "cancel", job["job_id"])
    else:
        post(stack, f"/api/v1/jobs/{job['job_id']}/cancel")
    stack.await_answers(answers + 1, within_s=15)
    assert time.monotonic() - began < patience(15)
    assert stack.status(job["job_id"])["status"] == "CANCELLED"
    deepl.latency_s = 0.0


def test_dead_letters_are_listed_and_tried_again_to_success_when_the_fault_is_gone(
    stack: Stack, deepl: FakeDeepL
) -> None:
    deepl.faults.extend([403, 456])  # the key is refused, the quota is used up
    ids = []
    for paragraphs in (9, 10):
        stack.mail(long_pdf(paragraphs), to="translate+pl@dragoman.test")
        wait_until(lambda: len(jobs(stack, "dead")["dead"]) > len(ids), 60, "the job gives up", 0.5)
        ids.append(jobs(stack, "dead")["dead"][0]["id"])
    letters = {letter["code"]: letter for letter in jobs(stack, "dead")["dead"]}
    assert set(letters) == {"engine_key_rejected", "quota_used_up"}
    assert {letter["stage"] for letter in letters.values()} == {"translate"}
    answers = len(stack.outbox())
    assert jobs(stack, "retry", "--error", "engine_key_rejected")["retried"] == [
        letters["engine_key_rejected"]["id"]
    ]
    post(stack, f"/api/v1/jobs/{letters['quota_used_up']['id']}/retry")
    assert {stack.await_end(job_id)["status"] for job_id in ids} == {"COMPLETED"}
    stack.await_answers(answers + 2)
    assert jobs(stack, "dead")["dead"] == []
    final = "SELECT count(*) FROM outbox WHERE kind = 'final' AND run = 2 AND state = 'done'"
    wait_until(lambda: stack.rows(final) == [(2,)], 30, "each new run has its one answer")
