"""Two Dragomans that know each other's addresses: what one answers, the other never does."""

from __future__ import annotations

from notifier.email.reply import Thread, composed
from tests.mail_door import OPEN, PDF, an_intake, messages, send, serving

THERE = "translate@there.example"


def test_answer_of_another_dragoman_ends_the_talk(intake):
    thread = Thread(
        recipient="translate+de@localhost",
        subject="A contract",
        message_id="<one@localhost>",
        references=(),
    )
    answer = composed(thread, "<job.1.final@there.example>", THERE, "done", "<p>done</p>")
    answer.add_attachment(PDF, maintype="application", subtype="pdf", filename="contract.de.pdf")
    with serving(an_intake(intake, **OPEN)) as door:
        for envelope_from in (THERE, "translate-bounces+token@there.example", ""):
            assert send(door.port, answer.as_bytes(), sender=envelope_from).startswith("250 2.0.0")
        assert sum(door.tally.facts()["dropped"].values()) == 3
    assert messages(intake) == []
