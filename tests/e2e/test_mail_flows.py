"""What a colleague goes through by mail, over real sockets: asked, answered, asked again,
thanked, deleted; each in one thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from smtplib import SMTP
from typing import cast

import pymupdf
import pytest

from tests.patience import patience
from tests.servers.process import LOOPBACK, wait_until
from tests.servers.stack import Stack

OURS = "translate@dragoman.test"
DAILY_LIMIT = 5
DELETED = "Ihre Dokumente wurden gelöscht"
WITHIN_S = 120  # for one answer, on a machine that is busy
LARGE = 4  # pages; from the third on a yes is needed


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    limits = {"approval_pages": "2", "sender_daily_limit": str(DAILY_LIMIT)}
    with Stack(tmp_path_factory.mktemp("flows") / "data", **limits) as running:
        yield running


def a_pdf(pages: int = 1, **options: object) -> bytes:
    document = pymupdf.open()
    for number in range(pages):
        document.new_page().insert_text(
            (72, 72), f"The agreement of both parties, page {number + 1}, is written here."
        )
    return cast("bytes", document.tobytes(**options))


class Person:
    """Somebody with a mail program; `sent` are their mails, `got` the answers, oldest first."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.stack, self.address = stack, f"{name}@example.org"
        self.sent: list[str] = []

    def write(
        self, body: str, *files: bytes, answers: EmailMessage | None = None, to: str = OURS
    ) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.address, to, "Contract"
        mail["Message-ID"] = make_msgid(domain="example.org")
        if answers:
            mail.replace_header("Subject", answers["Subject"])
            mail["In-Reply-To"] = answers["Message-ID"]
            mail["References"] = f"{answers['References']} {answers['Message-ID']}"
        mail.set_content(body + (quoted(answers) if answers else ""))
        for content in files:
            mail.add_attachment(
                content, maintype="application", subtype="pdf", filename="contract.pdf"
            )
        with SMTP(LOOPBACK, self.stack.smtp, timeout=patience(20)) as smtp:
            smtp.send_message(mail)
        self.sent.append(str(mail["Message-ID"]))

    @property
    def got(self) -> list[EmailMessage]:
        mails = [
            cast("EmailMessage", message_from_bytes(one, policy=policy.default))
            for one in self.stack.outbox()
        ]
        return [mail for mail in mails if mail["To"] == self.address]

    def hears(self, count: int) -> EmailMessage:
        """The newest answer once there are `count`; each of them is a reply to a mail of
        theirs, in one thread.
        """
        wait_until(
            lambda: len(self.got) >= count,
            WITHIN_S,
            f"{count} answers for {self.address}",
            every_s=0.1,
        )
        answers = self.got
        assert len(answers) == count
        for answer in answers:
            assert answer["In-Reply-To"] in self.sent
            assert answer["Subject"] == "Re: Contract"
            assert str(answer["References"]).split()[0] in self.sent
        return answers[-1]


def quoted(mail: EmailMessage) -> str:
    return "\n\nOn Monday, the document translator wrote:\n" + "".join(
        f"> {line}\n" for line in words(mail).splitlines()
    )


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def names(mail: EmailMessage) -> list[str | None]:
    return [part.get_filename() for part in mail.iter_attachments()]


def is_opened(stack: Stack, count: int, sender: str) -> bool:
    found = stack.rows(f"SELECT state FROM inbox WHERE sender = '{sender}' ORDER BY created_at")
    return len(found) == count and found[-1][0] == "done"


def test_asked_for_the_language_then_again_then_thanked_then_deleted(stack: Stack) -> None:
    ann = Person(stack, "ann")
    ann.write("Guten Tag,\nbitte übersetzen, danke!", a_pdf())
    question = ann.hears(1)
    assert "In welche Sprache soll übersetzt werden?" in words(question)
    assert "Ihr PDF bleibt 7 Tage hier" in " ".join(words(question).split())

    ann.write("auf Französisch", answers=question)
    result = ann.hears(2)
    assert names(result) == ["contract.fr.pdf"]
    assert result["References"].split()[0] == ann.sent[0]

    ann.write("und jetzt en español", answers=result)
    again = ann.hears(3)
    assert names(again) == ["contract.es.pdf"], words(again)

    ann.write("Vielen Dank!", answers=again)
    wait_until(
        lambda: is_opened(stack, 4, ann.address), WITHIN_S, "the thanks are read", every_s=0.1
    )
    ann.write("löschen", answers=result)
    # On a server without a way out the answers are here: they are deleted too, and only the last
    # one is left.
    wait_until(
        lambda: [words(one).split(".")[0] for one in ann.got] == [DELETED],
        WITHIN_S,
        "all is deleted",
        every_s=0.1,
    )
    assert ann.hears(1)["In-Reply-To"] == ann.sent[-1]
    assert stack.rows("SELECT count(*) FROM jobs WHERE owner = 'ann@example.org'") == [(0,)]


def test_two_languages_and_pages_in_one_answer_then_a_correction(stack: Stack) -> None:
    joe = Person(stack, "joe")
    joe.write(
        "Please translate page 1 into French and German, side by side with the original.", a_pdf(2)
    )
    result = joe.hears(1)
    assert sorted(names(result)) == ["contract.de.pdf", "contract.fr.pdf"]
    said = " ".join(words(result).split())
    assert (
        "We understood: French and German, as you wrote; pages 1; side by side with the original."
        in said
    )
    assert "Is that not what you meant? Just reply" in said

    joe.write("No, I said Spanish, not French!", answers=result)
    right = joe.hears(2)
    assert names(right) == ["contract.es.pdf"]
    assert "We understood: Spanish, as you wrote" in " ".join(words(right).split())

    joe.write("The Spanish on page 1 is wrong.", answers=right)
    assert words(joe.hears(3)).startswith("We are sorry that the translation is not right.")


@pytest.mark.more
def test_a_large_document_waits_for_a_yes(stack: Stack) -> None:
    bob = Person(stack, "bob")
    bob.write("into French, please", a_pdf(LARGE))
    question = bob.hears(1)
    assert "May we translate your document?" in words(question)
    assert f"Into French, {LARGE} pages" in words(question)
    assert "If you do not answer within 3 days" in " ".join(words(question).split())
    bob.write("Yes, please go ahead", answers=question)
    assert names(bob.hears(2)) == ["contract.fr.pdf"]


@pytest.mark.more
def test_no_to_a_large_document_cancels_it(stack: Stack) -> None:
    eve = Person(stack, "eve")
    eve.write("auf Französisch, bitte", a_pdf(LARGE))
    question = eve.hears(1)
    eve.write("Nein, danke", answers=question)
    assert "Die Übersetzung wurde abgebrochen." in words(eve.hears(2))


@pytest.mark.more
def test_no_answer_about_a_large_document_ends_it_with_a_word(stack: Stack) -> None:
    kim = Person(stack, "kim")
    kim.write("into French, please", a_pdf(LARGE))
    kim.hears(1)
    with sqlite3.connect(stack.data / "dragoman.db", timeout=patience(30)) as database:
        database.execute(
            "UPDATE jobs SET run_after = 1 WHERE owner = 'kim@example.org' AND state = 'waiting'"
        )
    database.close()
    said = words(kim.hears(2))
    assert (
        "What happened: We asked you a question about this document and got no answer in time."
        in " ".join(said.split())
    )


@pytest.mark.more
def test_a_locked_document_comes_back_with_how_to_unlock_it(stack: Stack) -> None:
    pia = Person(stack, "pia")
    pia.write(
        "in italiano, per favore", a_pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret")
    )
    said = " ".join(words(pia.hears(1)).split())
    assert "Il PDF è bloccato da una password." in said
    assert "Per sbloccarlo: lo apra con la password in un lettore PDF" in said

    pia.write("Scusate, la password è secret", answers=pia.got[-1])
    result = pia.hears(2)
    assert names(result) == ["contract.it.pdf"], words(result)
    said = " ".join(words(result).split())
    assert "Abbiamo capito: italiano, come prima; aperto con la Sua password" in said
    assert stack.rows("SELECT count(*) FROM jobs WHERE secret IS NOT NULL") == [(0,)]
    assert stack.rows(f"SELECT blob FROM inbox WHERE sender = '{pia.address}' ORDER BY created_at")[
        -1
    ] == (None,)


@pytest.mark.more
def test_who_writes_more_than_a_day_allows_is_told_the_limit_once(stack: Stack) -> None:
    max_ = Person(stack, "max")
    for _ in range(DAILY_LIMIT):
        max_.write("Hilfe, bitte")
    assert words(max_.hears(DAILY_LIMIT)).startswith("So lassen Sie ein Dokument übersetzen")
    max_.write("Hilfe, bitte")
    said = " ".join(words(max_.hears(DAILY_LIMIT + 1)).split())
    assert f"höchstens {DAILY_LIMIT} Mails in 24 Stunden" in said
    assert "In etwa 1 Tag ist wieder Platz" in said or "24 Stunden ist wieder Platz" in said
    max_.write("Hilfe, bitte")
    wait_until(
        lambda: is_opened(stack, DAILY_LIMIT + 1, max_.address),
        WITHIN_S,
        "all is read",
        every_s=0.1,
    )
    max_.hears(DAILY_LIMIT + 1)
