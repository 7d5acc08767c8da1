"""Signing in through a proxy: a real nginx, set up as the guide says, in front of the real
application.
"""

# ruff: noqa: F811 - the fixtures of the other module of tests are named as it names them

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dragoman.adapters.signed_links import Links
from dragoman.app.intake import Intake, Request
from dragoman.domain.job import Options
from dragoman.settings import Settings
from ingress.web import app as web
from tests import row_values
from tests.integration.web.conftest import ANNA, PDF, Client, Worker, multipart, serving
from tests.integration.web.test_web_browser import PICTURES, browser  # noqa: F401 - a fixture
from tests.integration.web.test_web_buttons import FORM, PHONE, findings, is_too_wide
from tests.integration.web.test_web_pages import BROWSER, words
from tests.servers.nginx import PROXY, in_front_of
from tests.unchanged import scan, snapshot

ANA, BEN = "ana@example.org", "ben@example.org"
HEADER = "X-Forwarded-Email"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"remote_user_header": HEADER, "remote_user_proxies": (PROXY,)}
    )


@pytest.fixture
def proxy(client: Client) -> Iterator[Client]:
    """A client of the proxy; `client` is one that goes around it."""
    with in_front_of(client.port) as port:
        yield Client(port)


def signed_in(address: str) -> dict[str, str]:
    """The headers of a browser that is signed in at the proxy."""
    return {**BROWSER, "Cookie": f"session={address}"}


def job_of(intake: Intake, owner: str, name: str, channel: str = "email") -> str:
    pdf = intake.store_pdf(name, BytesIO(PDF))
    return intake.submit([Request(pdf, Options("de"), owner, channel, name)]).job_ids[0]


def paths_in(html: str) -> list[str]:
    return re.findall(r'href="(/j/[^"]+)"', html)


def form_of(page: str, **fields: str) -> tuple[bytes, str]:
    """The start page's form, filled in."""
    key = re.search(r'name="form_key" value="([^"]+)"', page)
    return multipart(
        PDF, "letter.pdf", {**({"form_key": key[1]} if key else {}), "target_lang": "de", **fields}
    )


def test_a_person_sees_their_own_documents_of_email_and_upload_and_nobody_elses(
    proxy: Client, intake: Intake, links: Links
) -> None:
    mailed = job_of(intake, ANA, "contract.pdf")
    uploaded = job_of(intake, ANA, "letter.pdf", "web")
    job_of(intake, BEN, "secret.pdf")
    page = proxy.get("/jobs", **signed_in("Ana@Example.org"))
    assert page.status == 200
    text = words(page)
    assert "contract.pdf" in text
    assert "letter.pdf" in text
    assert "secret.pdf" not in text
    named = [links.read_page(path.removeprefix("/j/")) for path in paths_in(page.body.decode())]
    assert {one.job_id for one in named} == {mailed, uploaded}
    assert all(one.own for one in named)


def test_who_is_not_signed_in_is_sent_to_the_sign_in_and_links_work_without(
    proxy: Client, intake: Intake, worker: Worker, links: Links
) -> None:
    for path in ("/", "/jobs"):
        away = proxy.get(path, **BROWSER)
        assert away.status == 302
        assert "/oauth2/sign_in" in away.headers["Location"]
    job_id = job_of(intake, ANA, "contract.pdf")
    shown = proxy.get(links.path("page", row_values.job(worker.row(job_id))), **BROWSER)
    assert shown.status == 200
    assert "/cancel" not in shown.body.decode()
    assert proxy.get("/api/v1/jobs", ANNA).status == 200


def test_no_header_of_a_visitor_gets_through_the_proxy(
    proxy: Client, intake: Intake, worker: Worker, links: Links
) -> None:
    job_id = job_of(intake, ANA, "contract.pdf")
    shared = links.path("page", row_values.job(worker.row(job_id)))
    for name in (HEADER, HEADER.lower(), HEADER.upper(), "X_Forwarded_Email", "X-Forwarded_Email"):
        raw = (
            f"GET {{}} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n{name}:"
            f" {ANA}\r\n\r\n"
        )
        assert b"/cancel" not in sent(proxy.port, raw.format(shared))
        assert b" 302 " in sent(proxy.port, raw.format("/jobs")).splitlines()[0] + b" "
        as_ben = raw.format("/jobs").replace("Host: a", f"Host: a\r\nCookie: session={BEN}")
        answer = sent(proxy.port, as_ben)
        assert BEN.encode() in answer
        assert b"contract.pdf" not in answer


def sent(port: int, raw: str, peer: str | None = None) -> bytes:
    """What comes back for these very bytes, sent from the address `peer`."""
    source = (peer, 0) if peer else None
    with socket.create_connection(("127.0.0.1", port), 20, source) as connection:
        connection.sendall(raw.encode())
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.8"])
@pytest.mark.parametrize("path", ["/", "/jobs"])
def test_the_header_of_a_peer_that_is_not_named_is_refused_and_logged(
    client: Client, peer: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = f"X-Forwarded-For: {PROXY}\r\nX-Real-IP: {PROXY}\r\nForwarded: for={PROXY}\r\n"
    raw = (
        f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n{HEADER}:"
        f" {ANA}\r\n{more}\r\n"
    )
    answer = sent(client.port, raw, peer)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"does not come from the sign-in proxy" in answer
    logged = capsys.readouterr().out
    assert "sign_in_refused" in logged
    assert peer in logged
    assert ANA not in logged


def test_two_headers_or_no_address_are_refused_even_from_the_proxy(client: Client) -> None:
    for lines in (
        f"{HEADER}: {ANA}\r\n{HEADER}: {BEN}\r\n",
        f"{HEADER}: {ANA}\r\n{HEADER.lower()}: \r\n",
        f"{HEADER}: {ANA}, {BEN}\r\n",
        f"{HEADER}: ana\r\n",
        f"{HEADER}: Ana <{ANA}>\r\n",
    ):
        raw = (
            "GET /jobs HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection:"
            f" close\r\n{lines}\r\n"
        )
        answer = sent(client.port, raw, PROXY)
        assert answer.startswith(b"HTTP/1.1 400 "), lines
        assert b"does not say clearly who is signed in" in answer


def test_a_request_of_the_proxy_without_a_name_is_a_strangers(client: Client) -> None:
    for lines in ("", f"{HEADER}: \r\n", f"X_Forwarded_Email: {ANA}\r\n"):
        raw = (
            f"GET {{}} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n{lines}\r\n"
        )
        assert sent(client.port, raw.format("/jobs"), PROXY).startswith(b"HTTP/1.1 403 ")
        start = sent(client.port, raw.format("/"), PROXY)
        assert start.startswith(b"HTTP/1.1 200 ")
        assert b'action="/upload"' not in start


def test_the_environment_of_uvicorn_makes_no_header_of_a_stranger_count(
    settings: Settings, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with serving(web.make_app(settings, intake)) as port:
        raw = (
            f"GET /jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{HEADER}:"
            f" {ANA}\r\nX-Forwarded-For: {PROXY}\r\n\r\n"
        )
        assert sent(port, raw).startswith(b"HTTP/1.1 403 ")


def test_a_person_uploads_without_a_token_and_owns_the_job(
    proxy: Client, worker: Worker, links: Links
) -> None:
    start = proxy.get("/", **signed_in(ANA)).body.decode()
    assert 'name="token"' not in start
    body, kind = form_of(start)
    answer = proxy.ask("POST", "/upload", body=body, Content_Type=kind, **signed_in(ANA))
    assert answer.status == 303
    named = links.read_page(answer.headers["Location"].removeprefix("/j/"))
    assert worker.row(named.job_id)["owner"] == ANA
    assert named.own


def test_forms_of_other_sites_and_of_other_people_are_refused(
    proxy: Client, worker: Worker, settings: Settings
) -> None:
    bens = proxy.get("/", **signed_in(BEN)).body.decode()
    anas = proxy.get("/", **signed_in(ANA)).body.decode()
    before = snapshot(settings.data_dir)
    for page, more in (("", {}), (bens, {}), (anas, {"Sec_Fetch_Site": "cross-site"})):
        body, kind = form_of(page)
        answer = proxy.ask(
            "POST", "/upload", body=body, Content_Type=kind, **signed_in(ANA), **more
        )
        assert answer.status == 403
        assert "was not sent from this server" in words(answer)
    assert snapshot(settings.data_dir) == before


def test_a_shared_link_has_the_buttons_for_its_requester_alone(
    proxy: Client, intake: Intake, worker: Worker, links: Links
) -> None:
    job_id = job_of(intake, ANA, "contract.pdf")
    shared = links.path("page", row_values.job(worker.row(job_id)))
    assert "/cancel" not in proxy.get(shared, **signed_in(BEN)).body.decode()
    page = proxy.get(shared, **signed_in(ANA)).body.decode()
    found = re.search(r'action="(/j/[^"]+)/cancel"', page)
    assert found
    assert found[1] != shared
    answer = proxy.ask(
        "POST", f"{found[1]}/another", body=b"target_lang=fr", Content_Type=FORM, **BROWSER
    )
    assert answer.status == 303  # its own link is the key: nobody has to be signed in to use it
    assert (
        worker.row(links.read_page(answer.headers["Location"].removeprefix("/j/")).job_id)["owner"]
        == ANA
    )


def test_looking_changes_nothing(proxy: Client, intake: Intake, settings: Settings) -> None:
    job_of(intake, ANA, "contract.pdf")
    before = snapshot(settings.data_dir)
    openings = scan([f"{proxy.base}/", f"{proxy.base}/jobs"], signed_in(ANA))
    assert snapshot(settings.data_dir) == before
    assert any("contract.pdf" in one.body and "/cancel" in one.body for one in openings)


def test_a_colleague_signs_in_uploads_and_finds_the_document_again_on_a_phone(
    proxy: Client,
    browser: Browser,
    worker: Worker,
    tmp_path: Path,
) -> None:
    (tmp_path / "letter.pdf").write_bytes(PDF)
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    context.add_cookies([{"name": "session", "value": ANA, "url": proxy.base}])
    page = context.new_page()
    page.goto(proxy.base)
    expect(page.get_by_role("navigation")).to_contain_text(ANA)
    expect(page.get_by_label("access token")).to_have_count(0)
    page.get_by_label("PDF, up to").set_input_files(tmp_path / "letter.pdf")
    page.get_by_label("Into").fill("Klingonese")
    page.get_by_role("button", name="Translate").tap()
    expect(page.get_by_role("alert")).to_contain_text("We do not know the language")
    assert page.get_by_label("Into").input_value() == "Klingonese"
    page.get_by_label("Into").fill("Spanish")
    page.get_by_role("button", name="Translate").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("letter.pdf")
    page.get_by_role("link", name="Your documents").tap()
    expect(page.get_by_role("listitem")).to_contain_text("letter.pdf")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/jobs-{scheme}-phone.png", full_page=True)
        assert findings(page) == []
    assert not is_too_wide(page)
    page.get_by_role("link", name="letter.pdf").tap()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    context.close()


def test_the_form_works_without_javascript_and_keeps_what_was_typed(
    proxy: Client,
    browser: Browser,
    tmp_path: Path,
) -> None:
    (tmp_path / "letter.pdf").write_bytes(PDF)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "session", "value": ANA, "url": proxy.base}])
    page = context.new_page()
    page.goto(proxy.base)
    page.get_by_label("PDF, up to").set_input_files(tmp_path / "letter.pdf")
    page.get_by_label("Into").fill("Klingonese")
    page.get_by_label("Tone").select_option("formal")
    page.get_by_role("button", name="Translate").click()
    expect(page.get_by_role("alert")).to_contain_text("We do not know the language")
    expect(page.get_by_role("alert")).to_contain_text("choose the file again")
    assert page.get_by_label("Into").input_value() == "Klingonese"
    assert page.get_by_label("Tone").input_value() == "formal"
    page.get_by_label("Into").fill("Spanish")
    page.get_by_label("PDF, up to").set_input_files(tmp_path / "letter.pdf")
    page.get_by_role("button", name="Translate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("letter.pdf")
    context.close()
