"""The last word is true: whatever Slack answers to an upload, people see one state, and it is what
happened.

Every documented error of the two methods around an upload, each status of the raw POST, and a
promise that is not kept; once, and for good; in a channel, in a thread, in a direct message.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from dragoman.adapters.signed_links import Links
from dragoman.channels.slack.error_meanings import (
    COMPLETE,
    DOCUMENTED,
    UPLOAD_URL,
    Meaning,
    meaning,
    of_completion,
)
from dragoman.db.ledgers import jobs
from dragoman.db.queries import arrivals
from dragoman.domain.answers.arrival import Arrival
from dragoman.domain.job import OPEN
from ingress.slack.surfaces import commands
from notifier.slack.circuit_breaker import Line
from notifier.slack.reply import SlackChannel
from tests.integration.slack.conftest import PDF, Desk
from tests.servers.slack.model import Message

FOR_GOOD = 60  # times: more than anybody tries
PLACES = ("channel", "thread", "direct")
STATUSES = (400, 403, 404, 408, 413, 415, 429, 500, 502, 503)
FALSE_WORDS = ("done", "completed", "white_check_mark")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk that does not wait long before it looks for a file."""
    channel = SlackChannel(
        desk.intake.settings, desk.store, desk.database, Line(), looks_s=(0.0, 0.05, 0.1)
    )
    desk.context = replace(desk.context, channels={**desk.context.channels, "slack": channel})
    return desk


def submitted(desk: Desk, place: str) -> str:
    """A translated job whose post stands in a channel, is a reply in a thread, or a direct
    message.
    """
    if place != "channel":
        file = desk.slack.file("contract.pdf", PDF)
        where = desk.slack.dm(desk.ann) if place == "direct" else desk.general
        thread = desk.post.ts if place == "thread" else None
        desk.post = desk.slack.post(desk.ann, where, "to French", files=[file], thread_ts=thread)
        desk.open_card()
    [job] = desk.submit("contract.pdf")
    desk.show()
    desk.complete(job)
    desk.show()
    assert_no_false_word(desk)
    return job


def ended(desk: Desk, job: str) -> Arrival:
    """Deliver until there is nothing left to try; what became of it."""
    for _ in range(20):
        if desk.delivery(job)["state"] not in OPEN:
            break
        desk.deliver(job)
    for _ in range(2):
        desk.show()
    with desk.database.read() as connection:
        row = jobs.by_id(connection, job)
        assert row
        found = arrivals.of_job(connection, row)
    assert found
    return found.state


def ours(desk: Desk) -> list[Message]:
    """All that Dragoman wrote, anywhere, as it stands now."""
    desk.slack.wait_until(lambda: True)
    channels = list(desk.slack.world.channels.values())
    return [
        one for it in channels for one in desk.slack.messages(it) if one.user == desk.slack.bot.id
    ]


def assert_no_false_word(desk: Desk) -> None:
    said = " ".join(f"{one.text} {one.blocks}" for one in ours(desk)).casefold()
    assert not any(word in said for word in FALSE_WORDS)
    assert not desk.post.reactions.get("white_check_mark")
    status = commands.status(desk.intake, desk.slack.here.team_id, desk.ann.id)
    assert "completed" not in status


def assert_told_once(desk: Desk, job: str, state: Arrival) -> None:
    """People see one state, and it is `state`."""
    messages = ours(desk)
    files = desk.slack.files_in(messages)
    apologies = [
        one
        for one in messages
        if "I could not hand over the file here" in one.text and one.metadata
    ]
    apologies = [
        one for one in apologies if one.metadata and one.metadata["event_type"] == "dragoman_answer"
    ]
    if state is Arrival.DELIVERED:
        assert (files, apologies) == ([("contract.fr.pdf", PDF)], [])
        assert "completed" in commands.status(desk.intake, desk.slack.here.team_id, desk.ann.id)
        assert desk.post.reactions.get("white_check_mark")
        assert not desk.post.reactions.get("warning")
        return
    assert files == []
    assert_no_false_word(desk)
    assert len(apologies) == (1 if state is Arrival.INSTEAD else 0)
    if state is Arrival.INSTEAD:
        assert desk.post.reactions.get("warning")


def expected(method: str, error: int | str, *, always: bool) -> Arrival:
    """What has to become of the answer."""
    if isinstance(error, int):
        means = Meaning.REFUSED if error in (413, 415) else Meaning.PASSING
    else:
        means = of_completion(error) if method == COMPLETE else meaning(error)
    if means is Meaning.REVOKED:
        return Arrival.FAILED
    if means is Meaning.CLOSED and method == COMPLETE:
        return Arrival.INSTEAD if always else Arrival.DELIVERED
    if means in (Meaning.REFUSED, Meaning.CLOSED):
        return Arrival.INSTEAD
    return Arrival.INSTEAD if always else Arrival.DELIVERED


ANSWERS: list[tuple[str, int | str]] = [
    (method, code) for method in DOCUMENTED for code in sorted(DOCUMENTED[method])
]
ANSWERS += [("upload", status) for status in STATUSES]
# Slack asks us to wait: that is waited for, for as long as it says so.
NEVER_GIVEN_UP = ("ratelimited",)


@pytest.mark.some(20)
@pytest.mark.parametrize("always", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("method", "error"), ANSWERS)
def test_each_answer_to_an_upload_ends_in_one_true_state(
    desk: Desk, method: str, error: int | str, place: str, always: bool
) -> None:
    job = submitted(desk, place)
    waited_for = error in NEVER_GIVEN_UP
    desk.slack.fail(method, error, times=FOR_GOOD if always and not waited_for else 1)
    state = ended(desk, job)
    closed_where_we_are = (
        place == "direct" and method == COMPLETE and meaning(str(error)) is Meaning.CLOSED
    )
    wanted = (
        Arrival.INSTEAD
        if closed_where_we_are
        else expected(method, error, always=always and not waited_for)
    )
    assert state is wanted
    assert_told_once(desk, job, state)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("promises", [1, 2, 3])
def test_a_promise_that_is_not_kept_is_asked_for_once_more_and_then_told(
    desk: Desk, place: str, promises: int
) -> None:
    job = submitted(desk, place)
    desk.slack.world.uploads.unshared = promises
    state = ended(desk, job)
    assert state is (Arrival.DELIVERED if promises == 1 else Arrival.INSTEAD)
    assert_told_once(desk, job, state)
    assert len(desk.slack.calls(COMPLETE)) == 2


def test_a_file_that_shows_late_is_not_shared_twice(desk: Desk) -> None:
    job = submitted(desk, "channel")
    desk.slack.world.uploads.share_after_s = 0.5  # later than it is looked for
    assert desk.deliver(job) == 0
    desk.wait_for_file()
    assert desk.deliver(job) == 1
    assert len(desk.slack.calls(COMPLETE)) == 1
    desk.show()
    assert_told_once(desk, job, Arrival.DELIVERED)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the program catches it."""


def test_killed_between_the_words_and_their_mark_they_are_said_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(desk, "thread")
    desk.slack.fail(COMPLETE, "storage_limit_reached")

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("notifier.tasks._mark", die)
        with pytest.raises(Killed):
            desk.deliver(job)
    assert ended(desk, job) is Arrival.INSTEAD
    assert_told_once(desk, job, Arrival.INSTEAD)


def test_killed_between_a_lost_promise_and_the_next_upload_nothing_false_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(desk, "channel")
    desk.slack.world.uploads.unshared = 2
    desk.deliver(job)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        # the former upload is deleted by now
        patched.setattr("notifier.slack.reply._Target._complete", die)
        with pytest.raises(Killed):
            desk.deliver(job)
    assert ended(desk, job) is Arrival.INSTEAD
    assert_told_once(desk, job, Arrival.INSTEAD)


def test_with_a_public_address_the_words_lead_to_the_file(desk: Desk) -> None:
    settings = desk.intake.settings.model_copy(
        update={"public_url": "https://translate.example.org"}
    )
    desk.context = replace(desk.context, links=Links(settings))
    job = submitted(desk, "channel")
    desk.slack.fail(UPLOAD_URL, "file_uploads_disabled")
    assert ended(desk, job) is Arrival.INSTEAD
    [words] = [
        one
        for one in ours(desk)
        if one.metadata and one.metadata["event_type"] == "dragoman_answer"
    ]
    assert f"<@{desk.ann.id}>" in words.text
    assert "file uploads are turned off in this workspace" in words.text
    assert "<https://translate.example.org/d/" in words.text


def test_what_slack_refused_can_be_handed_over_later(desk: Desk) -> None:
    job = submitted(desk, "channel")
    desk.slack.fail(UPLOAD_URL, "not_authed")
    assert ended(desk, job) is Arrival.FAILED
    desk.intake.retry(desk.delivery(job)["id"])
    assert ended(desk, job) is Arrival.DELIVERED
