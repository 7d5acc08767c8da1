"""A backup that is made while documents are worked on, restored where the machine was lost, or
over a database that went wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from dragoman.app.backup.errors import ServicesRunning
from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.pdfs import make
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import wait_until
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.stack import Stack

pytestmark = pytest.mark.more
MAILS, UPLOADS = 6, 2
SECRET = "s" * 40


@dataclass
class Places:
    """Where a Dragoman has its rows and files."""

    postgresql: PostgreSQL | None
    seaweedfs: SeaweedFS | None

    @property
    def environment(self) -> dict[str, str]:
        """The credentials of the store."""
        return self.seaweedfs.environment if self.seaweedfs else {}

    def fresh(self) -> dict[str, str]:
        """The settings of an empty database and an empty store; none: those of a data folder."""
        if self.postgresql is None or self.seaweedfs is None:
            return {}
        return {"database_url": self.postgresql.fresh(), "storage_url": self.seaweedfs.fresh()}


@pytest.fixture(params=["sqlite+folder", "postgresql+s3"])
def places(request: pytest.FixtureRequest) -> Places:
    if request.param == "sqlite+folder":
        return Places(None, None)
    return Places(request.getfixturevalue("postgresql"), request.getfixturevalue("seaweedfs"))


@pytest.fixture
def deepl() -> Iterator[FakeDeepL]:
    with FakeDeepL(latency_s=1.0) as server:
        yield server


def settings(deepl: FakeDeepL) -> dict[str, str]:
    return {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "secret_key": SECRET,
    }


def command(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the admin's, with the settings of a stack."""
    return subprocess.run(
        [sys.executable, "-m", "dragoman", *words, "--data", str(stack.data), "--json"],
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=patience(120),
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def answered(stack: Stack) -> list[str]:
    """The Message-IDs of the emails that were answered with a PDF, as often as they were."""
    mails = [message_from_bytes(body, policy=policy.default) for body in stack.outbox()]
    with_pdf = [
        mail for mail in mails if any(one.get_filename() for one in mail.iter_attachments())
    ]
    return [str(mail["In-Reply-To"]) for mail in with_pdf]


def document(folder: Path, number: int) -> bytes:
    return make(
        folder / f"{number}.pdf",
        f"The visitor of day {number} wanted a window seat in the morning train.",
    ).read_bytes()


def send(stack: Stack, folder: Path) -> tuple[list[str], list[str]]:
    """The Message-IDs of emails and the ids of uploads that were taken."""
    mails = [
        stack.mail(document(folder, number), filename=f"{number}.pdf") for number in range(MAILS)
    ]
    uploads = [stack.upload(document(folder, MAILS + number)) for number in range(UPLOADS)]
    return mails, uploads


def test_what_a_backup_knew_is_answered_by_another_machine(
    tmp_path: Path, places: Places, deepl: FakeDeepL
) -> None:
    backup = tmp_path / "backup"
    with Stack(tmp_path / "lost", places.environment, **settings(deepl), **places.fresh()) as lost:
        mails, uploads = send(lost, tmp_path)
        before = answered(lost)
        made = told(command(lost, "backup", str(backup)))
        # on a slow machine more of them are answered before the backup has looked at the rows
        meanwhile = answered(lost)
        assert len(before) < MAILS, "some were at work"
        assert made["missing"] == []
        assert made["rows"]["inbox"] == MAILS
        unknown = lost.upload(document(tmp_path, 99))
    after = answered(lost)
    deepl.latency_s = 0.05
    found = Stack(tmp_path / "found", places.environment, **settings(deepl), **places.fresh())
    done = told(command(found, "restore", str(backup)))
    assert (done["there"], done["newer"], done["differing"], done["absent"]) == (0, [], [], [])
    assert not done["other_secret_key"]
    with found:
        wait_until(
            lambda: set(answered(found)) | set(meanwhile) == set(mails), 120, "all are answered"
        )
        assert {found.await_end(job_id)["status"] for job_id in uploads} == {"COMPLETED"}
        with pytest.raises(HTTPError, match="404"):
            found.status(unknown)
        assert sorted(answered(found)) == sorted(set(answered(found))), "once each"
        twice = set(answered(found)) & set(after)
        assert len(twice) <= len(done["may_go_out_twice"])
        fits = told(command(found, "check"))
        assert (fits["missing"], fits["stuck"], fits["strangers"]) == ([], [], [])


def test_restored_over_what_is_there_nothing_newer_is_deleted(
    tmp_path: Path, places: Places, deepl: FakeDeepL
) -> None:
    backup, where = tmp_path / "backup", places.fresh()
    with Stack(tmp_path / "data", places.environment, **settings(deepl), **where) as first:
        mails, _ = send(first, tmp_path)
        before = answered(first)
        made = told(command(first, "backup", str(backup)))
        later = first.mail(document(tmp_path, 99), filename="later.pdf")
        refused = command(first, "restore", str(backup), "--replace")
        assert refused.returncode == ServicesRunning.exit_code
        assert "`dragoman up` is running" in refused.stderr
    deepl.latency_s = 0.05
    again = Stack(tmp_path / "data", places.environment, **settings(deepl), **where)
    done = told(command(again, "restore", str(backup), "--replace"))
    assert done["there"] + done["put"] == made["files"]
    [email] = [one for one in done["newer"] if one["sender"]]
    assert (email["sender"], email["subject"]) == ("ana@example.org", "A brochure")
    with again:
        wait_until(
            lambda: set(before) | set(answered(again)) >= set(mails), 120, "all are answered"
        )
        cleaned = told(command(again, "clean-up"))
        assert cleaned["deleted"] == 0
        fits = told(command(again, "check"))
        assert (fits["missing"], fits["stuck"]) == ([], [])
        assert {one["key"] for one in done["newer"]} >= set(fits["strangers"]) >= {email["key"]}
    assert later not in [*before]
