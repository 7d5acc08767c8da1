"""“Translate PDF” in a channel that Dragoman is not in: it says how to invite it, and goes on
by itself.
"""

from __future__ import annotations

import pytest

from dragoman.db.ledgers.inbox import INBOX
from ingress.slack import invitations
from tests.integration.slack.house import House
from tests.rows import change
from tests.servers.slack.model import Channel, User
from tests.servers.slack.slack import FakeSlack


@pytest.mark.parametrize("private", [False, True])
def test_not_in_the_channel_it_says_how_to_invite_it_and_then_goes_on(
    http: House, slack: FakeSlack, ann: User, pdf: bytes, private: bool
) -> None:
    room = slack.channel("elsewhere", ann, kind="private" if private else "public")
    slack.kick(room)
    post = slack.post(ann, room, "look at this", files=[slack.file("a.pdf", pdf)])
    slack.message_shortcut(ann, post, "translate_pdf")
    slack.submit(ann, {"languages": ["fr"]})
    http.quiet()
    assert http.jobs == []
    [told] = slack.messages(slack.dm(ann))
    assert f"I am not in <#{room.id}>" in told.text
    assert "`/invite @Dragoman`" in told.text

    slack.invite(ann, room)
    http.quiet()
    assert [name for name, _ in slack.files_in(slack.thread(post))] == ["a.fr.pdf"]
    assert len(slack.messages(slack.dm(ann))) == 1


def test_without_the_event_it_looks_again_and_says_it_only_once(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    slack.kick(general)
    post = slack.post(ann, general, files=[slack.file("a.pdf", pdf)])
    slack.message_shortcut(ann, post, "translate_pdf")
    slack.submit(ann, {"languages": ["fr"]})
    http.quiet()
    [waiting] = [row for row in http.rows(INBOX) if row["payload"].get("invited_to")]
    change(http.database, INBOX, waiting["id"], run_after=0.0)
    http.quiet()
    assert len(slack.messages(slack.dm(ann))) == 1
    general.members.add(slack.bot.id)  # Slack's event got lost
    change(http.database, INBOX, waiting["id"], run_after=0.0)
    http.quiet()
    assert [name for name, _ in slack.files_in(slack.thread(post))] == ["a.fr.pdf"]


def test_a_day_without_an_invitation_ends_with_a_word(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    slack.kick(general)
    post = slack.post(ann, general, files=[slack.file("a.pdf", pdf)])
    slack.message_shortcut(ann, post, "translate_pdf")
    slack.submit(ann, {"languages": ["fr"]})
    http.quiet()
    [waiting] = [row for row in http.rows(INBOX) if row["payload"].get("invited_to")]
    change(
        http.database,
        INBOX,
        waiting["id"],
        run_after=0.0,
        created_at=waiting["created_at"] - 90_000,
    )
    http.quiet()
    assert "I was not invited to that channel" in slack.messages(slack.dm(ann))[-1].text


@pytest.mark.parametrize(("waited_s", "pause_s"), [(0, 10), (39, 10), (400, 100), (80_000, 600)])
def test_it_looks_ever_more_seldom(waited_s: float, pause_s: float) -> None:
    assert invitations.pause_s(waited_s) == pause_s
