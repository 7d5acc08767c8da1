"""People without an identity, files that lie about their size, sockets that come and go, limits
on what is rarely asked.
"""

from __future__ import annotations

import pytest
from sqlalchemy import update

from dragoman.channels.slack import slack_api as ours
from dragoman.db.ledgers.inbox import INBOX
from dragoman.domain.job import RowState
from ingress.slack.new_posts import MOST_OPEN
from tests.integration.slack.house import opened

pytestmark = pytest.mark.more


def names(slack, post) -> list[str]:
    return sorted(name for name, _ in slack.files_in(slack.thread(post)))


@pytest.mark.parametrize(
    "who", [{"email": None}, {"is_restricted": True}, {"is_ultra_restricted": True, "email": None}]
)
def test_guests_and_people_without_an_address_are_served(http, slack, general, pdf, who) -> None:
    guest = slack.user("gus", **who)
    general.members.add(guest.id)
    post = slack.post(guest, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert names(slack, post) == ["a.fr.pdf"]


def test_a_file_larger_than_it_says_is_cut_off(http, slack, whole, ann, general, pdf) -> None:
    http.close()
    with opened(slack, whole.model_copy(update={"max_pdf_bytes": 1000}), "http") as small:
        file = slack.file("a.pdf", pdf)
        file.size = 500
        post = slack.post(ann, general, f"<@{slack.bot.id}> to French", files=[file])
        small.quiet()
        assert small.jobs == []
        assert list(small.intake.store.keys("jobs/")) == []
        assert "larger than" in "".join(str(one.blocks) for one in slack.thread(post))


@pytest.mark.parametrize("house", ["socket"], indirect=True)
def test_a_socket_that_is_closed_in_mid_job_loses_and_doubles_nothing(
    house, slack, ann, general, pdf
) -> None:
    slack.api.limits.on = False
    house.held_back.add("jobs")
    first = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    house.quiet()
    before = list(slack.sockets.connections)
    slack.sockets.disconnect(before[0])
    slack.wait_until(
        lambda: slack.sockets.connections and list(slack.sockets.connections) != before,
        20,
        "a new socket",
    )
    second = slack.post(ann, general, "to German", files=[slack.file("b.pdf", pdf)])
    house.held_back.clear()
    house.quiet()
    assert names(slack, first) == ["a.fr.pdf"]
    assert names(slack, second) == ["b.de.pdf"]
    assert len(house.jobs) == 2


@pytest.mark.parametrize("method", ["conversations.info", "users.info", "chat.postEphemeral"])
def test_limits_while_somebody_presses_a_button(http, slack, ann, general, pdf, method) -> None:
    http.held_back.add("jobs")
    bob = slack.user("bob")
    general.members.add(bob.id)
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    card = next(one for one in slack.thread(post) if not one.files)
    slack.fail(method, 429, 2, 0)
    slack.click(bob, card, ours.CANCEL)
    http.quiet()
    assert [job["state"] for job in http.jobs] == ["ready"]
    slack.click(ann, card, ours.CANCEL)
    http.quiet()
    assert [job["state"] for job in http.jobs] == ["cancelled"]


def test_a_limit_on_the_home_is_waited_out(http, slack, ann) -> None:
    slack.fail("views.publish", 429, 2, 0)
    slack.open_home(ann)
    http.quiet()
    assert slack.home(ann)


def test_a_flood_of_one_person_lets_others_in(http, slack, ann, general, pdf) -> None:
    bob = slack.user("bob")
    general.members.add(bob.id)
    http.held_back.add("jobs")
    for number in range(MOST_OPEN + 3):
        slack.post(ann, general, "to French", files=[slack.file(f"{number}.pdf", pdf)])
    http.quiet()
    slack.post(bob, general, "to French", files=[slack.file("bob.pdf", pdf)])
    http.quiet()
    owners = [job["owner"].rpartition(":")[2] for job in http.jobs]
    assert owners == [ann.id] * MOST_OPEN + [bob.id]
    asked = len(slack.calls("files.info"))
    with http.database.write() as connection:
        connection.execute(
            update(INBOX).where(INBOX.c.state == RowState.READY).values(run_after=0.0)
        )
    http.quiet()
    assert len(slack.calls("files.info")) == asked, (
        "Slack counts the calls, and whoever waits has been looked into"
    )
    http.held_back.clear()
    slack.wait_until(lambda: len(http.jobs) == MOST_OPEN + 4, 60, "all have had their turn")
    http.quiet()
    assert {job["state"] for job in http.jobs} == {"done"}
