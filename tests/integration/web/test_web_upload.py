from __future__ import annotations

import hashlib
import http.client
import socket
import threading
from pathlib import Path

import pytest
from fastapi import FastAPI

from dragoman.adapters import queues
from dragoman.adapters.storage import FolderStore
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.ports import BlobStore, Capabilities
from dragoman.settings import MIB, Settings
from ingress.web.app import make_app
from tests.fakes import RecordingDoorbell
from tests.integration.web.conftest import (
    ADMIN,
    ANNA,
    BERT,
    PDF,
    Answer,
    Client,
    Worker,
    multipart,
    serving,
)
from tests.patience import patience
from tests.workbooks import workbook


def test_upload_is_kept_before_it_is_accepted_and_the_broker_is_rung(
    client: Client, worker: Worker, doorbell: RecordingDoorbell
) -> None:
    answer = client.upload(
        target_lang="French", source_lang="EN", tone="Formal", pages="1-3, 5", engine="auto"
    )
    assert answer.status == 202
    job_id = answer.json["job_id"]
    row = worker.row(job_id)
    assert (row["owner"], row["channel"], row["filename"], row["target_lang"]) == (
        "web:anna",
        "web",
        "report.pdf",
        "fr",
    )
    assert (
        row["options"] | {"source_lang": "en", "tone": "formal", "pages": "1-3,5", "engine": None}
        == row["options"]
    )
    assert row["source_sha256"] == hashlib.sha256(PDF).hexdigest()
    with worker.store.open(row["source"]) as body:
        assert body.read() == PDF
    assert doorbell.rings == [(queues.EXTRACT_AND_TRANSLATE, job_id)]
    assert client.get(answer.json["status_url"], ANNA).json["job_id"] == job_id
    assert client.get(answer.json["page_url"]).status == 200


def test_default_language_serves_where_none_is_named(client: Client, worker: Worker) -> None:
    assert worker.row(client.upload().json["job_id"])["target_lang"] == "de"


@pytest.mark.parametrize(
    ("body", "fields", "status", "code"),
    [
        (b"", {}, 422, "empty_file"),
        (b"PK\x03\x04 a docx", {}, 415, "not_a_pdf"),
        (PDF, {"target_lang": "Klingonese"}, 422, "unknown_language"),
        (PDF, {"tone": "rude"}, 422, "unsupported_option"),
        (PDF, {"layout": "spiral"}, 422, "unsupported_option"),
        (PDF, {"pages": "0"}, 422, "unsupported_option"),
        (PDF, {"pages": "9" * 5000}, 422, "unsupported_option"),
        (PDF, {"engine": "babelfish"}, 422, "unsupported_option"),
        (PDF, {"targetlang": "de"}, 422, "unsupported_option"),
    ],
)
def test_bad_upload_gets_its_own_plain_problem_and_leaves_nothing(
    client: Client, worker: Worker, body: bytes, fields: dict[str, str], status: int, code: str
) -> None:
    answer = client.upload(body, **fields)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"] == f"/docs#{code}"
    assert all(problem[name] for name in ("title", "detail", "advice"))
    assert list(worker.store.keys("jobs/")) == []
    assert client.get("/api/v1/jobs", ADMIN).json == {"jobs": [], "next": None}


def test_form_without_a_file_is_told_how_to_send_one(client: Client) -> None:
    for kind, body in (
        ("application/json", b"{}"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhi\r\n--x--\r\n',
        ),
    ):
        answer = client.ask("POST", "/api/v1/upload", ANNA, body, Content_Type=kind)
        assert (answer.status, answer.json["code"]) == (400, "request")
        assert "curl" in answer.json["advice"]


def test_broken_multipart_is_a_problem_of_the_client(client: Client) -> None:
    answer = client.ask(
        "POST",
        "/api/v1/upload",
        ANNA,
        b"--y\r\nnonsense",
        Content_Type="multipart/form-data; boundary=x",
    )
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("token", [None, "wrong-token-0123456789", "", ANNA[:-1]])
def test_without_a_known_token_nothing_is_taken(
    client: Client, worker: Worker, token: str | None
) -> None:
    answer = client.upload(token=token)
    assert (answer.status, answer.json["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert list(worker.store.keys("jobs/")) == []


def test_same_idempotency_key_file_and_options_give_the_same_job(
    client: Client, worker: Worker, doorbell: RecordingDoorbell
) -> None:
    answers = [
        client.upload(headers={"Idempotency-Key": "order-7"}, target_lang="fr") for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json["job_id"] == answers[1].json["job_id"]
    assert len(doorbell.rings) == 1
    assert len(list(worker.store.keys("jobs/"))) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (PDF + b"more", {"target_lang": "fr"}),
        (PDF, {"target_lang": "it"}),
        (PDF, {"tone": "formal"}),
    ],
)
def test_same_idempotency_key_for_something_else_is_a_conflict(
    client: Client, worker: Worker, body: bytes, fields: dict[str, str]
) -> None:
    client.upload(headers={"Idempotency-Key": "order-7"}, target_lang="fr")
    answer = client.upload(
        body, headers={"Idempotency-Key": "order-7"}, **{"target_lang": "fr", **fields}
    )
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    assert len(list(worker.store.keys("jobs/"))) == 1


def test_idempotency_keys_of_two_tokens_are_two_keys(client: Client) -> None:
    one = client.upload(token=ANNA, headers={"Idempotency-Key": "order-7"}).json["job_id"]
    other = client.upload(token=BERT, headers={"Idempotency-Key": "order-7"}).json["job_id"]
    assert one != other


def test_uploads_that_race_with_one_key_make_one_job(client: Client) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(
                client.upload(headers={"Idempotency-Key": "race"}).json["job_id"]
            )
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1


def test_target_that_no_engine_has_is_refused_with_the_possible_ones(
    client: Client, database: Database
) -> None:
    with database.write() as connection:
        process_registry.publish(
            connection, "worker@a", [Capabilities("apertium", frozenset({"es"}))]
        )
        process_registry.publish(connection, "worker@b", [Capabilities("deepl", frozenset({"de"}))])
    refused = client.upload(target_lang="ja")
    assert (refused.status, refused.json["code"]) == (422, "unsupported_target")
    assert "Spanish (es)" in refused.json["advice"]
    assert client.upload(target_lang="es", engine="deepl").json["code"] == "unsupported_target"
    assert client.upload(target_lang="es", engine="local").json["code"] == "unsupported_option"
    # every worker has it, for who names it
    assert client.upload(target_lang="ja", engine="pseudo").status == 202
    assert client.upload(target_lang="es", engine="Apertium").status == 202


class TestLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"max_pdf_bytes": 2 * MIB})

    def test_file_of_the_very_limit_is_taken(self, client: Client) -> None:
        assert client.upload(PDF.ljust(2 * MIB, b" ")).status == 202

    @pytest.mark.parametrize("size", [2 * MIB + 1, 3 * MIB, 5 * MIB])
    def test_larger_file_is_refused_with_an_answer_that_arrives(
        self, client: Client, worker: Worker, size: int
    ) -> None:
        answer = client.upload(PDF.ljust(size, b" "))
        assert (answer.status, answer.json["code"]) == (413, "too_large")
        assert list(worker.store.keys("jobs/")) == []

    def test_larger_file_is_refused_before_it_is_sent(self, client: Client) -> None:
        """A client that waits for `100 Continue`, as curl does, sends nothing."""
        with socket.create_connection(
            ("127.0.0.1", client.port), timeout=patience(10)
        ) as connection:
            head = (
                "POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data;"
                f" boundary=x\r\nAuthorization: Bearer {ANNA}\r\nContent-Length: {10**9}\r\nExpect:"
                " 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")

    def test_body_without_a_length_is_counted_while_it_comes(
        self, client: Client, worker: Worker
    ) -> None:
        form, kind = multipart(PDF.ljust(3 * MIB, b" "), "report.pdf", {})
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=patience(10))
        pieces = (form[start : start + 65536] for start in range(0, len(form), 65536))
        headers = {"Authorization": f"Bearer {ANNA}", "Content-Type": kind}
        connection.request("POST", "/api/v1/upload", pieces, headers, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()
        assert list(worker.store.keys("jobs/")) == []

    def test_refusal_of_an_unknown_caller_arrives_while_the_body_is_still_sent(
        self, client: Client
    ) -> None:
        assert client.upload(PDF.ljust(MIB, b" "), token=None).status == 401


class TestNothingIsAcceptedThatIsNotDurable:
    @pytest.fixture
    def broken_store(self, tmp_path: Path) -> BlobStore:
        """A store whose folder cannot be made: a file stands there."""
        (tmp_path / "taken").write_bytes(b"")
        return FolderStore(tmp_path / "taken" / "store")

    @pytest.fixture
    def away(self) -> Database:
        """A database on a port where nobody listens."""
        return Database("postgresql+psycopg://nobody@127.0.0.1:1/none")

    @pytest.fixture
    def app(self) -> FastAPI:
        return FastAPI()

    def test_store_down(
        self,
        settings: Settings,
        database: Database,
        broken_store: BlobStore,
        doorbell: RecordingDoorbell,
    ) -> None:
        with serving(
            make_app(settings, Intake(database, broken_store, doorbell, settings))
        ) as port:
            client = Client(port)
            answer, ready = client.upload(), client.get("/readyz")
            assert client.get("/healthz").status == 200
            assert client.get("/api/v1/jobs", ADMIN).json == {"jobs": [], "next": None}
        assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "30"
        assert "taken" not in answer.body.decode()
        assert (ready.status, ready.json["code"]) == (503, "store_unavailable")
        assert doorbell.rings == []

    def test_database_down(
        self, settings: Settings, store: BlobStore, away: Database, doorbell: RecordingDoorbell
    ) -> None:
        with serving(make_app(settings, Intake(away, store, doorbell, settings))) as port:
            client = Client(port)
            answers = [
                client.upload(),
                client.get("/readyz"),
                client.get("/metrics"),
                client.get("/api/v1/jobs", ANNA),
            ]
            assert client.get("/healthz").status == 200
        for answer in answers:
            assert (answer.status, answer.json["code"]) == (503, "database_unavailable")
            assert answer.headers["Retry-After"]
            assert "127.0.0.1" not in answer.body.decode()
        assert list(store.keys("jobs/")) == []
        assert doorbell.rings == []


def upload_with_glossary(client: Client, name: str, data: bytes) -> Answer:
    """The answer to an upload whose form has a glossary's file before the PDF."""
    form, kind = multipart(PDF, "report.pdf", {"target_lang": "de"})
    boundary = kind.rpartition("=")[2]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="glossary"; filename="{name}"'
    part = f"{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode() + data + b"\r\n"
    return client.ask("POST", "/api/v1/upload", ANNA, part + form, Content_Type=kind)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("terms.csv", b"house;Haus\nroof;Dach"),
        ("terms.xlsx", workbook([("house", "Haus"), ("roof", "Dach")])),
    ],
)
def test_a_glossary_comes_with_the_document_that_it_is_for(
    client: Client, worker: Worker, name: str, data: bytes
) -> None:
    answer = upload_with_glossary(client, name, data)
    assert answer.status == 202
    terms = worker.row(answer.json["job_id"])["options"]["glossary"]
    assert [tuple(one) for one in terms] == [("house", "Haus"), ("roof", "Dach")]


def test_a_form_without_a_chosen_glossary_has_none(client: Client, worker: Worker) -> None:
    answer = upload_with_glossary(client, "", b"")
    assert worker.row(answer.json["job_id"])["options"]["glossary"] == []


def test_a_glossary_that_contradicts_itself_is_told_and_nothing_is_kept(
    client: Client, doorbell: RecordingDoorbell
) -> None:
    answer = upload_with_glossary(client, "terms.csv", b"house;Haus\nhouse;Gebaeude")
    assert (answer.status, answer.json["code"]) == (422, "unsupported_option")
    assert "two translations for “house”" in answer.json["detail"]
    assert doorbell.rings == []
