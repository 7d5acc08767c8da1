"""The buttons of a job's page in a real browser: what each state offers, on a phone, by
keyboard, without JavaScript.
"""

# ruff: noqa: F811 - the fixtures of the other module of tests are named as it names them

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from dragoman.adapters.signed_links import Links
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import process_registry
from dragoman.domain.job import Stage, WaitingFor
from dragoman.errors import EngineUnavailable, WrongPassword
from dragoman.ports import Capabilities
from tests.integration.web.conftest import Client, Worker

# fixtures
from tests.integration.web.test_web_browser import Watched, browser, watched  # noqa: F401
from tests.servers.process import needs

pytestmark = needs("chromium", "chromium")
PHONE = {"width": 375, "height": 740}
HELD_S = 3 * 86_400


@pytest.fixture(autouse=True)
def engines(database: Database) -> None:
    """What the workers can do."""
    with database.write() as connection:
        process_registry.publish(
            connection,
            "worker@here",
            [Capabilities("deepl", frozenset({"de", "es", "fr", "pt-BR"}))],
        )


class Stages:
    """Brings a job into each state that its page knows."""

    def __init__(self, worker: Worker, database: Database, job_id: str) -> None:
        self.worker, self.database, self.job_id = worker, database, job_id

    def waits_in_line(self) -> None:
        return

    def runs(self) -> None:
        held = self.worker.advance_to(
            self.job_id, Stage.TRANSLATE, source_lang="en", engine="deepl", pages=12
        )
        self.worker.progress(held, 0.4)

    def waits_for_approval(self) -> None:
        facts = {
            "pages": 312,
            "characters": 480_000,
            "to_bill": 410_250,
            "remembered": 0.15,
            "source_lang": "en",
        }
        held = self.worker.advance_to(self.job_id, Stage.TRANSLATE, engine="deepl", **facts)
        with self.database.write() as connection:
            held.wait(connection, WaitingFor.APPROVAL, HELD_S)

    def is_locked(self) -> None:
        held = self.worker.claim(self.job_id)
        with self.database.write() as connection:
            held.wait(connection, WaitingFor.PASSWORD, HELD_S, error_message=str(WrongPassword()))

    def is_done(self) -> None:
        warning = {
            "code": "small_text",
            "page": 1,
            "message": "Some text had to be made smaller to fit.",
        }
        self.worker.all(self.job_id, warnings=[warning], engine="deepl")

    def failed(self) -> None:
        self.worker.fail(self.job_id, EngineUnavailable())

    def was_cancelled(self) -> None:
        with self.database.write() as connection:
            ended = {"state": "cancelled", "ended_at": 1_790_000_000.0}
            connection.execute(update(JOBS).where(JOBS.c.id == self.job_id).values(**ended))


STATES: dict[str, Callable[[Stages], None]] = {
    "in-line": Stages.waits_in_line,
    "running": Stages.runs,
    "approval": Stages.waits_for_approval,
    "locked": Stages.is_locked,
    "done": Stages.is_done,
    "failed": Stages.failed,
    "cancelled": Stages.was_cancelled,
}
OFFERS = {
    "in-line": {"Cancel"},
    "running": {"Cancel"},
    "approval": {"Translate it", "Cancel"},
    "locked": {"Unlock and translate", "Cancel"},
    "done": {"Download the PDF 3.3 MB", "Translate"},
    "failed": {"Try again", "Translate"},
    "cancelled": {"Start again", "Translate"},
}


@pytest.fixture
def stages(worker: Worker, database: Database, job_id: str) -> Stages:
    return Stages(worker, database, job_id)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def findings(page: Page) -> list[str]:
    """What axe has to say against the page as it is now."""
    # colours are on their way until then
    page.wait_for_function("document.getAnimations().length === 0")
    return [
        f"{one['id']}: {one['nodes'][0]['html']}" for one in Axe().run(page).response["violations"]
    ]


def is_too_wide(page: Page) -> bool:
    """Whether the page would have to be moved sideways."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


@pytest.mark.some(4)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("own", [True, False], ids=["own", "shared"])
def test_each_state_offers_what_it_needs_readable_in_light_and_dark_and_on_a_phone(
    state: str,
    own: bool,
    watched: Watched,
    client: Client,
    stages: Stages,
    page_path: str,
    shown_path: str,
) -> None:
    STATES[state](stages)
    page = watched.page
    page.goto(client.base + (page_path if own else shown_path))
    buttons = {
        " ".join(one.inner_text().split())
        for one in page.get_by_role("button").all()
        if one.is_visible()
    }
    expected = (
        OFFERS[state] if own else {one for one in OFFERS[state] if one.startswith("Download")}
    )
    assert buttons == expected
    assert page.get_by_text("Delete this document now").count() == int(own)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": 900, "height": 900})
        watched.picture(f"state-{state}-{'own' if own else 'shared'}-{scheme}")
        assert findings(page) == []
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        watched.picture(f"state-{state}-{'own' if own else 'shared'}-{scheme}-phone")
        assert not is_too_wide(page)
        assert findings(page) == []
    assert watched.complaints == []


@pytest.mark.some(1)
@pytest.mark.parametrize("path", ["/", "/docs", "/deleted", "/j/nonsense"])
def test_other_pages_have_no_findings_either(path: str, watched: Watched, client: Client) -> None:
    watched.page.goto(client.base + path)
    for scheme in ("light", "dark"):
        watched.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        watched.picture(f"page-{path.strip('/').replace('/', '-') or 'start'}-{scheme}")
        assert findings(watched.page) == []


def test_a_long_document_is_approved_on_a_phone(
    phone: Page, client: Client, stages: Stages, worker: Worker, page_path: str, job_id: str
) -> None:
    stages.waits_for_approval()
    phone.goto(client.base + page_path)
    expect(phone.locator("#waits")).to_contain_text("312")
    expect(phone.locator("#waits")).to_contain_text("410,250")
    phone.get_by_role("button", name="Translate it").tap()
    expect(phone.get_by_role("status")).to_have_text("Translating the text")
    row = worker.row(job_id)
    assert row["state"] == "ready"
    assert row["approved_at"] is not None


def test_a_failed_document_is_tried_again_and_a_second_click_of_an_old_page_does_no_harm(
    watched: Watched,
    client: Client,
    stages: Stages,
    worker: Worker,
    page_path: str,
    job_id: str,
) -> None:
    stages.failed()
    watched.page.goto(client.base + page_path)
    watched.page.get_by_role("button", name="Try again").click()
    expect(watched.page.get_by_role("progressbar")).to_be_visible()
    assert worker.row(job_id)["state"] == "ready"
    late = client.ask("POST", f"{page_path}/retry")
    assert (late.status, late.headers["Location"]) == (303, page_path)
    assert worker.row(job_id)["run"] == 2


def test_another_language_is_another_document_of_the_same_requester_by_keyboard_alone(
    watched: Watched,
    client: Client,
    stages: Stages,
    worker: Worker,
    links: Links,
    page_path: str,
    job_id: str,
) -> None:
    stages.is_done()
    page = watched.page
    page.goto(client.base + page_path)
    page.get_by_label("Another language").focus()
    page.keyboard.type("Fr")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Waiting in line")
    expect(page.locator("#languages")).to_contain_text("French")
    named = links.read_page(urlsplit(page.url).path.removeprefix("/j/"))
    assert named.own
    new, old = worker.row(named.job_id), worker.row(job_id)
    assert new["id"] != old["id"]
    assert (new["owner"], new["filename"], new["target_lang"]) == (
        old["owner"],
        old["filename"],
        "fr",
    )
    assert new["source_sha256"] == old["source_sha256"]
    assert worker.store.size(new["source"]) == old["source_size"]
    again = client.ask("POST", f"{page_path}/another", body=b"target_lang=fr", Content_Type=FORM)
    assert links.read_page(again.headers["Location"].removeprefix("/j/")).job_id == new["id"]


FORM = "application/x-www-form-urlencoded"


def test_a_language_that_cannot_be_done_is_said_on_the_page_with_what_was_chosen(
    client: Client, stages: Stages, page_path: str
) -> None:
    stages.is_done()
    answer = client.ask(
        "POST", f"{page_path}/another", body=b"target_lang=Finnish", Content_Type=FORM
    )
    assert answer.status == 422
    assert "cannot translate into Finnish" in answer.body.decode()
    assert "Another language" in answer.body.decode()


def test_a_locked_document_is_opened_with_its_password(
    watched: Watched,
    client: Client,
    stages: Stages,
    worker: Worker,
    page_path: str,
    job_id: str,
) -> None:
    stages.is_locked()
    watched.page.goto(client.base + page_path)
    watched.page.get_by_label("Password of the PDF").fill("a secret")
    watched.page.keyboard.press("Enter")
    expect(watched.page.get_by_role("status")).not_to_have_text("Waiting for its password")
    row = worker.row(job_id)
    assert row["state"] == "ready"
    assert row["secret"]
    assert "a secret" not in row["secret"]


@pytest.mark.some(1)
@pytest.mark.parametrize("state", ["approval", "failed", "cancelled", "done"])
def test_buttons_work_without_javascript(
    state: str,
    browser: Browser,
    client: Client,
    stages: Stages,
    worker: Worker,
    page_path: str,
    job_id: str,
) -> None:
    STATES[state](stages)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(client.base + page_path)
    if state == "done":
        page.get_by_label("Another language").select_option("Spanish")
        page.get_by_role("button", name="Translate").click()
        expect(page.locator("#languages")).to_contain_text("Spanish")
    else:
        label = {"approval": "Translate it", "failed": "Try again", "cancelled": "Start again"}[
            state
        ]
        page.get_by_role("button", name=label).click()
        expect(page.get_by_role("button", name=label)).to_have_count(0)
        assert worker.row(job_id)["state"] == "ready"
    context.close()


def test_page_says_when_the_document_goes_by_itself(
    watched: Watched,
    client: Client,
    stages: Stages,
    page_path: str,
) -> None:
    stages.was_cancelled()
    page = watched.page
    page.goto(client.base + page_path)
    expect(page.locator("#facts")).to_contain_text("28 September 2026")
    page.get_by_text("Delete this document now").click()
    expect(page.locator("details.delete")).to_contain_text("automatically on 28 September 2026")
