"""The job's page in a real browser: live without a reload, and nothing from any other host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from dragoman.adapters.signed_links import Links
from dragoman.domain.job import Stage
from dragoman.errors import EncryptedPdf
from tests.integration.web.conftest import ANNA, PDF, RESULT, Client, Worker
from tests.patience import patience
from tests.servers.process import needs

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = needs("chromium", "chromium")
# a folder that takes screenshots; unset: none are made
PICTURES = os.environ.get("DRAGOMAN_TEST_PICTURES")


@pytest.fixture(autouse=True)
def patient() -> None:
    expect.set_options(timeout=1000 * patience(15))  # ms


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        browser.close()


class Watched:
    """A page, what it said on the console, and every address that it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.asked}

    def documents(self, path: str) -> int:
        """How often the very page was loaded."""
        return sum(urlsplit(url).path == path for url in self.asked)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(
                path=f"{PICTURES}/{name}.png", full_page=True, animations="disabled"
            )


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 900, "height": 900}, color_scheme="light")
    yield Watched(context.new_page())
    context.close()


def test_page_goes_from_running_to_done_live_and_the_file_comes_down(
    watched: Watched, client: Client, worker: Worker, page_path: str, job_id: str, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(client.base + page_path)
    expect(page.get_by_role("status")).to_have_text("Waiting in line")
    bar = page.get_by_role("progressbar", name="Progress of the translation")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    watched.picture("waiting-light")

    held = worker.advance_to(
        job_id, Stage.TRANSLATE, source_lang="en", pages=3, engine="apertium", characters=5123
    )
    expect(page.get_by_role("status")).to_have_text("Translating the text")
    worker.progress(held, 0.55)
    expect(bar).to_have_attribute("aria-valuenow", "43")
    expect(page).to_have_title("43 % · Translating the text · Jahresbericht 2026.pdf")
    expect(page.locator("[aria-current=step]")).to_contain_text("Translate the text")
    page.get_by_text("Delete this document now").click()
    watched.picture("running-light")
    page.emulate_media(color_scheme="dark")
    watched.picture("running-dark")
    page.set_viewport_size({"width": 375, "height": 740})
    watched.picture("running-mobile-dark")
    page.emulate_media(color_scheme="light")
    watched.picture("running-mobile-light")
    worker.progress(held, 0.6)
    expect(bar).to_have_attribute("aria-valuenow", "46")
    # progress does not close it
    expect(page.get_by_role("button", name="Yes, delete it now")).to_be_visible()
    page.get_by_text("Delete this document now").click()

    worker.finish_stage(held)
    warning = {
        "code": "small_text",
        "page": 1,
        "message": "Some text had to be made smaller to fit.",
    }
    worker.complete(
        worker.claim(job_id),
        warnings=[warning, {**warning, "page": None, "message": "Pictures are as they were."}],
    )
    expect(page.get_by_role("status")).to_have_text("Your translation is ready")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    watched.picture("done-mobile-light")
    page.set_viewport_size({"width": 900, "height": 900})
    watched.picture("done-light")
    page.emulate_media(color_scheme="dark")
    watched.picture("done-dark")

    with page.expect_download() as coming:
        page.get_by_role("button", name="Download the PDF").click()
    assert coming.value.suggested_filename == "Jahresbericht 2026.de.pdf"
    coming.value.save_as(tmp_path / "result.pdf")
    assert (tmp_path / "result.pdf").read_bytes() == RESULT

    assert watched.documents(page_path) == 1
    assert watched.complaints == []
    assert watched.hosts == {urlsplit(client.base).netloc}


@pytest.mark.more
def test_stream_is_not_opened_again_after_the_end(
    watched: Watched, client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    watched.page.goto(client.base + page_path)
    expect(watched.page.get_by_role("status")).to_have_text("Waiting in line")
    worker.all(job_id)
    expect(watched.page.get_by_role("status")).to_have_text("Your translation is ready")
    watched.page.wait_for_timeout(1500)  # longer than htmx waits before it connects again
    assert watched.documents(f"{page_path}/events") == 1


@pytest.mark.more
def test_delete_needs_a_second_click_and_then_all_is_gone(
    watched: Watched, client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    worker.all(job_id, engine="pseudo")
    page = watched.page
    page.goto(client.base + page_path)
    expect(page.get_by_role("note")).to_contain_text("This is not a translation.")
    watched.picture("pseudo-light")
    confirm = page.get_by_role("button", name="Yes, delete it now")
    expect(confirm).to_be_hidden()
    page.get_by_text("Delete this document now").click()
    watched.picture("delete-light")
    confirm.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("It is deleted.")
    watched.picture("deleted-light")
    assert worker.keys(job_id) == []
    assert watched.complaints == []
    page.goto(client.base + page_path)
    expect(page.get_by_role("heading", level=1)).to_contain_text("has been deleted")


@pytest.mark.more
def test_failure_appears_live(
    watched: Watched, client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    watched.page.goto(client.base + page_path)
    expect(watched.page.get_by_role("status")).to_have_text("Waiting in line")
    worker.fail(job_id, EncryptedPdf())
    expect(watched.page.get_by_text("locked with a password")).to_be_visible()
    watched.picture("failed-light")
    watched.page.emulate_media(color_scheme="dark")
    watched.picture("failed-dark")
    assert watched.complaints == []


@pytest.mark.more
def test_page_whose_first_stream_fails_is_loaded_anew(
    watched: Watched, client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    page = watched.page
    page.clock.install()
    page.route("**/events", lambda route: route.abort(), times=1)
    page.goto(client.base + page_path)
    expect(page.get_by_role("status")).to_have_text("Waiting in line")
    worker.fail(job_id, EncryptedPdf())
    page.clock.fast_forward(21_000)
    expect(page.get_by_text("locked with a password")).to_be_visible()
    assert watched.documents(page_path) == 2


@pytest.mark.more
def test_cancel_button_ends_the_job(watched: Watched, client: Client, page_path: str) -> None:
    watched.page.goto(client.base + page_path)
    watched.page.get_by_role("button", name="Cancel").click()
    expect(watched.page.get_by_role("status")).to_have_text("This translation was cancelled")


@pytest.mark.more
def test_page_without_javascript_comes_again_by_itself(
    browser: Browser, client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(client.base + page_path)
    expect(page.get_by_role("status")).to_have_text("Waiting in line")
    worker.all(job_id)
    expect(page.get_by_role("status")).to_have_text(
        "Your translation is ready", timeout=1000 * patience(15)
    )
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download the PDF").click()
    assert coming.value.suggested_filename == "Jahresbericht 2026.de.pdf"
    context.close()


@pytest.mark.more
def test_everything_can_be_reached_with_the_keyboard(
    watched: Watched, client: Client, worker: Worker, links: Links, page_path: str, job_id: str
) -> None:
    worker.all(job_id)
    page = watched.page
    page.goto(client.base + page_path)
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.trim().split('\\n')[0]"))
    assert reached[0] == "Skip to the content"
    assert reached[2].startswith("Download the PDF")
    assert reached[3].startswith("Delete this document now")


@pytest.mark.more
def test_upload_form_of_the_start_page_leads_to_the_page_of_the_job(
    watched: Watched, client: Client, worker: Worker, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(client.base + "/")
    watched.picture("start-light")
    (tmp_path / "letter.pdf").write_bytes(PDF)
    page.get_by_label("PDF, up to").set_input_files(tmp_path / "letter.pdf")
    page.get_by_label("Into").fill("Klingonese")
    page.get_by_label("Your access token").fill(ANNA)
    page.get_by_role("button", name="Translate").click()
    expect(page.get_by_role("alert")).to_contain_text("We do not know the language")
    watched.picture("start-refused-light")
    page.get_by_label("Into").fill("Spanish")
    page.get_by_role("button", name="Translate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("letter.pdf")
    assert watched.hosts == {urlsplit(client.base).netloc}


@pytest.mark.more
def test_docs_ask_no_other_host(watched: Watched, client: Client) -> None:
    watched.page.goto(client.base + "/docs")
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("The API")
    watched.picture("docs-light")
    assert watched.complaints == []
    assert watched.hosts == {urlsplit(client.base).netloc}
