"""Results and reasons in the thread, on a Slack of the test's own."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from slack_sdk import WebClient

from dragoman.adapters.storage import FolderStore
from dragoman.domain.job import NO_ENGINE, RowState
from dragoman.errors import EngineKeyRejected, NoText, OutboundUnavailable
from notifier.slack.card_updates import Shower
from notifier.slack.circuit_breaker import Line
from notifier.slack.reply import SlackChannel
from notifier.slack.upload import upload
from tests.integration.slack.conftest import PDF, Desk
from tests.integration.slack.test_card import close
from tests.patience import patience
from tests.servers.slack.slack import FakeSlack


def test_the_result_is_in_the_thread_byte_for_byte_with_words_for_the_requester(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job, warnings=[{"code": "x", "page": 0, "message": "A picture holds text."}])
    assert desk.deliver(job) == 1
    desk.wait_for_file()
    [answer] = desk.thread
    assert desk.slack.files_in([answer]) == [("contract.fr.pdf", PDF)]
    assert (
        f"<@{desk.ann.id}> *contract.pdf*: English to French, 2 pages, 1,234 characters, translated"
        " by DeepL." in answer.text
    )
    assert "• Page 1: A picture holds text." in answer.text
    assert "http" not in answer.text
    row = desk.delivery(job)
    assert (row["state"], row["maybe_sent"]) == (RowState.DONE, 0)
    assert row["ref"] == answer.files[0]


def test_a_result_whose_answer_was_lost_is_found_and_not_shared_again(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    desk.slack.fail("files.completeUploadExternal", "cut_after")
    assert desk.deliver(job) == 0
    assert desk.delivery(job)["maybe_sent"] == 1
    desk.wait_for_file()
    assert desk.deliver(job) == 1
    assert len(desk.slack.world.uploads.shared) == 1
    assert len(desk.slack.uploads) == 1


METHODS = (
    *(
        "chat.postMessage",
        "chat.update",
        "reactions.add",
        "reactions.remove",
        "conversations.open",
        "files.info",
    ),
    *(
        "files.getUploadURLExternal",
        "upload",
        "files.completeUploadExternal",
        "conversations.replies",
    ),
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the program catches it."""


@pytest.mark.parametrize("ends_in", ["a result", "a reason"])
def test_killed_between_sending_and_marking_it_is_found_and_not_sent_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ends_in: str
) -> None:
    [job] = desk.submit("contract.pdf")
    if ends_in == "a result":
        desk.complete(job)
    else:
        desk.fail(job)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("notifier.tasks._mark", die)
        with pytest.raises(Killed):
            desk.deliver(job)
    desk.slack.wait_until(lambda: desk.slack.thread(desk.post))
    assert desk.deliver(job) == 1
    assert len(desk.thread) == 1
    assert desk.delivery(job)["state"] == RowState.DONE


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("files.getUploadURLExternal", 429),
        ("upload", 503),
        ("upload", "cut"),
        ("files.completeUploadExternal", 429),
        ("files.completeUploadExternal", "cut"),
        ("files.completeUploadExternal", 503),
    ],
)
def test_trouble_on_the_way_up_is_waited_for(desk: Desk, method: str, how: int | str) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    desk.slack.fail(method, how, times=2)
    while desk.delivery(job)["state"] == RowState.READY:
        desk.deliver(job)
    desk.wait_for_file()
    [answer] = desk.thread
    assert desk.slack.files_in([answer]) == [("contract.fr.pdf", PDF)]
    assert desk.delivery(job)["attempts"] == 3


@pytest.mark.parametrize("closing", ["archived", "locked", "kicked"])
def test_a_closed_channel_sends_the_result_to_the_requester(desk: Desk, closing: str) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    close(desk, closing)
    assert desk.deliver(job) == 1
    desk.wait_for_file()
    [answer] = desk.direct()
    assert desk.slack.files_in([answer]) == [("contract.fr.pdf", PDF)]
    assert f"I cannot write in <#{desk.general.id}>" in answer.text


def test_a_failure_says_what_happened_and_what_to_do_and_can_be_tried_again(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.fail(job, EngineKeyRejected())
    assert desk.deliver(job) == 1
    [answer] = desk.thread
    assert f"<@{desk.ann.id}> *contract.pdf* could not be translated into French." in answer.text
    assert (
        "*What happened:* The translation service does not accept this server's key." in answer.text
    )
    assert f"Job {job[:8]}" in answer.text
    assert "retry_job" in str(answer.blocks)
    assert answer.metadata
    assert answer.metadata["event_type"] == "dragoman_answer"


def test_what_no_other_try_would_mend_has_no_retry(desk: Desk) -> None:
    [job] = desk.submit("scan.pdf")
    desk.fail(job, NoText())
    desk.deliver(job)
    assert "retry_job" not in str(desk.thread[0].blocks)
    desk.show()
    assert "retry_job" not in str(desk.thread[1].blocks)
    assert {name for name, users in desk.post.reactions.items() if users} == {"warning"}


def test_words_whose_answer_was_lost_are_found_and_not_posted_again(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.fail(job)
    desk.slack.fail("chat.postMessage", "cut_after")
    assert desk.deliver(job) == 0
    assert desk.deliver(job) == 1
    assert len(desk.thread) == 1


def test_a_document_in_the_language_already_costs_one_line_and_no_file(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job, engine=NO_ENGINE, source_lang="fr")
    assert desk.deliver(job) == 1
    desk.show()
    [card] = desk.thread
    assert "in that language already" in card.text
    assert not desk.slack.uploads
    assert {name for name, users in desk.post.reactions.items() if users} == {"white_check_mark"}


def test_cancelled_jobs_are_told_by_the_card_alone(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    desk.intake.cancel(job)
    assert desk.deliver(job) == 1
    desk.show()
    [card] = desk.thread
    assert "cancelled" in card.text.casefold()
    assert not [users for users in desk.post.reactions.values() if users]


def test_nothing_is_posted_for_a_withdrawn_post(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    desk.withdraw()
    assert desk.deliver(job) == 0
    assert desk.delivery(job)["state"] == RowState.CANCELLED
    assert not desk.slack.uploads
    assert desk.thread == []


def test_a_message_without_a_job_is_answered_in_its_thread(desk: Desk) -> None:
    message_id = desk.keep()
    with desk.intake.opened(message_id) as held:
        assert held
        desk.intake.answer(held, {"reason": "no_pdf"})
    assert desk.deliver(message_id) == 1
    [answer] = desk.thread
    assert "There was no PDF in your message." in answer.text
    assert "retry_job" not in str(answer.blocks)


def test_a_pseudo_translation_is_marked_loudly(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job, engine="pseudo")
    desk.deliver(job)
    desk.wait_for_file()
    assert "*This is not a translation.*" in desk.thread[0].text


def test_delete_now_takes_the_file_out_of_the_thread_and_the_card_says_so(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    desk.complete(job)
    desk.deliver(job)
    desk.wait_for_file()
    desk.show()
    desk.slack.fail("files.delete", 503)
    with pytest.raises(OutboundUnavailable):
        desk.intake.purge(job)
    desk.intake.purge(job)
    desk.intake.purge(job)
    desk.show()
    assert desk.slack.files_in(desk.thread) == []
    assert "deleted" in desk.thread[0].text
    assert "delete_job" not in str(desk.thread[0].blocks)
    assert not [users for users in desk.post.reactions.values() if users]


def test_what_is_deleted_while_it_is_delivered_is_not_left_in_the_thread(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    complete = WebClient.files_completeUploadExternal

    def and_purge(*args: object, **facts: object) -> object:
        answer = complete(*args, **facts)
        desk.wait_for_file()
        desk.intake.purge(job)
        return answer

    monkeypatch.setattr(WebClient, "files_completeUploadExternal", and_purge)
    assert desk.deliver(job) == 0
    assert desk.slack.files_in(desk.thread) == []
    desk.deliver(job)
    assert desk.slack.files_in(desk.thread) == []
    assert desk.delivery(job)["state"] == RowState.CANCELLED


def test_an_uploaded_file_that_slack_forgot_is_uploaded_again(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    desk.slack.fail("files.completeUploadExternal", "cut")
    desk.deliver(job)
    desk.slack.world.files.pop(desk.delivery(job)["rendered"].removeprefix("slack-file:"))
    assert desk.deliver(job) == 1
    desk.wait_for_file()
    assert desk.slack.files_in(desk.thread) == [("contract.fr.pdf", PDF)]


class Reading(io.BytesIO):
    """Remembers the most that was asked for at once."""

    most = 0

    def read(self, size: int | None = -1) -> bytes:
        self.most = max(self.most, 10**9 if size is None or size < 0 else size)
        return super().read(size)


class OneFile(FolderStore):
    def __init__(self, body: Reading) -> None:
        self.body = body

    def open(self, key: str):
        return self.body

    def size(self, key: str) -> int:
        return len(self.body.getbuffer())


def test_the_upload_is_streamed_and_has_a_length(slack: FakeSlack) -> None:
    body = Reading(b"%PDF-1.7\n" + bytes(20_000_000))
    client = WebClient(slack.bot_token, base_url=slack.api_url)
    upload(client, OneFile(body), "jobs/1/result.pdf", "long.fr.pdf", "long")
    [sent] = slack.uploads
    assert (sent.size, sent.status, sent.content_type) == (20_000_009, 200, "application/pdf")
    assert body.most <= 2**20


def test_a_token_that_was_taken_back_leaves_a_dead_letter_that_can_be_retried(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    desk.slack.revoke_tokens()
    assert desk.deliver(job) == 0
    row = desk.delivery(job)
    assert (row["state"], row["error_code"], row["attempts"]) == (RowState.DEAD, "slack_revoked", 1)


def test_while_slack_hangs_answers_and_cards_do_not_hold_up_the_mails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragoman.channels.slack.slack_api.TIMEOUT_S", patience(1))
    line = Line(slow_s=0.5, pause_s=600.0)
    channel = SlackChannel(desk.intake.settings, desk.store, desk.database, line)
    desk.context = replace(
        desk.context,
        channels={**desk.context.channels, "slack": channel},
        shower=Shower(desk.intake.settings, desk.database, line),
    )
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    desk.slack.fail("*", "hang", times=2)
    desk.show()
    for _ in range(5):
        desk.deliver(job)
        desk.show()
    assert desk.slack.faults.left("*") == 1  # the others did not even try
    desk.slack.faults.clear()
    line._shut_until = 0.0
    assert desk.deliver(job) == 1
    assert desk.show()


@pytest.mark.parametrize("ends_in", ["a result", "a reason", "a direct message"])
def test_429_on_every_method_ends_in_the_right_state(desk: Desk, ends_in: str) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    if ends_in == "a reason":
        desk.fail(job)
    else:
        desk.complete(job)
    if ends_in == "a direct message":
        close(desk, "locked")
    for method in METHODS:
        desk.slack.fail(method, 429, times=2)
    for _ in range(20):
        desk.deliver(job)
        desk.show()
    assert desk.delivery(job)["state"] == desk.card["state"] == RowState.DONE
    where = desk.direct if ends_in == "a direct message" else lambda: desk.thread
    desk.slack.wait_until(lambda: len(where()) == 2, what="card and answer are there")
    results = [] if ends_in == "a reason" else [("contract.fr.pdf", PDF)]
    assert desk.slack.files_in(where()) == results
    assert any("done" in one.text or "not translated" in one.text for one in where())
