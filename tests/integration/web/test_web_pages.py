from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from sqlalchemy import update

from dragoman.adapters.signed_links import Links
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.domain.job import Stage, WaitingFor
from dragoman.errors import EncryptedPdf
from dragoman.settings import Settings
from ingress.web.app import make_app
from tests import row_values
from tests.integration.web.conftest import ANNA, PDF, RESULT, Answer, Client, Worker, serving, until

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def words(answer: Answer) -> str:
    """The text of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.body.decode()).split())


def test_page_of_a_running_job_shows_progress_and_refreshes_without_javascript(
    client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    worker.progress(
        worker.advance_to(job_id, Stage.TRANSLATE, source_lang="en", engine="apertium"), 0.5
    )
    page = client.get(page_path)
    assert page.status == 200
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.body.decode()
    text = words(page)
    for shown in (
        "Jahresbericht 2026.pdf",
        "English",
        "German",
        "40 %",
        "left",
        "Translating the text",
        "Apertium",
    ):
        assert shown in text
    assert "Download" not in text
    assert "Cancel" in text


def test_page_of_a_finished_job_offers_the_file_and_tells_what_to_know(
    client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    warning = {"code": "small_text", "page": 1, "message": "Some text <b>was</b> made smaller."}
    worker.all(job_id, warnings=[warning])
    page = client.get(page_path)
    text = words(page)
    for shown in (
        "Your translation is ready",
        "Download the PDF",
        "Page 2:",
        "Some text &lt;b&gt;was",
        "Translated by",
    ):
        assert shown in text
    for absent in ("Cancel", "not a translation", "refresh"):
        assert absent not in page.body.decode()
    action = re.search(r'action="(/d/[^"]+)"', page.body.decode())
    assert action
    assert client.ask("POST", action[1]).body == RESULT


def test_pseudo_translation_is_said_loudly_to_be_none(
    client: Client, worker: Worker, links: Links, page_path: str, job_id: str
) -> None:
    worker.all(job_id, engine="pseudo")
    for path in (page_path, links.path("download", row_values.job(worker.row(job_id)))):
        assert "This is not a translation." in words(client.get(path))


def test_page_of_a_failed_job_says_what_happened_what_to_do_and_its_id(
    client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    worker.fail(job_id, EncryptedPdf(detail="/secret"))
    page = client.get(page_path)
    text = words(page)
    for shown in ("locked with a password", "save a copy without the password", job_id):
        assert shown in text
    assert "/secret" not in page.body.decode()


def test_page_says_that_a_job_is_tried_again(
    client: Client, worker: Worker, database: Database, page_path: str, job_id: str
) -> None:
    with database.write() as connection:
        values = {"error_code": "engine_busy", "error_message": "The service is busy.", "epoch": 1}
        connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(**values))
    assert "The service is busy. Nothing is lost" in words(client.get(page_path))


def test_page_says_that_approval_is_waited_for_and_what_it_costs(
    client: Client, worker: Worker, database: Database, page_path: str, job_id: str
) -> None:
    held = worker.advance_to(
        job_id,
        Stage.TRANSLATE,
        pages=120,
        characters=300_000,
        to_bill=12_345,
        price=0.2469,
        currency="EUR",
    )
    with database.write() as connection:
        held.wait(connection, WaitingFor.APPROVAL, 60)
    text = words(client.get(page_path))
    assert "Waiting for approval" in text
    for shown in (
        "Pages 120",
        "Characters 300,000",
        "Characters to pay for 12,345",
        "Estimated price €0.25",
        "Translate it",
    ):
        assert shown in text


def test_page_says_that_others_decide_and_a_click_changes_nothing(
    settings: Settings, intake: Intake, worker: Worker, links: Links, job_id: str
) -> None:
    intake.settings = settings.model_copy(update={"approvers": ("boss@example.org",)})
    facts = {"pages": 4, "characters": 630_667, "to_bill": 630_667, "approval_reason": "budget"}
    held = worker.advance_to(job_id, Stage.TRANSLATE, **facts)
    with worker.database.write() as connection:
        held.wait(connection, WaitingFor.APPROVAL, 60)
    path = links.path("own", row_values.job(worker.row(job_id)))
    with serving(make_app(intake.settings, intake)) as port:
        text = words(Client(port).get(path))
        assert "others approve such costs" in text
        assert "This month’s budget is not enough" in text
        assert "Translate it" not in text
        assert Client(port).ask("POST", f"{path}/approve").status == 403
    assert worker.row(job_id)["state"] == "waiting"


def test_filename_cannot_bring_markup(client: Client, worker: Worker, links: Links) -> None:
    job_id = client.upload(filename="<script>alert(1)</script> & co.pdf").json["job_id"]
    assert (
        b"<script>alert"
        not in client.get(links.path("page", row_values.job(worker.row(job_id)))).body
    )


def test_cancel_on_the_page_ends_the_job_and_comes_back(
    client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    for _ in range(2):
        answer = client.ask("POST", f"{page_path}/cancel")
        assert (answer.status, answer.headers["Location"]) == (303, page_path)
    assert worker.row(job_id)["state"] == "cancelled"
    assert "This translation was cancelled" in words(client.get(page_path))


def test_shared_link_shows_and_downloads_and_changes_nothing(
    client: Client, worker: Worker, shown_path: str, job_id: str
) -> None:
    running = client.get(shown_path, **BROWSER)
    assert "Jahresbericht 2026.pdf" in words(running)
    assert "The person who asked for the translation has a link of their own" in words(running)
    for action in ("cancel", "delete"):
        assert f"/{action}" not in running.body.decode()
        refused = client.ask("POST", f"{shown_path}/{action}", Accept="text/html")
        assert refused.status == 403
        assert "it cannot change anything" in words(refused)
    assert (worker.row(job_id)["state"], worker.row(job_id)["purged_at"]) == ("ready", None)
    worker.all(job_id)
    action = re.search(r'action="(/d/[^"]+)"', client.get(shown_path).body.decode())
    assert action
    assert client.ask("POST", action[1]).body == RESULT


def test_delete_on_the_page_forgets_all_and_says_so(
    client: Client, worker: Worker, links: Links, page_path: str, job_id: str
) -> None:
    worker.all(job_id)
    download = links.path("download", row_values.job(worker.row(job_id)))
    answer = client.ask("POST", f"{page_path}/delete")
    assert (answer.status, answer.headers["Location"]) == (303, "/deleted")
    assert "It is deleted." in words(client.get("/deleted"))
    assert worker.keys(job_id) == []
    for gone in (client.get(page_path, **BROWSER), client.get(download, **BROWSER)):
        assert gone.status == 410
        assert "has been deleted" in words(gone)


def test_getting_a_link_downloads_nothing_and_posting_it_does(
    client: Client, worker: Worker, links: Links, job_id: str
) -> None:
    worker.all(job_id)
    path = links.path("download", row_values.job(worker.row(job_id)))
    page = client.get(path)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Jahresbericht 2026.de.pdf" in words(page)
    assert client.ask("HEAD", path).status == 200
    for _ in range(2):
        file = client.ask("POST", path)
        assert file.body == RESULT
        assert file.headers["Cache-Control"] == "private, no-store"
        assert file.headers["Content-Length"] == str(len(RESULT))
        assert (
            f"filename*=UTF-8''{quote('Jahresbericht 2026.de.pdf')}"
            in file.headers["Content-Disposition"]
        )


def test_download_link_before_the_result_says_not_yet(
    client: Client, worker: Worker, links: Links, job_id: str
) -> None:
    path = links.path("download", row_values.job(worker.row(job_id)))
    assert client.get(path, **BROWSER).status == 409
    assert client.ask("POST", path).status == 409


def test_wrong_links_get_a_kind_page(
    client: Client, worker: Worker, links: Links, page_path: str, job_id: str
) -> None:
    token = page_path.removeprefix("/j/")
    for path in (f"{page_path}x", "/j/nonsense", f"/d/{token}", "/j/"):
        answer = client.get(path, **BROWSER)
        assert answer.status == 404
        assert answer.headers["Content-Type"].startswith("text/html")
    assert client.get(f"{page_path}x").json["code"] == "not_found"


def test_revoked_link_is_gone(
    client: Client, worker: Worker, database: Database, page_path: str, job_id: str
) -> None:
    with database.write() as connection:
        connection.execute(
            update(JOBS).where(JOBS.c.id == job_id).values(link_version=JOBS.c.link_version + 1)
        )
    for answer in (client.get(page_path, **BROWSER), client.get(f"{page_path}/events", **BROWSER)):
        assert answer.status == 410
        assert "no longer valid" in words(answer)
    assert client.ask("POST", f"{page_path}/delete").status == 410
    assert worker.row(job_id)["purged_at"] is None


class TestExpiry:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        # The shortest that settings take is a minute; a token of the past is as good as waiting.
        return settings.model_copy(update={"link_ttl_s": -1})

    def test_expired_link_is_gone(self, client: Client, page_path: str) -> None:
        answer = client.get(page_path, **BROWSER)
        assert answer.status == 410
        assert "This link has expired." in words(answer)


def test_events_of_the_page_are_pieces_of_html_up_to_the_end(
    client: Client, worker: Worker, page_path: str, job_id: str
) -> None:
    with client.events(f"{page_path}/events") as events:
        kind, html = next(events)
        assert kind == "message"
        assert "Waiting in line" in html
        worker.progress(worker.advance_to(job_id, Stage.TRANSLATE), 0.5)
        html = next(html for _, html in events if "Translating the text</p>" in html)
        assert 'value="40"' in html
        client.ask("POST", f"{page_path}/cancel")
        rest = list(events)
    assert rest[-1] == ("end", "")
    assert "This translation was cancelled" in rest[-2][1]


def test_events_of_the_page_say_that_the_document_was_deleted(
    client: Client, page_path: str
) -> None:
    with client.events(f"{page_path}/events") as events:
        next(events)
        client.ask("POST", f"{page_path}/delete")
        rest = list(events)
    assert "has been deleted" in rest[-2][1]
    assert rest[-1][0] == "end"


def test_start_page_tells_how_to_send_and_nothing_of_jobs(client: Client, job_id: str) -> None:
    text = words(client.get("/"))
    assert "translate@localhost" in text
    assert "Jahresbericht" not in text


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/j/wrong", "/nothing", "/api/v1/jobs", "/healthz"]
)
def test_every_answer_is_safe_for_browsers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"].startswith("noindex")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    assert "Server" not in headers


@pytest.mark.parametrize("path", ["/", "/docs", "/j/wrong"])
def test_pages_ask_no_other_host_and_hold_no_inline_code(client: Client, path: str) -> None:
    html = client.get(path, **BROWSER).body.decode()
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', html)
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", html)


def test_docs_name_every_operation_and_every_problem(client: Client) -> None:
    html = client.get("/docs").body.decode()
    for path in client.get("/openapi.json").json["paths"]:
        assert path in html
    problem = client.upload(b"").json
    assert f'id="{problem["type"].removeprefix("/docs#")}"' in html


def test_static_files_may_be_kept(client: Client) -> None:
    for name in (
        "pico-2.1.1.min.css",
        "htmx-4.0.1.min.js",
        "htmx-sse-4.0.1.min.js",
        "dragoman.css",
        "favicon.svg",
    ):
        answer = client.get(f"/static/{name}")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=86400")
    assert client.get("/static/../base.html").status == 404


def test_unknown_addresses_are_problems_for_programs_and_pages_for_people(client: Client) -> None:
    assert client.get("/api/v1/nothing", **BROWSER).json["code"] == "http"
    assert client.get("/nothing").headers["Content-Type"] == "application/problem+json"
    assert client.get("/nothing", **BROWSER).headers["Content-Type"].startswith("text/html")
    assert client.ask("PUT", "/api/v1/jobs", ANNA).status == 405


def test_log_lines_hold_no_tokens(
    client: Client,
    page_path: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.get(page_path)
    client.get(f"{page_path}/events-of-nothing")
    client.upload(PDF)
    logged = ""

    def written() -> bool:
        nonlocal logged
        logged += "".join([*capsys.readouterr(), caplog.text])
        return all(route in logged for route in ("/j/{token}", "route=unknown", "/api/v1/upload"))

    until(written, "a line for each request")
    assert page_path.removeprefix("/j/") not in logged
    assert ANNA not in logged
