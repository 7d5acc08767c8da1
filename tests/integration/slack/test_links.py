"""Links in Slack: what stands in a thread only shows and downloads, what the requester alone
sees may change things.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dragoman.adapters.signed_links import Links
from dragoman.app.intake import Intake
from dragoman.settings import Settings
from ingress.slack.context import Context
from ingress.slack.surfaces import home
from ingress.web import app as web
from notifier.tasks import open_context
from tests.integration.slack.conftest import Desk
from tests.integration.web.conftest import serving
from tests.unchanged import addresses, scan, snapshot

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def public(desk: Desk, settings: Settings) -> Iterator[Settings]:
    """The desk's settings with the address of a web server that answers."""
    with serving(web.make_app(settings, desk.intake)) as port:
        made = settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"})
        desk.context.database.close()
        desk.context = open_context(made)
        yield made


def of_us(found: list[str], settings: Settings) -> list[str]:
    return [url for url in found if url.startswith(str(settings.public_url))]


def pages(found: list[str], settings: Settings) -> list[Any]:
    """What the tokens of the pages among some addresses name."""
    links = Links(settings)
    return [links.read_page(url.rpartition("/")[2]) for url in found if "/j/" in url]


def test_links_of_a_thread_only_show_and_opening_them_changes_nothing(
    desk: Desk, public: Settings, settings: Settings
) -> None:
    [job] = desk.submit("contract.pdf")
    desk.show()
    desk.complete(job)
    assert desk.deliver(job) == 1
    desk.wait_for_file()
    desk.show()
    words = "\n".join(f"{message.text} {message.blocks}" for message in desk.thread)
    found = of_us(addresses(words), public)
    assert [named.own for named in pages(found, public)] == [False]

    before = snapshot(settings.data_dir)
    openings = scan(found, BROWSER)
    assert snapshot(settings.data_dir) == before
    assert any("contract.fr.pdf" in opening.body for opening in openings)
    assert not any("/delete" in opening.url or "/cancel" in opening.url for opening in openings)


def test_links_of_a_direct_message_are_the_requesters_own(desk: Desk, public: Settings) -> None:
    desk.post = desk.slack.post(desk.ann, desk.slack.dm(desk.ann), "to French")
    desk.open_card(key="direct")
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    assert desk.deliver(job) == 1
    desk.wait_for_file()
    found = of_us(addresses("\n".join(message.text for message in desk.direct())), public)
    assert [named.own for named in pages(found, public)] == [True]


def test_links_of_a_persons_home_are_their_own(desk: Desk, public: Settings) -> None:
    [job] = desk.submit("contract.pdf")
    desk.complete(job)
    context = Context.open(
        Intake(desk.database, desk.store, desk.intake.doorbell, public), desk.slack.here.team_id
    )
    assert context
    shown = home.blocks(context, desk.ann.id)
    found = of_us(addresses("\n".join(str(block) for block in shown)), public)
    assert [named.own for named in pages(found, public)] == [True]
