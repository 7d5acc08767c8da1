"""What people write in a mail or in a reply takes effect: languages, files, options, corrections,
complaints; and what was understood is kept with the answer.
"""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest

from dragoman.adapters.encryption import unseal
from dragoman.app.intake import Intake
from dragoman.db.ledgers import alarms
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records import process_registry
from dragoman.ports import Capabilities
from ingress.email.mime import headers
from ingress.email.mime.headers import Mailbox
from ingress.email.smtp.acceptance import message_of
from ingress.email.tasks import open_message

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
ANN = "ann@example.org"


class Ann:
    """Ann's mail program, with the door and the task behind it."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self.count = intake, 0

    def __call__(
        self, body: str | EmailMessage, *names: str, answers: str = "", **known: str
    ) -> str:
        """Send a mail with a PDF under each name; its id."""
        self.count += 1
        mail = EmailMessage()
        mail["From"], mail["Message-ID"] = ANN, f"<{self.count}@example.org>"
        mail["Subject"] = known.get("subject", "Contract")
        if answers:
            mail["In-Reply-To"] = f"<{answers}.1.final@localhost>"
        mail.set_content(body)
        for name in names:
            content = PDF + name.encode()
            mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
        return self.sends(mail.as_bytes(), known.get("to", "translate@localhost"))

    def sends(self, content: bytes, to: str = "translate@localhost") -> str:
        """Hand over the bytes of a mail; its id."""
        self.count += 1
        found = headers.read(content)
        message = message_of(found, f"hash{self.count}", Mailbox(None, ANN), ANN, to)
        message_id = self.intake.keep(message, BytesIO(content)).message_id
        assert message_id
        open_message(self.intake, message_id)
        return message_id

    def rows(self, table: Any, **wanted: object) -> list[dict[str, Any]]:
        with self.intake.database.read() as connection:
            found = [dict(row) for row in connection.execute(table.select()).mappings()]
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]

    def jobs(self, message_id: str) -> list[tuple[str, str]]:
        """Name and language of each job of a mail."""
        return sorted((job["filename"], job["target_lang"]) for job in self._jobs(message_id))

    def options(self, message_id: str) -> dict[str, Any]:
        """The options of a mail's one job."""
        (job,) = self._jobs(message_id)
        return dict(job["options"])

    def _jobs(self, message_id: str) -> list[dict[str, Any]]:
        return self.rows(JOBS, message_id=message_id)

    def payload(self, message_id: str) -> dict[str, Any]:
        (row,) = self.rows(INBOX, id=message_id)
        return dict(row["payload"])

    def said(self, message_id: str) -> dict[str, Any]:
        """The payload of the one answer, or question."""
        kinds = ("final", "question")
        (row,) = [row for row in self.rows(OUTBOX, owner=message_id) if row["kind"] in kinds]
        return dict(row["payload"])


@pytest.fixture
def ann(intake: Intake) -> Ann:
    return Ann(intake)


def test_two_languages_in_one_sentence_are_two_jobs_with_bytes_of_their_own(ann: Ann) -> None:
    mail = ann("Please translate this to French and German.", "a.pdf")
    assert ann.jobs(mail) == [("a.pdf", "de"), ("a.pdf", "fr")]
    assert len({job["source"] for job in ann.rows(JOBS)}) == 2
    assert ann.rows(INBOX, id=mail)[0]["jobs_left"] == 2
    assert len(list(ann.intake.store.keys("jobs/"))) == 2


def test_each_file_gets_its_own_language(ann: Ann) -> None:
    mail = ann("a.pdf into German, b.pdf into French", "a.pdf", "B.pdf")
    assert ann.jobs(mail) == [("B.pdf", "fr"), ("a.pdf", "de")]
    assert ann.payload(mail)["understood"]["files"] == {"a.pdf": ["de"], "b.pdf": ["fr"]}


def test_a_file_for_which_no_language_was_said_is_named(ann: Ann) -> None:
    mail = ann("a.pdf into German, b.pdf into French", "a.pdf", "c.pdf")
    assert ann.jobs(mail) == [("a.pdf", "de")]
    assert [left["filename"] for left in ann.payload(mail)["ignored"]] == ["c.pdf"]
    assert len(list(ann.intake.store.keys("jobs/"))) == 1


def test_of_several_languages_the_possible_ones_are_made_and_the_others_named(ann: Ann) -> None:
    with ann.intake.database.write() as connection:
        engine = Capabilities("deepl", frozenset({"de", "fr"}))
        process_registry.publish(connection, "worker@a", [engine])
    mail = ann("German, Japanese and French please", "a.pdf")
    assert ann.jobs(mail) == [("a.pdf", "de"), ("a.pdf", "fr")]
    (left,) = ann.payload(mail)["ignored"]
    assert (left["filename"], left["code"]) == ("Japanese", "unsupported_target")


@pytest.mark.parametrize(
    ("body", "option", "value"),
    [
        ("into German, pages 1-2 only", "pages", "1-2"),
        ("auf Deutsch, nur die Seiten 3 bis 5 bitte", "pages", "3-5"),
        ("Into German, side by side with the original", "layout", "side-by-side"),
        ("German please, formal tone", "tone", "formal"),
        ("from English to German", "source_lang", "en"),
    ],
)
def test_options_take_effect_and_are_kept_to_be_said(
    ann: Ann, body: str, option: str, value: str
) -> None:
    mail = ann(body, "a.pdf")
    assert ann.options(mail)["target_lang"] == "de"
    assert ann.options(mail)[option] == value
    named = "source" if option == "source_lang" else option
    assert ann.payload(mail)["understood"][named] == value


def test_a_password_opens_the_pdf_and_stays_nowhere_else(
    ann: Ann, caplog: pytest.LogCaptureFixture
) -> None:
    mail = ann("To German please. The password is Blue-Horse7", "a.pdf")
    (job,) = ann.rows(JOBS)
    assert unseal(ann.intake.settings, job["secret"]) == "Blue-Horse7"
    assert ann.payload(mail)["understood"]["password"] is True
    assert ann.rows(INBOX, id=mail)[0]["blob"] is None
    assert list(ann.intake.store.keys("inbox/")) == []
    assert "Blue-Horse7" not in repr([ann.rows(INBOX), ann.rows(OUTBOX), job]) + caplog.text


def test_a_password_may_come_with_a_reply_and_leaves_the_language_as_it_was(ann: Ann) -> None:
    first = ann("into French", "a.pdf")
    again = ann("Sorry, the password is Blue-Horse7", answers=first)
    (job,) = ann.rows(JOBS, message_id=again)
    assert job["target_lang"] == "fr"
    assert unseal(ann.intake.settings, job["secret"]) == "Blue-Horse7"


def test_a_password_of_the_first_mail_is_used_when_the_language_comes_later(ann: Ann) -> None:
    asked = ann("Please translate. The password is Blue-Horse7", "a.pdf")
    assert ann.said(asked)["reason"] == "no_language"
    (job,) = ann.rows(JOBS, message_id=ann("German", answers=asked))
    assert unseal(ann.intake.settings, job["secret"]) == "Blue-Horse7"
    assert list(ann.intake.store.keys(f"inbox/{asked}")) == []


@pytest.mark.parametrize(
    ("body", "subject", "to", "origin"),
    [
        ("into German", "Contract", "translate@localhost", "words"),
        ("See attached", "[de] Contract", "translate@localhost", "subject"),
        ("See attached", "Contract", "translate+de@localhost", "address"),
    ],
)
def test_it_is_kept_from_where_the_language_is_known(
    ann: Ann, body: str, subject: str, to: str, origin: str
) -> None:
    understood = ann.payload(ann(body, "a.pdf", subject=subject, to=to))["understood"]
    assert (understood["targets"], understood["origin"]) == (["de"], origin)


@pytest.mark.parametrize("words", ["Standard German please", "to German, as always great"])
def test_no_habit_is_learned_unless_asked(ann: Ann, words: str) -> None:
    ann(words, "a.pdf")
    assert ann.said(ann("Hello", "b.pdf"))["reason"] == "no_language"


def test_a_habit_is_learned_when_asked_and_said(ann: Ann) -> None:
    first = ann("From now on always into French please", "a.pdf")
    assert ann.payload(first)["understood"]["always"] is True
    later = ann("Hello", "b.pdf")
    assert ann.jobs(later) == [("b.pdf", "fr")]
    assert ann.payload(later)["understood"]["origin"] == "habit"


@pytest.mark.parametrize(
    "words",
    [
        "German or French, whichever is faster",
        "Not into German please",
        "The original is in French.",
    ],
)
def test_what_is_in_doubt_is_asked_about(ann: Ann, words: str) -> None:
    mail = ann(words, "a.pdf")
    assert ann.said(mail)["reason"] == "no_language"
    assert ann.jobs(mail) == []


def test_a_habit_does_not_stand_in_for_a_doubt(ann: Ann) -> None:
    ann("always into Spanish", "a.pdf")
    asked = ann.said(ann("German or French, whichever is faster", "b.pdf"))
    assert (asked["reason"], asked["likely"][:2]) == ("no_language", ["de", "fr"])


def test_a_subject_tag_of_a_team_is_no_wish(ann: Ann) -> None:
    asked = ann.said(ann("Please see attached.\n\nThanks\nAnn", "a.pdf", subject="[HR-Team] Paper"))
    assert asked["reason"] == "no_language"


class TestReplies:
    """A conversation by mail."""

    @pytest.mark.parametrize(
        ("words", "target"),
        [
            ("No, I said French, not German!", "fr"),
            ("I wanted French, not German.", "fr"),
            ("Sorry, typo: I meant French", "fr"),
            ("Nein, ich wollte Französisch, nicht Deutsch!", "fr"),
        ],
    )
    def test_a_correction_ends_the_wrong_work_and_begins_the_right_one(
        self, ann: Ann, words: str, target: str
    ) -> None:
        first = ann("into German", "a.pdf")
        assert ann.jobs(ann(words, answers=first)) == [("a.pdf", target)]
        assert [job["state"] for job in ann.rows(JOBS, message_id=first)] == ["cancelled"]

    @pytest.mark.parametrize(
        "words", ["And German too, as I asked.", "auch auf Deutsch bitte", "Y también en alemán"]
    )
    def test_another_language_leaves_the_first_one_alone(self, ann: Ann, words: str) -> None:
        first = ann("into French", "a.pdf")
        assert ann.jobs(ann(words, answers=first)) == [("a.pdf", "de")]
        assert [job["state"] for job in ann.rows(JOBS, message_id=first)] == ["ready"]

    @pytest.mark.parametrize(
        ("words", "targets"),
        [
            ("German, French and Spanish please", ["de", "es", "fr"]),
            ("Yes, German please. And keep the company name as it is.", ["de"]),
            ("Auf Englisch natürlich!", ["en"]),
            ("Spanish, by Friday", ["es"]),
        ],
    )
    def test_a_question_is_answered_as_people_do(
        self, ann: Ann, words: str, targets: list[str]
    ) -> None:
        asked = ann("Please.", "a.pdf")
        reply = ann(words, answers=asked)
        assert ann.jobs(reply) == [("a.pdf", target) for target in targets]

    def test_the_next_pdf_in_a_reply_goes_into_the_same_languages(self, ann: Ann) -> None:
        first = ann("into German and French, formal", "a.pdf")
        following = ann("Here is the next one.", "b.pdf", answers=first)
        assert ann.jobs(following) == [("b.pdf", "de"), ("b.pdf", "fr")]
        assert ann.payload(following)["understood"]["origin"] == "thread"
        assert {job["options"]["tone"] for job in ann.rows(JOBS, message_id=following)} == {
            "formal"
        }

    def test_as_before_in_a_new_mail_is_as_the_latest_document(self, ann: Ann) -> None:
        ann("into Polish", "a.pdf")
        assert ann.jobs(ann("Same language as before please", "b.pdf")) == [("b.pdf", "pl")]

    @pytest.mark.parametrize("words", ["Thank you so much, looks great!!", "Merci beaucoup !"])
    def test_thanks_are_left_without_an_answer(self, ann: Ann, words: str) -> None:
        thanks = ann(words, answers=ann("into German", "a.pdf"))
        assert ann.rows(OUTBOX, owner=thanks) == []
        assert ann.payload(thanks)["dropped"] == "thanks"

    @pytest.mark.parametrize(
        "words",
        [
            "The German on page 2 is wrong. Could you check the text in German?",
            "Auf Seite 2 ist die Übersetzung falsch.",
        ],
    )
    def test_a_complaint_is_no_order_and_the_admin_hears_of_it(self, ann: Ann, words: str) -> None:
        first = ann("into German", "a.pdf")
        complaint = ann(words, answers=first)
        assert ann.said(complaint)["reason"] == "complaint"
        assert ann.jobs(complaint) == []
        (told,) = ann.rows(OUTBOX, channel=alarms.CHANNEL)
        assert told["payload"]["cause"] == "complaint"
        assert told["payload"]["of"] == first
        assert "German" not in repr(told)

    @pytest.mark.parametrize(
        "words", ["Please delete page 3", "please delete my number from your list"]
    )
    def test_nothing_is_deleted_for_half_an_understanding(self, ann: Ann, words: str) -> None:
        first = ann("into German", "a.pdf")
        ann(words, answers=first)
        assert [job["purged_at"] for job in ann.rows(JOBS)] == [None]


def parts(*bodies: tuple[str, str, str]) -> bytes:
    """A mail whose parts are (type, name or "", text), as a mail program sends them."""
    lines = ["From: ann@example.org", "Subject: Contract", "MIME-Version: 1.0"]
    lines += ['Content-Type: multipart/mixed; boundary="b"', ""]
    for kind, name, text in bodies:
        lines += ["--b", f"Content-Type: {kind}"]
        lines += [f'Content-Disposition: attachment; filename="{name}"'] if name else []
        lines += ["", text]
    return "\r\n".join([*lines, "--b--", ""]).encode()


A_PDF = ("application/pdf", "a.pdf", PDF.decode())


@pytest.mark.parametrize(
    "content",
    [
        parts(("text/plain", "", "Hi,"), A_PDF, ("text/plain", "", "Into German please.")),
        parts(
            ("text/html", "", "<p>Hi</p>"), A_PDF, ("text/html", "", "<p>Into German please</p>")
        ),
        parts(
            (
                "text/html",
                "",
                "<!--[if mso]><p>into French please</p><![endif]--><p>into German please</p>",
            ),
            A_PDF,
        ),
    ],
    ids=["after the attachment", "after it, in HTML", "beside what only Outlook shows"],
)
def test_the_wish_may_stand_anywhere_in_the_mails_own_text(ann: Ann, content: bytes) -> None:
    assert ann.jobs(ann.sends(content)) == [("a.pdf", "de")]


def test_a_text_that_is_attached_is_not_read(ann: Ann) -> None:
    note = ("text/plain", "note.txt", "Into German please.")
    mail = ann.sends(parts(("text/plain", "", "Hello"), A_PDF, note))
    assert ann.said(mail)["reason"] == "no_language"


@pytest.mark.parametrize(
    "words",
    [
        "I am out of the office until 7 December. For questions about German matters contact Bob.",
        "Ich bin bis zum 7. Dezember nicht im Büro.",
        "Je suis absent du bureau jusqu'au 7 décembre.",
    ],
)
def test_an_out_of_office_note_without_marks_is_left_without_an_answer(
    ann: Ann, words: str
) -> None:
    note = ann(words, subject="Automatic reply: Document")
    assert ann.rows(OUTBOX, owner=note) == []
    assert ann.payload(note)["dropped"] == "out of office"


def copied(*more: str) -> bytes:
    """A mail of a talk in which we stand in Cc."""
    lines = ["From: ann@example.org", "To: bob@example.org", "Cc: Team <Translate+x@localhost>"]
    return "\r\n".join([*lines, "Subject: Re: Contract", *more]).encode()


def test_people_who_talk_to_each_other_with_us_in_cc_hear_nothing(ann: Ann) -> None:
    talk = ann.sends(copied("", "Looks fine to me."))
    assert ann.rows(OUTBOX, owner=talk) == []
    assert ann.payload(talk)["dropped"] == "in Cc, without a PDF"


def test_a_pdf_is_served_to_its_writer_also_where_we_stand_in_cc(ann: Ann) -> None:
    whole = parts(("text/plain", "", "to German please"), A_PDF)
    content = copied(*whole.decode().split("\r\n")[2:])
    assert ann.jobs(ann.sends(content)) == [("a.pdf", "de")]


def test_a_link_in_place_of_a_file_is_named(ann: Ann) -> None:
    link = "to German\n\ncontract.pdf <https://drive.google.com/file/d/1aBcD/view>"
    said = ann.said(ann(link))
    assert (said["reason"], said["links"]) == ("no_pdf", True)
    assert "links" not in ann.said(ann("Hello"))


def test_pictures_of_a_signature_are_passed_over_without_a_word(ann: Ann) -> None:
    picture = ("image/png", "logo.png", "x")
    photo = ("image/jpeg", "page 1.jpg", "x")
    mail = ann.sends(parts(("text/plain", "", "to German"), A_PDF, picture, photo))
    assert [left["filename"] for left in ann.payload(mail)["ignored"]] == ["page 1.jpg"]


def test_japanese_without_a_charset_is_read(ann: Ann) -> None:
    words = "この契約書を英語に翻訳してください".encode("iso-2022-jp").decode("ascii")
    assert ann.jobs(ann.sends(parts(("text/plain", "", words), A_PDF))) == [("a.pdf", "en")]
