"""Ways to ask in Slack, in their situations: each ends in a job or in a word, and people who talk
to each other hear nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.records import preferences
from dragoman.domain.wishes import ChannelWishes
from tests.integration.slack.house import House
from tests.pdfs import LOREM, make
from tests.servers.slack.model import Channel, Message, User
from tests.servers.slack.slack import FakeSlack


def jobs(house: House) -> list[tuple[str, str]]:
    return sorted((job["filename"], job["target_lang"]) for job in house.jobs)


def said(slack: FakeSlack, post: Message) -> str:
    """All that stands in the thread of a post."""
    return "".join(f"{one.text} {one.blocks}" for one in slack.thread(post))


def quiet_channel(house: House, slack: FakeSlack, channel: Channel) -> None:
    with house.database.write() as connection:
        wishes = ChannelWishes(auto=False)
        preferences.keep_wishes(connection, slack.here.team_id, channel.id, wishes)


@pytest.fixture
def asked(http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes) -> Message:
    """A post without a language, under which Ann is asked for one."""
    post = slack.post(ann, general, "the new contract", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert "Which language" in said(slack, post)
    return post


@pytest.mark.parametrize("words", ["French please", "en français, pages 1-1", "fr"])
def test_an_answer_typed_under_the_question_is_heard(
    http: House, slack: FakeSlack, ann: User, general: Channel, asked: Message, words: str
) -> None:
    slack.post(ann, general, words, thread_ts=asked.ts)
    http.quiet()
    assert jobs(http) == [("a.pdf", "fr")]
    assert http.jobs[0]["options"]["pages"] == ("1-1" if "pages" in words else None)


@pytest.mark.more
def test_a_stranger_does_not_choose_for_ann(
    http: House, slack: FakeSlack, general: Channel, asked: Message
) -> None:
    bob = slack.user("bob")
    general.members.add(bob.id)
    slack.post(bob, general, "French please", thread_ts=asked.ts)
    http.quiet()
    assert jobs(http) == []


@pytest.mark.parametrize("has_asked", [True, False])
def test_an_edit_that_names_a_language_is_heard(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes, *, has_asked: bool
) -> None:
    words = "the new contract" if has_asked else "to German"
    post = slack.post(ann, general, words, files=[slack.file("a.pdf", pdf)])
    http.quiet()
    slack.edit(post, "to French, please")
    http.quiet()
    assert ("a.pdf", "fr") in jobs(http)
    assert len(jobs(http)) == (1 if has_asked else 2)


def test_a_mention_finds_the_pdf_that_is_a_reply_of_its_thread(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    quiet_channel(http, slack, general)
    top = slack.post(ann, general, "let us talk")
    slack.post(ann, general, "here", files=[slack.file("a.pdf", pdf)], thread_ts=top.ts)
    slack.post(ann, general, f"<@{slack.bot.id}> to Spanish", thread_ts=top.ts)
    http.quiet()
    assert jobs(http) == [("a.pdf", "es")]


@pytest.mark.more
@pytest.mark.parametrize("way", ["flag", "shortcut", "mention"])
def test_a_bots_pdf_is_translated_when_a_person_asks(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes, way: str
) -> None:
    robot = slack.other_bot("robot")
    general.members.add(robot.id)
    post = slack.post(robot, general, "the report", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert jobs(http) == []
    if way == "flag":
        slack.react(ann, post, "flag-fr")
    elif way == "shortcut":
        slack.message_shortcut(ann, post, "translate_pdf")
        slack.submit(ann, {"languages": ["fr"]})
    else:
        slack.post(ann, general, f"<@{slack.bot.id}> to French", thread_ts=post.ts)
    http.quiet()
    assert jobs(http) == [("a.pdf", "fr")]


@pytest.mark.more
def test_a_mention_with_a_file_that_slack_does_not_show_is_told(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    slack.fail("files.info", "file_not_found", 20)
    post = slack.post(
        ann, general, f"<@{slack.bot.id}> to French", files=[slack.file("a.pdf", pdf)]
    )
    http.quiet()
    assert "does not show me this file" in said(slack, post)


def test_people_in_a_group_message_talk_to_each_other(
    http: House, slack: FakeSlack, ann: User
) -> None:
    group = slack.channel("mpdm-ann--bob-1", ann, slack.user("bob"), kind="mpim")
    for line in ("hello all", "shall we do it in French?", "yes, in German please"):
        slack.post(ann, group, line)
    http.quiet()
    assert len(slack.messages(group)) == 3
    assert http.rows(INBOX) == []


@pytest.mark.more
def test_a_mention_in_a_group_message_is_answered(
    http: House, slack: FakeSlack, ann: User, pdf: bytes
) -> None:
    group = slack.channel("mpdm-ann--bob-1", ann, slack.user("bob"), kind="mpim")
    words = f"<@{slack.bot.id}> to French"
    slack.post(ann, group, words, files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert jobs(http) == [("a.pdf", "fr")]


@pytest.mark.more
def test_thanks_get_a_heart_and_no_words(http: House, slack: FakeSlack, ann: User) -> None:
    post = slack.post(ann, slack.dm(ann), "Thank you so much, looks great!!")
    http.quiet()
    assert set(post.reactions) == {"heart"}
    assert len(slack.messages(slack.dm(ann))) == 1


def test_what_is_said_in_a_thread_to_each_other_is_neither_answered_nor_kept(
    http: House, slack: FakeSlack, ann: User, general: Channel
) -> None:
    top = slack.post(ann, general, "let us talk")
    slack.post(ann, general, "I think that the German one is better", thread_ts=top.ts)
    http.quiet()
    assert len(slack.thread(top)) == 1
    assert http.rows(INBOX) == []


@pytest.mark.more
def test_options_and_files_in_a_posts_text_take_effect(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes, tmp_path: Path
) -> None:
    other = make(tmp_path / "other.pdf", LOREM + LOREM).read_bytes()
    files = [slack.file("a.pdf", pdf), slack.file("b.pdf", other)]
    words = "a.pdf into German and b.pdf into French, side by side with the original, formal"
    post = slack.post(ann, general, words, files=files)
    http.quiet()
    assert jobs(http) == [("a.pdf", "de"), ("b.pdf", "fr")]
    wanted = {(job["options"]["layout"], job["options"]["tone"]) for job in http.jobs}
    assert wanted == {("side-by-side", "formal")}
    told = "I understood: a.pdf into German, b.pdf into French, as you wrote; layout side-by-side"
    assert told in said(slack, post)


def test_a_password_in_a_channel_is_not_used_nor_kept_and_its_writer_is_warned(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    words = "to French, the password is Blue-Horse7"
    slack.post(ann, general, words, files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert jobs(http) == [("a.pdf", "fr")]
    assert [job["secret"] for job in http.jobs] == [None]
    (warning,) = slack.calls("chat.postEphemeral", ok=True)
    assert "never write a password" in warning.arguments["text"]
    assert "Blue-Horse7" not in repr(http.rows(INBOX))


@pytest.mark.more
def test_an_either_or_for_us_is_asked_about_whatever_the_channels_language(
    http: House, slack: FakeSlack, ann: User, general: Channel, pdf: bytes
) -> None:
    with http.database.write() as connection:
        wishes = ChannelWishes(languages=("it",))
        preferences.keep_wishes(connection, slack.here.team_id, general.id, wishes)
    words = f"<@{slack.bot.id}> German or French, whichever is faster"
    post = slack.post(ann, general, words, files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert jobs(http) == []
    assert "Which language" in said(slack, post)


def test_a_colleague_of_the_same_grid_is_no_outsider(
    http: House, slack: FakeSlack, general: Channel, pdf: bytes
) -> None:
    far = slack.team("Far", "far")
    eve = slack.user("eve", team_id=far.id, grid_teams=(slack.here.team_id,))
    general.members.add(eve.id)
    slack.post(eve, general, "to French", files=[slack.file("a.pdf", pdf)])
    http.quiet()
    assert jobs(http) == [("a.pdf", "fr")]
