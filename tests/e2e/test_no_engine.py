"""A Dragoman without any translation engine: it says so at its start, and refuses kindly what
it is sent.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.servers.process import missing, wait_until
from tests.servers.stack import BEARER, Stack

pytestmark = pytest.mark.more

SAMPLE = Path("dragoman/sample.pdf").absolute()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    only_ours = {"PATH": str(Path(sys.executable).parent)}  # no Apertium on it
    with Stack(tmp_path_factory.mktemp("none") / "data", only_ours, engine="auto") as running:
        wait_until(
            lambda: running.rows("SELECT 1 FROM capabilities") != [],
            60,
            "the worker has said what it can do",
        )
        yield running


def test_up_says_at_its_start_that_there_is_none_and_how_to_set_one_up(stack: Stack) -> None:
    said = stack.log()
    assert "No translation engine is set up: every document is refused." in said
    assert "dragoman models add en-de" in said


def test_doctor_fails_and_says_how_to_set_one_up(stack: Stack) -> None:
    command = [sys.executable, "-m", "dragoman", "doctor", "--data", str(stack.data), "--json"]
    done = subprocess.run(
        command, env=stack.environment, capture_output=True, text=True, check=False
    )
    (engine,) = [one for one in json.loads(done.stdout)["findings"] if one["what"] == "engine"]
    assert done.returncode == 1
    assert engine["verdict"] == "fail"
    assert "apt-get install apertium" in engine["todo"]


def test_an_upload_is_refused_with_what_to_do(stack: Stack) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        stack.upload(SAMPLE.read_bytes(), "de")
    problem = json.load(refused.value)
    refused.value.close()
    assert problem["code"] == "no_engine"
    assert "ask the admin of this server to set one up" in json.dumps(problem)
    assert stack.api("/api/v1/jobs")["jobs"] == []


def test_a_mail_is_answered_with_what_to_do_also_where_it_names_no_language(stack: Stack) -> None:
    for number, to in enumerate(("translate+de@dragoman.test", "translate@dragoman.test"), start=1):
        stack.mail(SAMPLE.read_bytes(), to=to)
        answer = message_from_bytes(stack.await_answers(number)[-1], policy=policy.default)
        body = answer.get_body(("plain",))
        assert body is not None
        words = " ".join(body.get_content().split())
        assert "No translation engine is set up on this server yet." in words
        assert "Please ask the admin of this server to set one up" in words
    assert stack.rows("SELECT 1 FROM inbox WHERE state = 'waiting'") == []


def test_the_web_page_says_that_nothing_can_be_translated(stack: Stack) -> None:
    with urllib.request.urlopen(stack.url, timeout=10) as answer:
        page = answer.read().decode()
    assert 'id="no-engine"' in page
    assert '<option value="German">' not in page


def test_pseudo_can_still_be_asked_for_by_its_name(stack: Stack) -> None:
    curl = shutil.which("curl") or missing("curl", "curl")
    fields = ["-F", f"file=@{SAMPLE}", "-F", "target_lang=fr", "-F", "engine=pseudo"]
    command = [
        curl,
        "-sS",
        "-H",
        f"Authorization: Bearer {BEARER}",
        *fields,
        f"{stack.url}/api/v1/upload",
    ]
    done = subprocess.run(command, check=True, capture_output=True)
    ended = stack.await_end(json.loads(done.stdout)["job_id"])
    assert (ended["status"], ended["engine"]) == ("COMPLETED", "pseudo")
