"""Slack through all processes of `dragoman up`: by Socket Mode and by HTTP, with a worker
killed in the middle.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from tests import manifest
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.servers.slack.model import Message
from tests.servers.slack.slack import FakeSlack
from tests.servers.stack import Stack

PERCENT = re.compile(r"(\d+) ?%")


@pytest.fixture
def deepl() -> Iterator[FakeDeepL]:
    with FakeDeepL(latency_s=3.0) as server:
        yield server


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A Slack with the app that the manifest describes."""
    with FakeSlack(events=manifest.events(), scopes=manifest.scopes()) as server:
        yield server


def settings_of(slack: FakeSlack, deepl: FakeDeepL, mode: str) -> dict[str, str]:
    return {
        "slack_mode": mode,
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
        "slack_file_hosts": slack.file_host_url.removeprefix("http://"),
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": "5",
    }


def card_of(slack: FakeSlack, post: Message) -> Message:
    return next(one for one in slack.thread(post) if not one.files)


def percents(slack: FakeSlack, post: Message) -> list[int]:
    """What the card showed, in the order of its updates."""
    texts = [str(call.arguments.get("text", "")) for call in slack.calls("chat.update", ok=True)]
    return [int(found[1]) for text in texts if (found := PERCENT.search(text))]


@pytest.mark.some(1)
@pytest.mark.parametrize("mode", ["socket", "http"])
def test_a_post_is_seen_followed_and_answered_though_the_worker_is_killed(
    mode: str, tmp_path: Path, slack: FakeSlack, deepl: FakeDeepL
) -> None:
    ann = slack.user("ann")
    general = slack.channel("general", ann)
    with Stack(tmp_path / "data", **settings_of(slack, deepl, mode)) as stack:
        if mode == "http":
            slack.app.request_url = f"{stack.url}/slack/events"
        else:
            slack.wait_until(lambda: slack.sockets.connections, 30, "the socket is open")
        post = slack.post(
            ann, general, "to German", files=[slack.file("report.pdf", long_pdf(600))]
        )
        slack.wait_until(
            lambda: post.reactions.get("eyes") and slack.thread(post), 20, "the post is taken"
        )
        slack.wait_until(lambda: any(percents(slack, post)), 60, "the card shows percent")
        stack.kill("worker")
        slack.wait_until(lambda: "white_check_mark" in post.reactions, 120, "the check mark")
        slack.wait_until(lambda: any(one.files for one in slack.thread(post)), 30, "the file")
        [(name, content)] = slack.files_in(slack.thread(post))
        shown = percents(slack, post)
    assert name == "report.de.pdf"
    with pymupdf.open(stream=io.BytesIO(content).getvalue(), filetype="pdf") as pdf:
        assert len(pdf) > 1
    assert shown == sorted(shown)
    assert not post.reactions.get("eyes")
    texts = [text for request in deepl.requests for text in request["text"]]
    # What was on its way at the kill was never answered to anybody: four requests of 50 texts at
    # most.
    assert len(texts) - len(set(texts)) <= 4 * 50


@pytest.mark.more
def test_a_worker_killed_between_ack_and_download_loses_nothing(
    tmp_path: Path, slack: FakeSlack, deepl: FakeDeepL
) -> None:
    ann = slack.user("ann")
    general = slack.channel("general", ann)
    with Stack(tmp_path / "data", **settings_of(slack, deepl, "socket")) as stack:
        slack.wait_until(lambda: slack.sockets.connections, 30, "the socket is open")
        slack.fail("download", "hang")
        post = slack.post(ann, general, "to German", files=[slack.file("report.pdf", long_pdf(20))])
        slack.wait_until(
            lambda: slack.calls("files.info", ok=True), 20, "the event is being opened"
        )
        slack.settle()  # acknowledged, and no byte is here
        assert stack.rows("SELECT 1 FROM jobs") == []
        assert stack.kill("worker")
        slack.wait_until(lambda: post.reactions.get("white_check_mark"), 60, "the check mark")
        slack.wait_until(lambda: any(one.files for one in slack.thread(post)), 30, "the file")
        assert [name for name, _ in slack.files_in(slack.thread(post))] == ["report.de.pdf"]
        assert len(stack.rows("SELECT 1 FROM jobs")) == 1
