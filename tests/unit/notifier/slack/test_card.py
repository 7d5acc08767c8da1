"""What a card says, and that Slack would take it whatever it is made from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.answers.arrival import Arrival, Arrived
from dragoman.domain.job import NO_ENGINE, RowState, Stage
from dragoman.domain.retry import retry_helps
from dragoman.domain.rows.job import Job
from notifier.slack.blocks import MOST_WEIGHT, weight
from notifier.slack.card import BAD, EYES, GOOD, Card, Facts, asked, card_from, pause_s
from notifier.slack.rendering import coarse
from tests import row_values
from tests.servers.slack.blocks import characters, complaints, elements, mrkdwn
from tests.servers.slack.methods_chat import BROADCAST, MAX_UPDATE

DELIVERED = Arrived(Arrival.DELIVERED)
UNTIL = 1_795_000_000.0
HOSTILE = (
    "<!channel> <!here|x> <@U123> <https://evil.example|click>",
    "`code` *bold* _it_ ~no~ &amp; &lt;!everyone&gt;",
    "\u202etxt.fdp\u202c \u200b\ufeff",
    "x" * 300 + ".pdf",
    "&" * 300,
    "a\nb\r\nc\x00\x1b[31m",
    "",
)


def job(number: int = 1, **values: Any) -> Job:
    """A job that waits for its turn."""
    known = {
        "id": f"{number:032x}",
        "channel": "slack",
        "filename": "contract.pdf",
        "options": {"target_lang": "fr"},
        "target_lang": "fr",
        "stage": Stage.EXTRACT,
        "state": RowState.READY,
        "progress": 0,
        "epoch": 0,
        "run_after": 0.0,
        "warnings": [],
    }
    return row_values.job({**known, **values})


def done(number: int = 1, **values: Any) -> Job:
    facts = {
        "engine": "deepl",
        "source_lang": "en",
        "pages": 12,
        "characters": 23_400,
        "result": "jobs/1/r/1.pdf",
    }
    return job(number, state=RowState.DONE, progress=100, epoch=4, **{**facts, **values})


def dead(number: int = 1, code: str = "internal", **values: Any) -> Job:
    words = {
        "error_code": code,
        "error_message": "The PDF holds no text.",
        "error_advice": "Run OCR on it first.",
    }
    return job(number, state=RowState.DEAD, epoch=1, **{**words, **values})


def working(number: int = 1, progress: int = 45, **values: Any) -> Job:
    return job(
        number, state=RowState.RUNNING, stage=Stage.TRANSLATE, progress=progress, epoch=1, **values
    )


def waiting(number: int = 1, word: str = "approval", **values: Any) -> Job:
    return job(number, state=RowState.WAITING, waiting_for=word, run_after=UNTIL, epoch=1, **values)


def facts(
    *jobs: Job,
    etas: dict[str, int | None] | None = None,
    arrived: Arrived = DELIVERED,
    **card: Any,
) -> Facts:
    """What is known of a post; the answers of all its jobs have `arrived`."""
    row = row_values.card(id="c" * 32, message_id="m" * 32, **card)
    arrivals = {one.id: arrived for one in jobs}
    return Facts(row, jobs, etas or {}, row_values.message(state=RowState.DONE), arrivals=arrivals)


def shown(*jobs: Job, **card: Any) -> Card:
    return card_from(facts(*jobs, **card))


def labels(card: Card) -> list[str]:
    return [one["text"]["text"] for block in card.blocks for one in elements(block)]


def words(card: Card) -> str:
    return "\n".join(mrkdwn(card.blocks))


def test_a_job_at_work_shows_steps_percent_time_and_cancel() -> None:
    card = card_from(facts(working(), etas={f"{1:032x}": 143}))
    assert (
        words(card)
        == "*contract.pdf* → French\n✓ Read  ·  ▸ *Translate*  ·  Set pages\n45 %, about 2 minutes"
        " left"
    )
    assert card.text.splitlines() == [
        "Translating 1 document: 0 of 1 finished.",
        "contract.pdf to French: translating, 45 %, about 2 minutes left",
    ]
    assert labels(card) == ["Cancel"]
    assert "confirm" in elements(card.blocks[0])[0]
    assert (card.reaction, card.moves) == (EYES, True)


def test_the_step_for_the_tone_is_shown_where_one_was_asked_for() -> None:
    assert "Tone" not in words(shown(working()))
    assert "Tone" in words(shown(working(options={"target_lang": "fr", "tone": "formal"})))


def test_a_finished_job_names_pages_characters_and_engine() -> None:
    card = shown(done())
    assert "Done: English to French, 12 pages, 23,400 characters, translated by DeepL." in words(
        card
    )
    assert labels(card) == ["Delete now", "Another language"]
    assert (card.reaction, card.moves) == (GOOD, False)


NOT_THERE = [
    (None, "I am putting the file into this thread", EYES),
    (Arrived(Arrival.SENDING), "I am putting the file into this thread", EYES),
    (
        Arrived(Arrival.INSTEAD, "storage_limit_reached"),
        (
            "I could not hand over the file here: this workspace has no room left for files in"
            " Slack. My message about it"
        ),
        BAD,
    ),
    (
        Arrived(Arrival.FAILED, "some_new_error"),
        "in any way: Slack did not take it (some_new_error). Please show",
        BAD,
    ),
    (Arrived(Arrival.DROPPED), "I could not hand over the file in any way", BAD),
]


@pytest.mark.parametrize(("arrived", "said", "reaction"), NOT_THERE)
def test_nothing_is_done_before_its_file_has_arrived(
    arrived: Arrived | None, said: str, reaction: str
) -> None:
    known = facts(done())
    card = card_from(replace(known, arrivals={f"{1:032x}": arrived} if arrived else {}))
    assert said in words(card)
    assert "done" not in (words(card) + card.text).casefold()
    assert "check" not in words(card)
    assert card.reaction == reaction


def test_a_file_without_text_is_not_called_done() -> None:
    card = shown(done(characters=0))
    assert "no text on its pages" in words(card)
    assert "DeepL" not in words(card)
    assert "done" not in (words(card) + card.text).casefold()
    assert card.reaction == ""


def test_a_card_counts_what_could_not_be_handed_over() -> None:
    known = facts(done(1), done(2))
    arrivals = {
        f"{1:032x}": DELIVERED,
        f"{2:032x}": Arrived(Arrival.INSTEAD, "file_uploads_disabled"),
    }
    card = card_from(replace(known, arrivals=arrivals))
    assert card.text.startswith("Translated, but 1 of 2 files could not be handed over here.")
    assert card.reaction == BAD


def test_a_pseudo_translation_is_said_loudly_in_both_forms() -> None:
    card = shown(done(engine="pseudo"))
    assert "*Not a translation:*" in words(card)
    assert "not a translation" in card.text


def test_a_document_in_the_language_already_is_good_and_cost_nothing() -> None:
    card = shown(done(engine=NO_ENGINE, source_lang="fr"))
    assert "nothing was charged" in words(card)
    assert card.reaction == GOOD


@pytest.mark.parametrize(
    ("code", "helps"),
    [
        ("internal", True),
        ("engine_unavailable", True),
        ("no_word", True),
        ("limit_reached", True),
        ("wrong_password", True),
    ]
    + [
        (code, False)
        for code in (
            "no_text",
            "damaged_pdf",
            "encrypted_pdf",
            "too_many_pages",
            "unsupported_pair",
        )
    ],
)
def test_another_try_is_offered_where_it_can_help(code: str, helps: bool) -> None:
    card = shown(dead(code=code))
    assert retry_helps(code) is helps
    assert ("Try again" in labels(card)) is helps
    assert "The PDF holds no text. Run OCR on it first.\nJob 00000000" in words(card)
    assert card.reaction == BAD


def test_what_is_purged_offers_nothing() -> None:
    card = shown(dead(purged_at=1.0, filename=""), done(2, purged_at=1.0, filename="", result=None))
    assert labels(card) == []
    assert "*a document* → French\nDeleted." in words(card)


def test_costs_are_put_with_what_is_known_of_them() -> None:
    card = shown(
        waiting(pages=250, characters=500_000, to_bill=300_000, remembered=0.4, engine="deepl")
    )
    for fact in (
        "250 pages, 500,000 characters.",
        "40 % of it",
        "DeepL would charge for about 300,000 characters.",
    ):
        assert fact in words(card)
    assert (
        f"I wait until <!date^{int(UNTIL)}^{{date_short_pretty}} {{time}}|2026-11-18 11:06 UTC>."
        in words(card)
    )
    assert labels(card) == ["Translate it", "Cancel"]
    assert (card.reaction, card.moves) == (EYES, False)


def test_a_free_engine_is_not_said_to_charge() -> None:
    card = shown(
        waiting(pages=250, characters=500_000, to_bill=0, remembered=0.0, engine="apertium")
    )
    assert "charge" not in words(card) + card.text


def test_a_password_is_asked_for_by_a_button_only() -> None:
    card = shown(waiting(word="password"))
    assert labels(card) == ["Enter the password", "Cancel"]
    assert "never here in the channel" in words(card)


def test_a_cancelled_post_has_no_reaction_and_can_start_again() -> None:
    card = shown(job(state=RowState.CANCELLED))
    assert (card.reaction, labels(card)) == ("", ["Start again", "Another language"])


def test_one_that_failed_among_several_is_a_warning() -> None:
    card = shown(done(1), dead(2))
    assert card.text.startswith("1 of 2 documents could not be translated.")
    assert card.reaction == BAD


def test_files_left_out_are_named_with_a_reason() -> None:
    note = {
        "filename": "notes.docx",
        "code": "not_a_pdf",
        "message": "The file is not a PDF.",
        "advice": "Export it.",
    }
    card = shown(done(), notes=[note] * 20)
    assert "*notes.docx* was left out: The file is not a PDF. Export it." in words(card)
    assert "and 12 more" in words(card)
    assert "notes.docx" in card.text


def test_a_question_for_the_language_has_a_menu_of_what_can_be_written() -> None:
    known = facts(asks="language")
    message = row_values.message(state=RowState.WAITING)
    card = card_from(Facts(known.card, message=message, targets=["de", "fr", "sw", "zh"]))
    [menu] = [one for block in card.blocks for one in elements(block)]
    first, second = [[it["value"] for it in group["options"]] for group in menu["option_groups"]]
    assert first == [f"{'m' * 32}:{tag}" for tag in ("de", "fr", "zh-Hans", "zh-Hant")]
    assert second == [f"{'m' * 32}:{tag}" for tag in ("sw",)]
    assert card.text.startswith(
        "<@U1>, I need an answer from you before I can go on:\nWhich language would you like? I"
        " wait until <!date^"
    )


def test_nobody_is_called_by_name_in_a_direct_message() -> None:
    card = shown(waiting(word="password"), place="D123")
    assert "<@" not in card.text + words(card)
    assert asked(card.hash)
    assert not asked(shown(working()).hash)


def test_an_answered_question_is_not_put_again() -> None:
    card = shown(working(), asks="language")
    assert "Which language" not in card.text


def test_a_post_that_is_being_looked_at_says_so_and_one_with_nothing_is_not_worth_a_message() -> (
    None
):
    opening = card_from(Facts(facts().card, message=row_values.message(state=RowState.RUNNING)))
    assert (opening.text, opening.reaction, opening.moves, opening.empty) == (
        "I am looking at your post …",
        EYES,
        True,
        False,
    )
    assert shown().empty


def test_a_post_that_could_not_be_opened_points_to_the_answer() -> None:
    card = card_from(Facts(facts().card, message=row_values.message(state=RowState.DEAD)))
    assert card.text == "I stopped here: the reason is below in this thread."
    assert (card.reaction, card.moves, card.empty) == (BAD, False, True)


def test_a_card_in_a_direct_message_says_why_it_is_there() -> None:
    assert "I cannot write in <#C123>" in words(card_from(facts(working()), moved=True))


def test_two_looks_at_the_same_have_the_same_hash_and_seconds_do_not_count() -> None:
    first, second = (card_from(facts(working(), etas={f"{1:032x}": eta})) for eta in (41, 47))
    assert first.hash == second.hash
    assert first.hash != shown(working(progress=46)).hash


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, None), (1, 10), (10, 10), (11, 20), (59, 60), (61, 61)]
)
def test_times_below_a_minute_come_in_steps_of_ten(seconds: int | None, told: int | None) -> None:
    assert coarse(seconds) == told


@pytest.mark.parametrize(("busy", "seconds"), [(0, 3.0), (1, 3.0), (2, 3.0), (20, 30.0)])
def test_a_workspace_with_many_cards_updates_each_less_often(busy: int, seconds: float) -> None:
    assert pause_s(busy) == seconds
    assert busy / pause_s(busy) * 60 <= 50


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_literally(name: str) -> None:
    note = {"filename": name, "message": name, "advice": name}
    for one in (
        working(filename=name),
        dead(filename=name, error_message=name, error_advice=name),
        done(filename=name),
    ):
        card = shown(one, notes=[note])
        assert complaints(card.blocks) == []
        for text in (card.text, words(card)):
            assert not BROADCAST.search(text)
            assert "<@" not in text
            assert "<http" not in text
            assert "\u202e" not in text


ESTIMATE = {
    "pages": 4,
    "characters": 630_667,
    "to_bill": 600_000,
    "price": 12.0,
    "currency": "EUR",
    "engine": "deepl",
}


def test_a_question_about_the_cost_names_pages_characters_and_price() -> None:
    card = shown(waiting(**ESTIMATE))
    assert "4 pages, 630,667 characters." in words(card)
    assert "DeepL would charge for about 600,000 characters: estimated price €12.00." in words(card)
    assert "Shall I translate it?" in words(card)
    assert "waiting for you to approve 4 pages and about 600,000 characters" in card.text
    assert "(estimated price €12.00)" in card.text


def test_a_question_that_others_decide_calls_those_of_this_workspace() -> None:
    known = facts(waiting(**ESTIMATE, approval_reason="budget"))
    card = card_from(replace(known, approvers=("U7", "U8")))
    assert "This month's budget at the translation service is not enough for it." in words(card)
    assert "<@U7>, <@U8> can approve it." in words(card)
    assert "Shall I" not in words(card)
    assert "waiting for somebody to approve" in card.text
    nobody = card_from(replace(known, approvers=()))
    assert "please ask the admin" in words(nobody)


def test_many_files_fit_into_one_message_and_the_rest_is_counted() -> None:
    card = shown(*(done(number) for number in range(80)), dead(90), waiting(91, pages=200))
    assert complaints(card.blocks) == []
    assert weight(card.blocks) <= MOST_WEIGHT
    assert "Translate it" in labels(card)
    assert "Try again" in labels(card)
    assert "and 4" in words(card)
    assert "of them finished" in words(card)


def test_the_largest_card_of_all_fits() -> None:
    worst = "&" * 300
    known = facts(
        *(
            waiting(number, filename=worst, pages=10**6, to_bill=10**9, engine="deepl")
            for number in range(60)
        ),
        asks="language",
        notes=[{"filename": worst, "message": worst, "advice": worst}] * 20,
    )
    targets = [f"{one}{other}" for one in "abcdefg" for other in "abcdefghijkl"]
    card = card_from(
        Facts(known.card, known.jobs, {}, row_values.message(state=RowState.WAITING), targets)
    )
    assert complaints(card.blocks) == []
    assert weight(card.blocks) <= MOST_WEIGHT
    assert len(card.text) <= MAX_UPDATE


texts = st.text(max_size=400) | st.sampled_from(HOSTILE)
jobs_of_any_kind = st.one_of(
    st.builds(working, st.integers(1, 99), st.integers(0, 100), filename=texts),
    st.builds(dead, st.integers(1, 99), filename=texts, error_message=texts, error_advice=texts),
    st.builds(done, st.integers(1, 99), filename=texts, characters=st.integers(0, 10**12)),
    st.builds(
        waiting, st.integers(1, 99), st.sampled_from(["approval", "password"]), filename=texts
    ),
)
left_out = st.fixed_dictionaries({"filename": texts, "message": texts, "advice": texts})


@settings(max_examples=40)
@given(
    jobs=st.lists(jobs_of_any_kind, max_size=40, unique_by=lambda row: row.id),
    notes=st.lists(left_out, max_size=30),
    moved=st.booleans(),
)
def test_slack_would_take_whatever_it_is_made_from(
    jobs: list[Any], notes: list[Any], moved: bool
) -> None:
    card = card_from(facts(*jobs, notes=notes), moved=moved)
    assert complaints(card.blocks) == []
    assert characters(card.blocks) < weight(card.blocks) <= MOST_WEIGHT
    assert 0 < len(card.text) <= MAX_UPDATE
    assert not BROADCAST.search(card.text + words(card))
