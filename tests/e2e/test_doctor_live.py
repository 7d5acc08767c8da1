"""`dragoman doctor --live` beside a running server: through DeepL's API, a real mail server,
and into the folder of answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from dragoman.db.engine import Database
from dragoman.db.queries import lists
from ops.doctor.live.plan import SENTENCES
from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.servers.postfix import Postfix
from tests.servers.process import LOOPBACK, free_port
from tests.servers.stack import BEARER, SENDER, Stack


class Box:
    """The mailbox of the one who asked: what their mail server took for them."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.taken.append(envelope.content)
        return "250 taken"


def doctor(stack: Stack, *words: str) -> tuple[dict, int]:
    environment = {**os.environ, **stack.environment}
    command = [
        sys.executable,
        "-m",
        "dragoman",
        "doctor",
        "--live",
        "--json",
        "--data",
        str(stack.data),
        *words,
    ]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=patience(240), check=False
    )
    return json.loads(
        done.stdout or json.dumps({"findings": [], "said": done.stderr})
    ), done.returncode


def live(told: dict) -> list[tuple[str, str]]:
    return [
        (one["what"], one["verdict"]) for one in told["findings"] if one["what"].startswith("live")
    ]


def files(stack: Stack) -> list[str]:
    database = Database(f"sqlite:///{stack.data.absolute()}/dragoman.db")
    try:
        with database.read() as connection:
            return [row.filename for row in lists.jobs(connection, lists.Wanted()).rows]
    finally:
        database.close()


@pytest.mark.more
def test_engine_and_mail_are_tried_and_nothing_is_left(tmp_path: Path) -> None:
    with (
        FakeDeepL() as deepl,
        Stack(
            tmp_path / "data", engine="deepl", deepl_auth_key=KEY, deepl_server_url=deepl.url
        ) as stack,
    ):
        told, code = doctor(stack, "--sender", SENDER)
        assert live(told) == [
            ("live engine", "ok"),
            ("live mail", "ok"),
            ("live answer", "ok"),
            ("live Slack", "ok"),
        ], told
        engine, _, answer = (
            one
            for one in told["findings"]
            if one["what"] in ("live engine", "live mail", "live answer")
        )
        assert f"{len(SENTENCES['en'])} characters charged" in engine["said"]
        assert "the answer has the translated page" in answer["said"]
        assert files(stack) == [""]
        assert stack.outbox() == []
        report = told["report"]
        for value in (KEY, SENDER, BEARER, str(tmp_path), "dragoman.test", LOOPBACK):
            assert value not in report
        assert "| live answer | ok | the answer has the translated page" in report
        assert code == (0 if told["healthy"] else 1)

        deepl.faults.append(456)
        told, code = doctor(stack, "--only", "engine")
        assert (live(told), code) == ([("live engine", "fail")], 1)
        assert "[quota_used_up]" in told["findings"][-1]["said"]

        told, code = doctor(
            stack, "--only", "mail", "--sender", "stranger@example.net", "--within", "2"
        )
        assert (live(told), code) == ([("live mail", "fail")], 1)


@pytest.mark.more
def test_mail_goes_out_and_comes_back_through_a_mail_server(tmp_path: Path) -> None:
    box, inward = Box(), free_port()
    theirs = Controller(box, hostname=LOOPBACK, port=free_port())
    theirs.start()
    try:
        with (
            Postfix("dragoman.test", inward, theirs.port) as postfix,
            Stack(
                tmp_path / "data",
                smtp_listen=f"{LOOPBACK}:{inward}",
                outbound_smtp_url=f"smtp://{LOOPBACK}:{postfix.port}",
            ) as stack,
        ):
            told, _ = doctor(stack, "--only", "mail", "--sender", SENDER)
            assert live(told) == [("live mail", "ok"), ("live answer", "ok")], (told, postfix.log())
            assert (
                "accepted by the mail server that sends our answers" in told["findings"][-2]["said"]
            )
            assert files(stack) == [""]
    finally:
        theirs.stop()
    assert any(b"application/pdf" in mail for mail in box.taken)


@pytest.mark.more
@pytest.mark.parametrize("words", [["--only", "fax"]])
def test_what_cannot_be_tried_is_said(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dragoman", "doctor", "--live", *words],
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert done.returncode == 2
    assert "Possible: engine, mail, slack" in done.stderr
