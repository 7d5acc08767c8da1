"""Odd ways in which Slack's events come, and what must come of them: one job, one result, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from pydantic import SecretStr

from dragoman.settings import Settings
from tests.integration.slack.house import House, opened
from tests.pdfs import LOREM, make
from tests.servers.slack.model import Channel, Message, Trouble, User
from tests.servers.slack.slack import FakeSlack

ORDERS = list(permutations(("message/file_share", "file_shared", "app_mention")))


@pytest.fixture
def settings(settings: Settings, slack: FakeSlack, sqlite_database: object) -> Settings:
    facts = {
        "engine": "pseudo",
        "slack_bot_token": SecretStr(slack.bot_token),
        "slack_app_token": SecretStr(slack.app_token),
        "slack_signing_secret": SecretStr(slack.signing_secret),
        "slack_api_url": slack.api_url,
        "slack_mode": "http",
        "slack_file_hosts": (slack.file_host_url.removeprefix("http://"),),
    }
    return settings.model_copy(update=facts)


@pytest.fixture
def house(slack: FakeSlack, settings: Settings) -> Iterator[House]:
    with opened(slack, settings, "http") as made:
        yield made
        assert made.errors == []


@pytest.fixture
def pdf(tmp_path: Path) -> bytes:
    return make(tmp_path / "in.pdf", LOREM).read_bytes()


@pytest.fixture
def ann(slack: FakeSlack) -> User:
    return slack.user("ann")


@pytest.fixture
def general(slack: FakeSlack, ann: User) -> Channel:
    return slack.channel("general", ann)


def results(slack: FakeSlack, post: Message) -> list[str]:
    return [name for name, _ in slack.files_in(slack.thread(post))]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_three_events_of_a_post_in_any_order_make_one_job(
    house: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes, order: tuple[str, ...]
) -> None:
    slack.hold()
    post = slack.post(ann, general, f"<@{slack.bot.id}> to French", files=[slack.file("a.pdf", pdf)])
    slack.let_go(lambda delivery: order.index(delivery.name))
    house.quiet()
    assert tuple(one.name for one in slack.sent[:3]) == order
    assert results(slack, post) == ["a.fr.pdf"]
    assert len(house.jobs) == 1


def test_a_replay_after_a_restart_makes_nothing_new(
    slack: FakeSlack, settings: Settings, ann: User, general: Channel, pdf: bytes
) -> None:
    with opened(slack, settings, "http") as house:
        post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
        house.quiet()
        assert house.errors == []
    with opened(slack, settings, "http") as house:
        for delivery in list(slack.sent):
            assert slack.replay(delivery).acked
            assert slack.replay(delivery, event_id=f"{delivery.event_id}again").acked
        house.quiet()
        assert len(house.jobs) == 1
        assert results(slack, post) == ["a.fr.pdf"]
        assert house.errors == []


def test_what_was_acknowledged_before_an_end_is_done_after_it(
    slack: FakeSlack, settings: Settings, ann: User, general: Channel, pdf: bytes
) -> None:
    with opened(slack, settings, "http") as house:
        house.held_back.add("inbox")
        post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
        slack.settle()
        assert house.jobs == []
    with opened(slack, settings, "http") as house:
        house.quiet()
        assert results(slack, post) == ["a.fr.pdf"]
        assert house.errors == []


@pytest.mark.parametrize("signature", ["wrong", "missing", "stale"])
def test_a_request_that_slack_did_not_sign_is_refused(
    house: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes, signature: str
) -> None:
    slack.hold()
    slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    held, slack.courier.held = list(slack.courier.held or []), None
    for delivery in held:
        slack.sent.remove(delivery)
        assert slack.replay(delivery, signature).attempts[-1].status == 401
    house.quiet()
    assert house.jobs == []


def test_an_edit_and_a_preview_make_no_second_job(
    house: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    house.quiet()
    slack.edit(post, "to German")
    slack.unfurl(post)
    house.quiet()
    assert [job["target_lang"] for job in house.jobs] == ["fr"]


def test_pdfs_of_bots_are_not_translated(house: House, slack: FakeSlack, general: Channel, pdf: bytes) -> None:
    slack.post(slack.other_bot("press"), general, "to French", files=[slack.file("a.pdf", pdf)])
    house.quiet()
    assert house.jobs == []


def test_a_post_deleted_in_mid_job_is_not_answered(
    house: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    house.held_back.add("jobs")
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    slack.wait_until(lambda: slack.thread(post), what="the card is shown")
    slack.delete(post)
    slack.wait_until(lambda: house.jobs[0]["state"] == "cancelled", what="the job is cancelled")
    house.held_back.clear()
    house.quiet()
    assert slack.thread(post) == []
    assert [job["state"] for job in house.jobs] == ["cancelled"]
    assert house.jobs[0]["purged_at"]


def test_a_redirect_is_not_followed_with_the_token(
    house: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    url = slack.elsewhere.serve("/a.pdf", pdf)
    slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf, always=Trouble("redirect", url=url))])
    house.quiet()
    assert slack.elsewhere.visits == []
    assert house.jobs == []


def test_a_hostile_name_calls_nobody(house: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes) -> None:
    name = "<!channel> `x` \u202efdp" + "a" * 300 + ".pdf"
    post = slack.post(ann, general, "to French", files=[slack.file(name, pdf)])
    house.quiet()
    assert len(results(slack, post)) == 1
    assert slack.world.broadcasts == []
