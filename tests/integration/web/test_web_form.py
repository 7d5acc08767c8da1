"""The upload form where tokens are used, sent as a browser without JavaScript sends it."""

from __future__ import annotations

import http.client
import re

import pytest

from dragoman.adapters.signed_links import Links
from dragoman.settings import Settings
from tests.integration.web.conftest import ANNA, PDF, Answer, Client, Worker, multipart
from tests.integration.web.test_web_pages import BROWSER, words


def send(client: Client, body: bytes = PDF, **fields: str) -> Answer:
    form, kind = multipart(body, "letter.pdf", fields)
    return client.ask("POST", "/upload", body=form, Content_Type=kind, **BROWSER)


def test_a_token_in_the_form_is_enough_and_leads_to_the_requesters_page(
    client: Client, worker: Worker, links: Links
) -> None:
    answer = send(client, token=f" {ANNA} ", target_lang="Spanish", tone="formal")
    assert answer.status == 303
    named = links.read_page(answer.headers["Location"].removeprefix("/j/"))
    row = worker.row(named.job_id)
    assert named.own
    assert (row["owner"], row["target_lang"], row["options"]["tone"]) == (
        "web:anna",
        "es",
        "formal",
    )


def test_what_was_typed_stays_and_the_token_is_not_shown_again(client: Client) -> None:
    answer = send(client, token=ANNA, target_lang='Kling"onese', tone="formal")
    assert answer.status == 422
    html = answer.body.decode()
    assert "We do not know the language" in html
    assert 'value="Kling&#34;onese"' in html
    assert '<option value="formal" selected>' in html
    assert ANNA not in html


@pytest.mark.parametrize("token", ["", "nobody's token at all", ANNA[:-1]])
def test_an_unknown_token_is_refused_in_words(client: Client, token: str) -> None:
    answer = send(client, token=token, target_lang="de")
    assert answer.status == 403
    assert "This server does not know that token." in words(answer)


def test_no_file_of_a_stranger_is_read(client: Client) -> None:
    """The answer comes as soon as the form's beginning is there; the rest of the file was never
    sent.
    """
    form, kind = multipart(
        b"%PDF-1.7\n" + b"x" * 8000, "letter.pdf", {"token": "wrong", "target_lang": "de"}
    )
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=5)
    connection.putrequest("POST", "/upload")
    for name, value in {
        "Content-Type": kind,
        "Content-Length": str(40 * 2**20),
        "Expect": "100-continue",
    }.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(form[:6000])
    assert connection.getresponse().status == 403
    connection.close()


def test_too_large_a_file_is_said_on_the_page(client: Client, settings: Settings) -> None:
    answer = send(client, body=PDF + bytes(settings.max_pdf_bytes), token=ANNA, target_lang="de")
    assert answer.status == 413
    assert "Send it here" in words(answer)


def test_programs_get_json_and_problems(client: Client) -> None:
    form, kind = multipart(PDF, "letter.pdf", {"token": ANNA, "target_lang": "de"})
    answer = client.ask("POST", "/upload", body=form, Content_Type=kind, Accept="application/json")
    assert re.fullmatch(r"/j/[\w.-]+", answer.json["page_url"])
    form, kind = multipart(b"no pdf", "letter.pdf", {"token": ANNA, "target_lang": "de"})
    refused = client.ask("POST", "/upload", body=form, Content_Type=kind, Accept="application/json")
    assert (refused.status, refused.json["code"]) == (415, "not_a_pdf")


def test_the_token_field_is_there_only_where_tokens_are_used(
    client: Client, settings: Settings
) -> None:
    assert 'name="token"' in client.get("/").body.decode()


class TestWithoutTokens:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"api_tokens": None})

    def test_there_is_no_form_and_nobody_can_send(self, client: Client) -> None:
        page = client.get("/").body.decode()
        assert 'name="token"' not in page
        assert 'type="file"' not in page
        assert send(client, token="", target_lang="de").status == 403
