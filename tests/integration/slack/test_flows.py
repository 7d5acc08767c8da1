"""Whole ways through Slack in both modes: a post, its card, its percent, the file in the
thread, the check mark.
"""

from __future__ import annotations

from pathlib import Path

import pymupdf

from dragoman.db.records import preferences
from dragoman.domain.wishes import ChannelWishes
from tests.integration.slack.house import House
from tests.pdfs import LOREM, make
from tests.servers.slack.slack import FakeSlack


def results(slack: FakeSlack, thread) -> dict[str, bytes]:
    return dict(slack.files_in(thread))


def is_translated(content: bytes) -> bool:
    with pymupdf.open(stream=content, filetype="pdf") as pdf:
        text = pdf[0].get_text()
    return "ferry leaves" not in text and content.startswith(b"%PDF-")


def test_a_post_comes_back_translated_in_its_thread(
    house: House, slack: FakeSlack, ann, general, pdf: bytes
) -> None:
    post = slack.post(ann, general, "to French", files=[slack.file("contract.pdf", pdf)])
    house.quiet()
    found = results(slack, slack.thread(post))
    assert list(found) == ["contract.fr.pdf"]
    assert is_translated(found["contract.fr.pdf"])
    with house.intake.store.open(house.jobs[0]["result"]) as kept:
        assert kept.read() == found["contract.fr.pdf"]
    assert [job["target_lang"] for job in house.jobs] == ["fr"]
    assert set(post.reactions) == {"white_check_mark"}
    assert slack.world.broadcasts == []


def test_two_pdfs_have_one_card_and_two_results(
    house: House, slack: FakeSlack, ann, general, pdf: bytes, tmp_path: Path
) -> None:
    other = make(tmp_path / "other.pdf", LOREM + LOREM).read_bytes()
    post = slack.post(
        ann, general, "to French", files=[slack.file("one.pdf", pdf), slack.file("two.pdf", other)]
    )
    house.quiet()
    assert sorted(results(slack, slack.thread(post))) == ["one.fr.pdf", "two.fr.pdf"]
    assert len(house.jobs) == 2
    assert len(list(slack.calls("chat.postMessage", ok=True))) == 1


def test_a_post_in_a_thread_is_answered_in_that_thread(
    house: House, slack: FakeSlack, ann, general, pdf: bytes
) -> None:
    parent = slack.post(ann, general, "let us talk")
    slack.post(ann, general, "auf Deutsch", files=[slack.file("a.pdf", pdf)], thread_ts=parent.ts)
    house.quiet()
    assert "a.de.pdf" in results(slack, slack.thread(parent))


def test_a_direct_message_takes_the_language_of_the_person(
    house: House, slack: FakeSlack, pdf: bytes
) -> None:
    bea = slack.user("bea", locale="es-ES")
    post = slack.post(bea, slack.dm(bea), files=[slack.file("a.pdf", pdf)])
    house.quiet()
    assert list(results(slack, slack.thread(post))) == ["a.es-ES.pdf"]


def test_a_flag_on_a_post_adds_a_language(
    house: House, slack: FakeSlack, ann, general, pdf: bytes
) -> None:
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    house.quiet()
    slack.react(ann, post, "flag-es")
    house.quiet()
    assert sorted(results(slack, slack.thread(post))) == ["a.es.pdf", "a.fr.pdf"]


def test_the_shortcut_asks_and_translates(
    house: House, slack: FakeSlack, ann, general, pdf: bytes
) -> None:
    with house.database.write() as connection:
        preferences.keep_wishes(
            connection, slack.here.team_id, general.id, ChannelWishes(auto=False)
        )
    post = slack.post(ann, general, "look at this", files=[slack.file("a.pdf", pdf)])
    house.quiet()
    assert house.jobs == []
    slack.message_shortcut(ann, post, "translate_pdf")
    slack.submit(ann, {"languages": ["fr", "de"]})
    house.quiet()
    assert sorted(results(slack, slack.thread(post))) == ["a.de.pdf", "a.fr.pdf"]


def test_a_mention_in_the_thread_of_a_pdf_translates_it(
    house: House, slack: FakeSlack, ann, general, pdf: bytes
) -> None:
    with house.database.write() as connection:
        preferences.keep_wishes(
            connection, slack.here.team_id, general.id, ChannelWishes(auto=False)
        )
    post = slack.post(ann, general, "look at this", files=[slack.file("a.pdf", pdf)])
    house.quiet()
    slack.post(ann, general, f"<@{slack.bot.id}> to Italian", thread_ts=post.ts)
    house.quiet()
    assert "a.it.pdf" in results(slack, slack.thread(post))
