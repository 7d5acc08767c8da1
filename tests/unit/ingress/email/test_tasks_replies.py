"""A reply is about the documents of its thread: in another language, at last in one, deleted,
cancelled, approved.
"""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO

import pytest

from dragoman.app import retention
from dragoman.app.intake import Intake, Message
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records import process_registry
from dragoman.errors import Limit, Limited
from dragoman.ports import Capabilities
from ingress.email.mime import headers
from ingress.email.mime.headers import Mailbox
from ingress.email.smtp.acceptance import message_of
from ingress.email.tasks import open_message
from tests.rows import change

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
ANN = "ann@example.org"


class Post:
    """Ann's mail program, and the door and the task behind it."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.count = 0

    def __call__(
        self,
        body: str,
        *files: bytes,
        to: str = "translate@localhost",
        answers: str = "",
        sender: str = ANN,
    ) -> str:
        self.count += 1
        mail = EmailMessage()
        mail["From"], mail["Subject"], mail["Message-ID"] = (
            sender,
            "Contract",
            f"<{self.count}@example.org>",
        )
        if answers:
            mail["In-Reply-To"] = answers
        mail.set_content(body)
        for content in files:
            mail.add_attachment(
                content, maintype="application", subtype="pdf", filename="contract.pdf"
            )
        content = mail.as_bytes()
        message = message_of(
            headers.read(content), f"hash{self.count}", Mailbox(None, sender), sender, to
        )
        message_id = self.intake.keep(message, BytesIO(content)).message_id
        assert message_id
        open_message(self.intake, message_id)
        return message_id

    def jobs(self, message_id: str) -> list[tuple[str, str, bytes]]:
        """Language, name and bytes of the message's jobs."""
        found = []
        for job in self.rows(JOBS, message_id=message_id):
            with self.intake.store.open(job["source"]) as body:
                found.append((job["target_lang"], job["filename"], body.read()))
        return found

    def said(self, message_id: str) -> dict:
        """The payload of the final answer, or of the question that waits for one."""
        (row,) = [
            row
            for row in self.rows(OUTBOX, owner=message_id)
            if row["kind"] in ("final", "question")
        ]
        return row["payload"]

    def waits(self, message_id: str) -> bool:
        return self.rows(INBOX, id=message_id)[0]["state"] == "waiting"

    def time_passes(self, message_id: str) -> None:
        """Until the wait is over, and the sweeper has looked."""
        change(self.intake.database, INBOX, message_id, run_after=0.0)
        open_message(self.intake, message_id)

    def rows(self, table, **wanted) -> list[dict]:
        with self.intake.database.read() as connection:
            found = [
                dict(row)
                for row in connection.execute(
                    table.select().order_by(table.c.created_at)
                ).mappings()
            ]
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]


@pytest.fixture
def post(intake: Intake) -> Post:
    return Post(intake)


def ours(message_id: str) -> str:
    return f"<{message_id}.1.final@localhost>"


def test_a_reply_with_just_the_language_starts_the_kept_pdf(post: Post) -> None:
    asked = post("Please.", PDF)
    assert post.said(asked)["reason"] == "no_language"
    assert post.said(asked)["kept"] is True
    assert post.waits(asked)
    assert post.jobs(post("French\n\nOn Monday, we wrote:\n> which?", answers=ours(asked))) == [
        ("fr", "contract.pdf", PDF)
    ]
    assert not post.waits(asked)


def test_nobody_who_answered_is_told_that_no_word_came(post: Post) -> None:
    asked = post("Please.", PDF)
    post("French", answers=ours(asked))
    post.time_passes(asked)
    assert [row["kind"] for row in post.rows(OUTBOX, owner=asked)] == ["question"]


def test_a_question_that_is_ignored_ends_with_one_answer_and_the_mail_is_forgotten(
    post: Post,
) -> None:
    asked = post("Bitte übersetzen, danke", PDF)
    post.time_passes(asked)
    question, final = post.rows(OUTBOX, owner=asked)
    assert (question["kind"], final["kind"]) == ("question", "final")
    assert (final["payload"]["reason"], final["payload"]["error_code"]) == ("failed", "no_word")
    assert post.rows(INBOX, id=asked)[0]["payload"]["locale"] == "de"
    retention.purge_old(post.intake.database, post.intake.store, 7)
    assert list(post.intake.store.keys("inbox/")) == []


def test_a_reply_with_a_language_that_nobody_can_write_leaves_the_question_open(post: Post) -> None:
    with post.intake.database.write() as connection:
        process_registry.publish(
            connection, "worker@a", [Capabilities("deepl", frozenset({"de", "fr"}))]
        )
    asked = post("Please.", PDF)
    said = post.said(post("Japanese", answers=ours(asked)))
    assert (said["reason"], said["kept"]) == ("unsupported_language", True)
    assert post.waits(asked)
    assert [tag for tag, _, _ in post.jobs(post("German", answers=ours(asked)))] == ["de"]


@pytest.mark.parametrize("word", ["cancel", "no", "nein, danke"])
def test_no_to_the_question_for_a_language_closes_it(post: Post, word: str) -> None:
    asked = post("Please.", PDF)
    assert post.said(post(word, answers=ours(asked)))["reason"] == "cancelled"
    assert not post.waits(asked)


@pytest.mark.parametrize("words", ["delete", "delete all"])
def test_delete_closes_an_open_question_too(post: Post, words: str) -> None:
    asked = post("Please.", PDF)
    change(post.intake.database, OUTBOX, post.rows(OUTBOX, owner=asked)[0]["id"], state="done")
    deleted = post(words, answers=ours(asked))
    assert post.said(deleted)["reason"] == "deleted"
    assert post.rows(INBOX, id=asked)[0]["purged_at"]
    assert [key for key in post.intake.store.keys("inbox/") if deleted not in key] == []


def test_a_reply_to_a_result_translates_the_same_document_again(post: Post) -> None:
    first = post("to German", PDF, PDF + b"2")
    again = post("en español", answers=ours(first))
    assert sorted((tag, body) for tag, _, body in post.jobs(again)) == [
        ("es", PDF),
        ("es", PDF + b"2"),
    ]
    assert [tag for tag, _, _ in post.jobs(post("en français, merci", answers=ours(again)))] == [
        "fr",
        "fr",
    ]


def test_a_thread_is_found_by_the_senders_own_id_too(post: Post) -> None:
    post("to German", PDF)
    assert [tag for tag, _, _ in post.jobs(post("en español", answers="<1@example.org>"))] == ["es"]


def test_a_reply_to_a_reply_is_followed_to_the_document(post: Post) -> None:
    asked = post("Please.", PDF)
    thanked = post("Sorry, what do you mean?", answers=ours(asked))
    assert post.said(thanked)["reason"] == "unclear"
    assert [tag for tag, _, _ in post.jobs(post("German", answers=ours(thanked)))] == ["de"]


def test_somebody_elses_thread_is_not_found(post: Post) -> None:
    first = post("to German", PDF)
    bob = post("en español", answers=ours(first), sender="bob@example.org")
    assert post.said(bob)["reason"] == "no_pdf"
    assert post.jobs(bob) == []


def test_thanks_in_a_thread_are_left_without_an_answer(post: Post) -> None:
    thanks = post("Thanks!\n\nAnn", answers=ours(post("to German", PDF)))
    assert post.rows(OUTBOX, owner=thanks) == []
    assert post.jobs(thanks) == []
    assert post.rows(INBOX, id=thanks)[0]["payload"]["dropped"] == "thanks"


def test_a_reply_that_nobody_understands_is_asked_about(post: Post) -> None:
    asked = post("Could you make the logo bigger?", answers=ours(post("to German", PDF)))
    assert post.said(asked)["reason"] == "unclear"
    assert post.jobs(asked) == []


def test_thanks_outside_a_thread_are_a_mail_like_any_other(post: Post) -> None:
    assert post.said(post("Thanks!"))["reason"] == "no_pdf"


def test_a_reply_without_words_of_a_language_is_answered_in_that_of_its_thread(post: Post) -> None:
    asked = post("Bitte übersetzen, danke", PDF)
    again = post("fr", answers=ours(asked))
    assert post.rows(INBOX, id=again)[0]["payload"]["locale"] == "de"


def test_a_mail_without_words_is_answered_as_the_senders_former_ones(post: Post) -> None:
    post("en español, por favor", PDF)
    assert post.rows(INBOX, id=post("fr", PDF + b"2"))[0]["payload"]["locale"] == "es"
    assert (
        "locale"
        not in post.rows(INBOX, id=post("fr", PDF + b"3", sender="bob@example.org"))[0]["payload"]
    )


def test_more_documents_than_a_sender_may_have_are_refused_with_the_numbers(intake: Intake) -> None:
    settings = intake.settings.model_copy(update={"sender_jobs_per_day": 1})
    post = Post(Intake(intake.database, intake.store, intake.doorbell, settings))
    post("to German", PDF)
    said = post.said(post("auf Deutsch bitte", PDF + b"2", PDF + b"3"))
    assert (said["reason"], said["error_code"]) == ("limit", "limit_reached")
    # two never fit: no `again_at`
    assert Limit.from_facts(said["error_facts"]) == Limit(Limited.JOBS, 1, 1, 2)
    assert "error_detail" not in said  # that is for the log
    assert len(post.rows(JOBS)) == 1
    assert said["locale"] == "de"


def test_a_mail_over_the_limit_of_a_day_is_told_the_limit_and_when_there_is_room(
    post: Post, intake: Intake
) -> None:
    post("auf Deutsch bitte", PDF)
    message_id = intake.keep(
        Message("email", "k", ANN, {"recipient": "t@x", "subject": "", "over_daily_limit": 1})
    ).message_id
    assert message_id
    open_message(intake, message_id)
    said = post.said(message_id)
    assert (said["reason"], said["limit"], said["locale"]) == ("quota", 1, "de")
    assert 86_000 < said["room_in_s"] <= 86_400


def test_a_document_that_is_gone_is_said_to_be(post: Post) -> None:
    first = post("to German", PDF)
    for key in list(post.intake.store.keys("jobs/")):
        post.intake.store.delete(key)
    said = post.said(post("en español", answers=ours(first)))
    assert (said["reason"], said["error_code"]) == ("gone", "gone")


def test_delete_forgets_the_documents_of_the_thread_only(post: Post) -> None:
    first, other = post("to German", PDF), post("to French", PDF + b"2")
    assert post.said(post("delete", answers=ours(first)))["reason"] == "deleted"
    assert post.rows(JOBS, message_id=first)[0]["purged_at"]
    assert [tag for tag, _, _ in post.jobs(other)] == ["fr"]


def test_delete_reaches_every_translation_and_the_mail_that_was_kept(post: Post) -> None:
    asked = post("Please.", PDF)
    french = post("French", answers=ours(asked))
    spanish = post("en español", answers=ours(french))
    for row in post.rows(OUTBOX):
        change(post.intake.database, OUTBOX, row["id"], state="done")
    deleted = post("delete", answers=ours(french))
    assert post.said(deleted)["reason"] == "deleted"
    assert all(post.rows(JOBS, message_id=one)[0]["purged_at"] for one in (french, spanish))
    assert [key for key in post.intake.store.keys("") if deleted not in key] == []


def test_delete_all_forgets_everything_of_the_sender_but_answers(post: Post) -> None:
    post("always German")
    first, bobs = post("to German", PDF), post("to French", PDF, sender="bob@example.org")
    deleted = post("delete all")
    assert post.said(deleted)["reason"] == "deleted"
    assert post.rows(INBOX, id=deleted)[0]["sender"] == ANN
    assert post.rows(JOBS, message_id=first)[0]["purged_at"]
    assert len(post.jobs(bobs)) == 1
    assert post.said(post("Please.", PDF))["reason"] == "no_language"  # the habit is forgotten too


def test_delete_outside_a_thread_deletes_nothing(post: Post) -> None:
    first = post("to German", PDF)
    assert post.said(post("delete"))["reason"] == "no_pdf"
    assert len(post.jobs(first)) == 1


def test_cancel_ends_the_work_and_its_own_answer_says_so(post: Post) -> None:
    first = post("to German", PDF)
    reply = post("cancel", answers=ours(first))
    assert post.rows(JOBS, message_id=first)[0]["state"] == "cancelled"
    assert post.rows(OUTBOX, owner=reply) == []
    assert post.said(first) == {}


@pytest.mark.parametrize(
    ("word", "state"), [("yes", "ready"), ("no", "cancelled"), ("ja, bitte", "ready")]
)
def test_yes_or_no_to_a_costly_job(post: Post, word: str, state: str) -> None:
    first = post("to German", PDF)
    (job,) = post.rows(JOBS)
    change(
        post.intake.database,
        JOBS,
        job["id"],
        state="waiting",
        waiting_for="approval",
        run_after=9e9,
    )
    reply = post(word, answers=f"<{job['id']}.1.question@localhost>")
    assert post.rows(JOBS)[0]["state"] == state
    assert post.rows(OUTBOX, owner=reply) == []
    assert post.rows(INBOX, id=first)


class TestApprovers:
    """With APPROVERS set, the sender's yes is not enough, and an approver's is, to the copy of
    the question.
    """

    BOSS = "boss@example.org"

    @pytest.fixture
    def question(self, post: Post) -> str:
        """The Message-ID of the question about Ann's job."""
        post.intake.settings = post.intake.settings.model_copy(update={"approvers": (self.BOSS,)})
        post("to German", PDF)
        (job,) = post.rows(JOBS)
        change(
            post.intake.database,
            JOBS,
            job["id"],
            state="waiting",
            waiting_for="approval",
            run_after=9e9,
        )
        return f"<{job['id']}.1.question@localhost>"

    def test_the_sender_is_told_who_decides(self, post: Post, question: str) -> None:
        said = post.said(post("yes", answers=question))
        assert (said["reason"], said["error_code"]) == ("refused", "not_approver")
        assert post.rows(JOBS)[0]["state"] == "waiting"

    @pytest.mark.parametrize(("word", "state"), [("yes", "ready"), ("no", "cancelled")])
    def test_the_approver_decides(self, post: Post, question: str, word: str, state: str) -> None:
        reply = post(word, answers=question, sender=self.BOSS)
        assert post.rows(JOBS)[0]["state"] == state
        assert post.rows(OUTBOX, owner=reply) == []

    def test_a_strangers_yes_changes_nothing_and_tells_nothing(
        self, post: Post, question: str
    ) -> None:
        told = post.said(post("yes", answers=question, sender="eve@example.com"))
        assert (
            told["reason"]
            == post.said(post("yes", answers="<x@example.com>", sender="eve@example.com"))["reason"]
        )
        assert post.rows(JOBS)[0]["state"] == "waiting"

    def test_the_sender_may_still_give_it_up(self, post: Post, question: str) -> None:
        post("no", answers=question)
        assert post.rows(JOBS)[0]["state"] == "cancelled"


def test_yes_to_nothing_is_asked_about(post: Post) -> None:
    assert post.said(post("yes", answers=ours(post("to German", PDF))))["reason"] == "unclear"


@pytest.mark.parametrize("body", ["help", "Hilfe"])
def test_help_is_answered(post: Post, body: str) -> None:
    assert post.said(post(body))["reason"] == "help"


@pytest.mark.parametrize(
    "wish", ["to German, keep it in house please", "auf Deutsch\n\nBitte im Haus behalten."]
)
def test_what_is_to_stay_in_house_stays_there_in_every_language_asked_for_later(
    post: Post, wish: str
) -> None:
    first = post(wish, PDF)
    post("to French", answers=ours(first))
    post("to German", PDF + b"another")
    told = {(job["target_lang"], job["options"]["in_house"]) for job in post.rows(JOBS)}
    assert told == {("de", True), ("fr", True), ("de", False)}


def test_what_is_to_stay_in_house_stays_there_when_the_language_comes_later(post: Post) -> None:
    first = post("Please keep this in house.", PDF)
    post("to French", answers=ours(first))
    assert [job["options"]["in_house"] for job in post.rows(JOBS)] == [True]


def test_what_is_always_wanted_is_remembered(post: Post) -> None:
    post("always: fr formal", PDF)
    (job,) = post.rows(JOBS, message_id=post("Please.", PDF + b"2"))
    assert (job["target_lang"], job["options"]["tone"]) == ("fr", "formal")
    assert [tag for tag, _, _ in post.jobs(post("to German", PDF + b"3"))] == ["de"]
    assert [tag for tag, _, _ in post.jobs(post("Please.", PDF + b"4"))] == ["fr"]
    assert post.said(post("Please.", PDF, sender="bob@example.org"))["reason"] == "no_language"


def test_always_may_be_said_without_a_pdf(post: Post) -> None:
    said = post.said(post("immer auf Deutsch"))
    assert (said["reason"], said["wanted"]) == ("remembered", "de")
    assert [tag for tag, _, _ in post.jobs(post("Please.", PDF))] == ["de"]


def test_answers_are_in_the_senders_language(post: Post) -> None:
    assert post.said(post("Bitte übersetzen, danke", PDF))["locale"] == "de"
    made = post("en español, por favor", PDF)
    assert post.rows(INBOX, id=made)[0]["payload"]["locale"] == "es"
