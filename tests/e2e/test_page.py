"""The job's page in Chromium while the real worker translates: percent rises live, then the
result downloads.
"""

from __future__ import annotations

from pathlib import Path

import pymupdf
from playwright.sync_api import Page, expect, sync_playwright

from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.servers.process import find, missing
from tests.servers.stack import Stack

TIMEOUT_MS = 60_000
VALUE = """() => {
    const bar = document.querySelector("[role=progressbar], progress");
    return bar && (bar.getAttribute("value") || bar.getAttribute("aria-valuenow"));
}"""


def percents_seen(page: Page) -> list[int]:
    """Every value that the progress bar takes until the download is there."""
    seen: list[int] = []
    download = page.get_by_role("button", name="Download")
    while download.count() == 0:
        value = page.evaluate(VALUE)  # in one step: the bar may be gone a moment after it was seen
        if value and (not seen or seen[-1] != int(float(value))):
            seen.append(int(float(value)))
        page.wait_for_timeout(50)
    return seen


def test_page_shows_the_job_live_and_hands_over_the_result(tmp_path: Path) -> None:
    chromium = find("chromium", "chromium-browser") or missing("chromium", "chromium")
    with FakeDeepL(latency_s=2.0) as deepl, sync_playwright() as playwright:
        engine = {"engine": "deepl", "deepl_auth_key": KEY, "deepl_server_url": deepl.url}
        with Stack(tmp_path / "data", **engine) as stack:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page()
            page.set_default_timeout(TIMEOUT_MS)
            job_id = stack.upload(long_pdf(600))
            page.goto(stack.url + stack.status(job_id)["page_url"])
            seen = percents_seen(page)
            with page.expect_download() as download:
                page.get_by_role("button", name="Download").click()
            pdf = pymupdf.open(download.value.path(), filetype="pdf")
            expect(page.locator("body")).to_contain_text("DeepL")
            browser.close()
    assert seen == sorted(seen)
    assert len(seen) >= 3
    assert pdf.page_count == 40
