"""The card of a post, from the first word to the last, on a Slack of the test's own."""

from __future__ import annotations

import pytest

from dragoman.db.records import preferences
from dragoman.domain.job import RowState, WaitingFor
from dragoman.errors import EngineKeyRejected
from tests.integration.slack.conftest import Desk


def test_one_message_is_posted_edited_and_ends_with_the_reaction_swapped(desk: Desk) -> None:
    desk.show()
    [card] = desk.thread
    assert card.metadata == {
        "event_type": "dragoman_card",
        "event_payload": {"card_id": desk.card_id},
    }
    assert list(desk.post.reactions) == ["eyes"]

    [job] = desk.submit("contract.pdf")
    desk.show()
    assert "contract.pdf to French: waiting for its turn" in card.text

    desk.progress(job, 0.5)
    desk.show()
    assert "contract.pdf to French: translating, 40 %" in card.text

    desk.complete(job)
    desk.show()
    assert "contract.pdf to French: translated, the file is on its way" in card.text
    assert {name for name, users in desk.post.reactions.items() if users} == {"eyes"}

    desk.deliver(job)
    desk.show()
    assert (
        "contract.pdf to French: done, English to French, 2 pages, 1,234 characters, translated by"
        " DeepL" in card.text
    )
    assert {name for name, users in desk.post.reactions.items() if users} == {"white_check_mark"}
    assert [one for one in desk.thread if not one.files] == [card]
    assert len(card.history) == 5
    assert desk.card["state"] == RowState.DONE


def test_a_card_that_says_the_same_is_not_edited(desk: Desk) -> None:
    desk.submit("contract.pdf")
    for _ in range(3):
        desk.show()
    assert len(desk.slack.calls("chat.postMessage")) == 1
    assert not desk.slack.calls("chat.update")
    assert len(desk.slack.calls("reactions.add")) == 1


def test_an_update_that_comes_too_soon_waits(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    desk.progress(job, 0.5)
    desk.set(run_after=0.0)
    assert desk.context.shower
    desk.context.shower.show(desk.card_id)
    assert not desk.slack.calls("chat.update")
    assert desk.card["run_after"] > desk.card["shown_at"]
    assert desk.card["state"] == RowState.READY


@pytest.mark.parametrize(
    "method", ["chat.postMessage", "chat.update", "reactions.add", "reactions.remove"]
)
def test_a_429_is_waited_for_and_the_end_is_right(desk: Desk, method: str) -> None:
    [job] = desk.submit("contract.pdf")
    desk.slack.fail(method, 429, times=2)
    desk.show()
    desk.complete(job)
    while desk.delivery(job)["state"] == RowState.READY:
        desk.deliver(job)
    for _ in range(5):
        desk.show()
    [card] = [one for one in desk.thread if not one.files]
    assert "done" in card.text
    assert {name for name, users in desk.post.reactions.items() if users} == {"white_check_mark"}
    assert desk.card["state"] == RowState.DONE
    assert desk.slack.faults.left(method) == 0


def test_a_post_whose_answer_was_lost_is_found_and_not_posted_again(desk: Desk) -> None:
    desk.submit("contract.pdf")
    desk.slack.fail("chat.postMessage", "cut_after")
    assert not desk.show()
    assert desk.card["maybe_sent"] == 1

    desk.show()
    desk.show()

    [card] = desk.thread
    assert desk.card["shown_ts"] == card.ts
    assert desk.card["maybe_sent"] == 0


def test_it_is_found_though_our_clock_was_a_day_ahead(desk: Desk) -> None:
    desk.submit("contract.pdf")
    desk.set(created_at=float(desk.post.ts) + 86_400)
    desk.slack.fail("chat.postMessage", "cut_after")
    desk.show()
    desk.show()
    [card] = desk.thread
    assert desk.card["shown_ts"] == card.ts


def test_it_goes_on_when_the_clock_is_set_back(desk: Desk) -> None:
    [job_id] = desk.submit("contract.pdf")
    desk.show()
    desk.set(shown_at=desk.card["shown_at"] + 86_400)
    desk.intake.cancel(job_id)
    desk.show()
    assert desk.slack.calls("chat.update", ok=True)  # at once, not when the clock is there again


def test_it_is_found_in_a_thread_that_was_long_before(desk: Desk) -> None:
    for number in range(30):
        desk.slack.post(desk.ann, desk.general, f"word {number}", thread_ts=desk.post.ts)
    desk.submit("contract.pdf")
    desk.set(created_at=float(desk.thread[-1].ts) + 300)
    desk.slack.fail("chat.postMessage", "cut_after")
    desk.show()
    desk.show()
    [looked] = desk.slack.calls("conversations.replies")
    assert len(looked.answer["messages"]) == 2  # the post, which is always there, and the card
    assert desk.card["shown_ts"] == desk.thread[-1].ts
    assert len(desk.thread) == 31


@pytest.mark.parametrize("closing", ["archived", "locked", "kicked"])
def test_a_closed_channel_moves_the_card_to_a_direct_message(desk: Desk, closing: str) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    close(desk, closing)
    desk.fail(job, EngineKeyRejected())
    desk.show()

    [card] = desk.direct()
    assert f"<#{desk.general.id}>" in str(card.blocks)
    assert "not translated" in card.text
    assert desk.card["state"] == RowState.DONE
    desk.show()
    assert len(desk.direct()) == 1


def test_a_person_who_cannot_be_told_either_ends_it(desk: Desk) -> None:
    desk.submit("contract.pdf")
    close(desk, "archived")
    desk.slack.fail("conversations.open", "user_disabled")
    assert not desk.show()
    assert desk.card["state"] == RowState.DEAD


def test_a_revoked_token_ends_it_quietly_for_the_whole_workspace(desk: Desk) -> None:
    desk.submit("contract.pdf")
    with desk.database.write() as connection:
        preferences.installed(connection, desk.slack.here.team_id, {})
    desk.slack.revoke_tokens()
    assert desk.show()
    with desk.database.read() as connection:
        team = preferences.team(connection, desk.slack.here.team_id)
    assert team
    assert team["revoked_at"]
    assert desk.card["state"] == RowState.DONE


def test_a_withdrawn_card_is_not_shown(desk: Desk) -> None:
    desk.submit("contract.pdf")
    desk.withdraw()
    assert not desk.show()
    assert desk.thread == []


def test_a_card_that_somebody_deleted_is_left_alone(desk: Desk) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    desk.slack.delete(desk.thread[0])
    desk.complete(job)
    assert desk.show()
    assert desk.thread == []


def test_a_question_for_the_language_offers_a_menu_and_says_how_long_it_waits(desk: Desk) -> None:
    message_id = desk.keep(card_id=desk.card_id)
    with desk.intake.opened(message_id) as held:
        assert held
        desk.intake.wait(held, WaitingFor.LANGUAGE, 86400, {"card_id": desk.card_id})
    desk.show()
    [card] = desk.thread
    assert "Which language would you like?" in card.text
    assert "I wait until <!date^" in card.text
    assert f"{message_id}:fr" in str(card.blocks)


def test_a_question_that_nobody_answers_expires_with_a_word(desk: Desk) -> None:
    message_id = desk.keep(card_id=desk.card_id)
    with desk.intake.opened(message_id) as held:
        assert held
        desk.intake.wait(held, WaitingFor.LANGUAGE, 0, {"card_id": desk.card_id})
    desk.show()
    with desk.intake.opened(message_id) as late:
        assert late is None
    desk.show()
    desk.deliver(message_id)
    card, answer = desk.thread
    assert "choose_language" not in str(card.blocks)
    assert "got no answer in time" in answer.text
    assert "retry_job" in str(answer.blocks)
    assert {name for name, users in desk.post.reactions.items() if users} == {"warning"}


def test_costs_are_asked_for_with_the_estimate(desk: Desk) -> None:
    [job] = desk.submit("long.pdf")
    desk.wait(
        job,
        WaitingFor.APPROVAL,
        pages=250,
        characters=500_000,
        to_bill=300_000,
        remembered=0.4,
        engine="deepl",
    )
    desk.show()
    [card] = desk.thread
    shown = str(card.blocks)
    for fact in (
        "250 pages",
        "500,000 characters",
        "40 % of it",
        "DeepL would charge for about 300,000",
        "approve_job",
    ):
        assert fact in shown


def test_a_question_comes_as_a_message_of_its_own_since_nobody_is_told_of_an_edit(
    desk: Desk,
) -> None:
    [job] = desk.submit("long.pdf")
    desk.show()
    [before] = desk.thread
    desk.wait(job, WaitingFor.APPROVAL, pages=250, characters=500_000, to_bill=300_000)
    desk.show()
    desk.show()
    [question] = desk.thread
    assert before.deleted
    assert question.text.startswith(
        f"<@{desk.ann.id}>, I need an answer from you before I can go on:"
    )
    assert desk.intake.approve(job)
    desk.show()
    assert desk.thread == [question]
    assert "I need an answer from you" not in question.text


def test_a_question_whose_answer_was_lost_is_not_put_twice(desk: Desk) -> None:
    [job] = desk.submit("long.pdf")
    desk.show()
    desk.wait(job, WaitingFor.PASSWORD)
    desk.slack.fail("chat.postMessage", "cut_after")
    for _ in range(3):
        desk.show()
    [question] = desk.thread
    assert "give_password" in str(question.blocks)
    assert desk.card["shown_ts"] == question.ts


def close(desk: Desk, how: str) -> None:
    if how == "archived":
        desk.slack.archive(desk.ann, desk.general)
    elif how == "locked":
        desk.slack.lock_thread(desk.post)
    else:
        desk.slack.kick(desk.general)
