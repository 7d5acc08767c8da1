"""Bad input and bad days on the running program: each gets its own plain answer on the door it came
through.

Nothing is accepted that is not durable, and nothing that was accepted is lost.
"""

from __future__ import annotations

import io
import json
import os
import smtplib
import subprocess
import sys
import urllib.error
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import psycopg
import pymupdf
import pytest

from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import find, missing, wait_until
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.stack import BEARER, SENDER, Stack

SAMPLE = Path("dragoman/sample.pdf").read_bytes()
ENGLISH = (
    "The history of the lighthouse begins in the year of the great storm, when the town asked for a"
    " light."
)
GERMAN = (
    "Der Leuchtturm wurde im Jahr des großen Sturms gebaut. Die Fischer hatten die Stadt viele"
    " Jahre darum gebeten."
)
MAX_BYTES, MAX_PAGES = 300_000, 3
PASSWORD = "sesame-street"
WRONG_KEY = "a-wrong-key"
TOO_LONG_FOR_SMTP = 8 * 2**20


def pdf(text: str = ENGLISH, pages: int = 1, **save: Any) -> bytes:
    with pymupdf.open() as document:
        for _ in range(pages):
            document.new_page().insert_textbox((72, 72, 500, 300), text, fontsize=11)
        return bytes(document.tobytes(**save))


def docx() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<document>{ENGLISH}</document>")
    return file.getvalue()


def locked() -> bytes:
    return pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=PASSWORD, owner_pw="owner")


@dataclass(frozen=True)
class Case:
    """`status`: of the answer to an upload; `words` stand in every answer, and `advice` in it says
    what to do.

    `mailed`: what stands in the answer to a mail in place of `words`, None if the same does.
    """

    body: bytes
    status: int
    code: str
    words: str
    advice: str
    target: str = "de"
    mailed: str | None = None


CASES = {
    "note.pdf": Case(b"Dear colleague, please.\n", 415, "not_a_pdf", "is not a PDF", "export the document as a PDF"),
    "report.docx": Case(docx(), 415, "not_a_pdf", "not a PDF but a Word", "export the document as a PDF"),
    "empty.pdf": Case(b"", 422, "empty_file", "is empty", "attach the file again"),
    "big.pdf": Case(pdf() + b"%" * MAX_BYTES, 413, "too_large", "larger than 300 KB", "send a smaller file"),
    "truncated.pdf": Case(SAMPLE[: len(SAMPLE) // 2], 202, "damaged_pdf", "cut short", "save or print it as a new PDF"),
    "head.pdf": Case(b"%PDF-1.7\n", 202, "damaged_pdf", "damaged", "save or print it as a new PDF"),
    "locked.pdf": Case(locked(), 202, "encrypted_pdf", "locked with a password", "save a copy without the password"),
    "scan.pdf": Case(pdf(""), 202, "no_text", "contains no text", "text recognition (OCR)"),
    "long.pdf": Case(pdf(pages=4), 202, "too_many_pages", "has 4 pages; this server accepts at most 3", "split it into parts"),
    "gibberish.pdf": Case(pdf(), 422, "unknown_language", "We do not know the language", "such as de, fr or pt-BR", target="gibberish"),
    "swahili.pdf": Case(pdf(), 422, "unsupported_target", "cannot translate into Swahili", "Ukrainian", target="sw"),
    "nothing.pdf": Case(pdf(), 422, "no_language", "No language was named", "French", target="", mailed="Which language would you like?"),
}  # fmt: skip
JOBS = [name for name, case in CASES.items() if case.status == 202]


@dataclass
class Told:
    """What both doors answered: an upload's HTTP answer by file name, and the mails by file
    name.
    """

    data: Path
    uploads: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    mails: dict[str, list[EmailMessage]] = field(default_factory=dict)
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    billed: int = 0
    log: str = ""
    too_long: tuple[int, bytes] = (0, b"")
    running: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The words of the only answer to the mail with that file, on one line."""
        (answer,) = self.mails[name]
        return words_of(answer)


def words_of(answer: EmailMessage) -> str:
    body = answer.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def answers_by_name(stack: Stack, sent: dict[str, str]) -> dict[str, list[EmailMessage]]:
    """The answers, by the file name of the mail that they answer."""
    found: dict[str, list[EmailMessage]] = {name: [] for name in sent.values()}
    for raw in stack.outbox():
        answer = cast("EmailMessage", message_from_bytes(raw, policy=policy.default))
        found[sent[str(answer["In-Reply-To"])]].append(answer)
    return found


def uploaded(stack: Stack, body: bytes, target: str = "de") -> tuple[int, dict[str, Any]]:
    """The status of the answer to an upload, and its JSON."""
    try:
        return 202, {"job_id": stack.upload(body, target)}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {**json.load(error), "retry_after": error.headers["Retry-After"]}


def refusal(stack: Stack, body: bytes = SAMPLE) -> tuple[int, bytes]:
    """What the SMTP door says to a mail that it does not take."""
    try:
        stack.mail(body)
    except smtplib.SMTPResponseException as error:
        reply = error.smtp_error
        return error.smtp_code, reply if isinstance(reply, bytes) else reply.encode()
    raise AssertionError("the mail was taken")


def cli(data: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    more = {
        f"DRAGOMAN_{name.upper()}": value
        for name, value in {"data_dir": str(data), **environment}.items()
    }
    command = [sys.executable, "-m", "dragoman", *words]
    return subprocess.run(
        command,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )


def family(stack: Stack) -> list[int]:
    """All processes that were started with the settings of this very stack, the broker too."""
    mark = f"DRAGOMAN_WEB_LISTEN=127.0.0.1:{stack.web}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        try:
            ours = folder.name.isdecimal() and mark in (folder / "environ").read_bytes()
        except OSError:
            continue
        if ours:
            found.append(int(folder.name))
    return found


def events(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """All cases through both doors of one stack, which has stopped."""
    told = Told(tmp_path_factory.mktemp("bad") / "data")
    with FakeDeepL() as deepl:
        engine = {"engine": "deepl", "deepl_auth_key": KEY, "deepl_server_url": deepl.url}
        limits = {"max_pdf_bytes": str(MAX_BYTES), "max_pages": str(MAX_PAGES)}
        with Stack(told.data, **engine, **limits) as stack:
            told.running = family(stack)
            send_all(stack, told)
            told.rows = {
                table: stack.rows(f"SELECT id, state FROM {table}")
                for table in ("jobs", "inbox", "outbox")
            }
        told.billed = deepl.characters_billed
    told.left, told.log = family(stack), stack.log()
    store = told.data / "store"
    told.blobs = {file.relative_to(store).as_posix() for file in store.rglob("*") if file.is_file()}
    return told


def send_all(stack: Stack, told: Told) -> None:
    sent = {}
    for name, case in {**CASES, "german.pdf": Case(pdf(GERMAN), 202, "", "", "")}.items():
        told.uploads[name] = uploaded(stack, case.body, case.target)
        to = f"translate+{case.target}@dragoman.test" if case.target else "translate@dragoman.test"
        # what Ana asked for before is remembered
        sender = SENDER if case.target else "bea@example.org"
        sent[stack.mail(case.body, to, name, sender)] = name
    told.too_long = refusal(stack, b"%PDF-1.7" + b"x" * TOO_LONG_FOR_SMTP)
    for name, (status, body) in told.uploads.items():
        if status == 202:
            told.ends[name] = stack.await_end(body["job_id"])
    stack.await_answers(len(sent))
    wait_until(
        lambda: not stack.rows("SELECT 1 FROM outbox WHERE state != 'done'"), 20, "all is sent"
    )
    told.mails = answers_by_name(stack, sent)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.more
def test_upload_is_answered_with_what_happened_and_what_to_do(told: Told, name: str) -> None:
    case = CASES[name]
    status, body = told.uploads[name]
    assert status == case.status
    if status == 202:
        assert told.ends[name]["status"] == "FAILED"
        body = {**told.ends[name]["error"], "detail": told.ends[name]["error"]["message"]}
    assert body["code"] == case.code
    assert case.words in body["detail"]
    assert case.advice in body["advice"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.more
def test_mail_is_answered_once_with_what_happened_and_what_to_do(told: Told, name: str) -> None:
    text = told.text(name)
    assert (CASES[name].mailed or CASES[name].words) in text
    assert CASES[name].advice in text
    assert ("Job " in text) == (name in JOBS)
    assert ("Reference " in text) != (name in JOBS)
    assert not list(told.mails[name][0].iter_attachments())
    assert "…" not in text.replace("“the password is …”", "")  # nothing is cut off
    for internal in ("Error", "Traceback", "/tmp/", "xref", "None"):
        assert internal not in text


@pytest.mark.more
def test_document_in_the_target_language_comes_back_without_cost(told: Told) -> None:
    assert (told.ends["german.pdf"]["status"], told.ends["german.pdf"]["characters_billed"]) == (
        "COMPLETED",
        0,
    )
    assert "Your document needs no translation." in told.text("german.pdf")
    (copy,) = told.mails["german.pdf"][0].iter_attachments()
    assert copy.get_payload(decode=True) == pdf_as_sent(told)
    assert told.billed == 0


def pdf_as_sent(told: Told) -> bytes:
    job_id = told.ends["german.pdf"]["job_id"]
    return (told.data / "store" / "jobs" / job_id / "source.pdf").read_bytes()


@pytest.mark.more
def test_mail_over_all_limits_is_refused_at_the_door(told: Told) -> None:
    code, words = told.too_long
    assert code == 552
    assert b"too big" in words
    assert b" MB" in words


@pytest.mark.more
def test_what_was_refused_left_nothing_and_what_was_accepted_is_answered(told: Told) -> None:
    accepted = [body["job_id"] for status, body in told.uploads.values() if status == 202]
    assert len(told.rows["jobs"]) == 2 * len(accepted)  # an upload and a mail of each
    assert len(told.rows["inbox"]) == len(told.mails) == len(told.rows["outbox"])
    known = {row_id for table in told.rows.values() for row_id, _ in table}
    # that one says whose the store is
    of_rows = [blob for blob in told.blobs if not blob.startswith("marker/")]
    assert {blob.split("/")[1] for blob in of_rows} <= known


@pytest.mark.more
def test_dead_letters_name_each_failed_job_in_full_with_its_reason(told: Told) -> None:
    dead = [row_id for row_id, state in told.rows["jobs"] if state == "dead"]
    assert len(dead) == 2 * len(JOBS)
    shown = cli(told.data, "jobs", "dead", columns="80").stdout
    letters = json.loads(cli(told.data, "jobs", "dead", "--json").stdout)["dead"]
    assert all(job_id in shown for job_id in dead)
    assert sorted(letter["code"] for letter in letters) == sorted(
        [CASES[name].code for name in JOBS] * 2
    )
    assert "locked" in shown


@pytest.mark.more
def test_logs_of_failures_name_the_job_and_nobody_and_nothing_secret(told: Told) -> None:
    said = events(told.log)
    failures = [event for event in said if event["event"] == "gave_up"]
    assert len(failures) == 2 * len(JOBS)
    assert all(event["job_id"] == event["id"] for event in failures)
    # no admin has to look
    assert [event for event in said if event["level"] in ("error", "critical")] == []
    for secret in (SENDER, "ana@", BEARER, KEY, PASSWORD, "lighthouse", "Leuchtturm", *CASES):
        assert secret not in told.log


@pytest.mark.more
def test_no_process_is_left(told: Told) -> None:
    assert len(told.running) > 8
    assert told.left == []


@pytest.mark.more
def test_jobs_fail_with_a_wrong_key_and_complete_after_it_is_mended(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with FakeDeepL() as deepl:
        engine = {"engine": "deepl", "deepl_server_url": deepl.url}
        with Stack(data, deepl_auth_key=WRONG_KEY, **engine) as stack:
            failed = [stack.upload(pdf()), mailed_job(stack, pdf(f"{ENGLISH} Again."))]
            for job_id in failed:
                assert_failed(stack, job_id, "engine_key_rejected")
            assert_says_whom_to_ask(
                stack.await_answers(1)[-1], failed[1], "does not accept this server's key"
            )
        log = stack.log()
        with Stack(data, deepl_auth_key=KEY, **engine) as stack:
            retry_by_command(stack, failed)
            assert_attached(stack.await_answers(2))
            assert_quota_is_told_and_mended(stack, deepl)
            assert_busy_engine_is_waited_for(stack, deepl)
        log += stack.log()
    assert WRONG_KEY not in log
    troubles = [event for event in events(log) if event["event"] in ("gave_up", "will_retry")]
    assert {event["code"] for event in troubles} == {
        "engine_key_rejected", "quota_used_up", "engine_busy", "engine_unavailable"
    }  # fmt: skip
    assert all(event["job_id"] == event["id"] for event in troubles)


def mailed_job(stack: Stack, body: bytes) -> str:
    """The id of the job that a mail became."""
    before = {job["job_id"] for job in stack.api("/api/v1/jobs")["jobs"]}
    stack.mail(body)
    newest = stack.await_jobs(len(before) + 1)
    (job_id,) = {str(job["job_id"]) for job in newest} - before
    return job_id


def assert_failed(stack: Stack, job_id: str, code: str) -> None:
    ended = stack.await_end(job_id)
    assert (ended["status"], ended["error"]["code"]) == ("FAILED", code)
    assert "admin" in ended["error"]["advice"]


def assert_says_whom_to_ask(raw: bytes, job_id: str, words: str) -> None:
    answer = cast("EmailMessage", message_from_bytes(raw, policy=policy.default))
    text = words_of(answer)
    assert words in text
    assert "show this to the admin of this server" in text
    assert "need not be sent again" in text
    assert f"Job {job_id}" in text
    assert "DRAGOMAN_" not in text


def retry_by_command(stack: Stack, job_ids: list[str]) -> None:
    """Each is a dead letter until it is tried again; the last of them over HTTP, which is
    faster.
    """
    assert set(dead_letters(stack)) == set(job_ids)
    for job_id in job_ids[:-1]:
        done = cli(stack.data, "jobs", "retry", job_id, "--json")
        assert (done.returncode, json.loads(done.stdout)["job_id"]) == (0, job_id)
    retry_over_http(stack, job_ids[-1:])
    assert all(stack.await_end(job_id)["status"] == "COMPLETED" for job_id in job_ids)
    assert dead_letters(stack) == []


def retry_over_http(stack: Stack, job_ids: list[str]) -> None:
    for job_id in job_ids:
        stack.api(f"/api/v1/jobs/{job_id}/retry", method="POST")
    assert all(stack.await_end(job_id)["status"] == "COMPLETED" for job_id in job_ids)


def dead_letters(stack: Stack) -> list[str]:
    letters = json.loads(cli(stack.data, "jobs", "dead", "--json").stdout)["dead"]
    return [letter["id"] for letter in letters]


def assert_attached(raw: list[bytes]) -> None:
    answers = [cast("EmailMessage", message_from_bytes(one, policy=policy.default)) for one in raw]
    assert sum(len(list(answer.iter_attachments())) for answer in answers) == 1


def assert_quota_is_told_and_mended(stack: Stack, deepl: FakeDeepL) -> None:
    deepl.faults.extend([456, 456])
    failed = [stack.upload(pdf(f"{ENGLISH} One.")), mailed_job(stack, pdf(f"{ENGLISH} Two."))]
    for job_id in failed:
        assert_failed(stack, job_id, "quota_used_up")
    assert b"quota at the translation service" in b"".join(stack.await_answers(3))
    retry_over_http(stack, failed)
    stack.await_answers(4)


def assert_busy_engine_is_waited_for(stack: Stack, deepl: FakeDeepL) -> None:
    deepl.faults.extend([429, 503, 529, "hang_up"])
    job_ids = [
        stack.upload(pdf(f"{ENGLISH} {word}.")) for word in ("Red", "Blue", "Green", "Black")
    ]
    mailed = mailed_job(stack, pdf(f"{ENGLISH} White."))
    for job_id in (*job_ids, mailed):
        ended = stack.await_end(job_id)
        assert (ended["status"], ended["error"]) == ("COMPLETED", None)
    assert not deepl.faults
    assert len(stack.await_answers(5)) == 5


@pytest.fixture
def bad_day(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str, seaweedfs: SeaweedFS
) -> Iterator[BadDay]:
    if find("apertium") is None:
        missing("apertium", "apertium apertium-eng-spa apertium-fra-spa")
    storage = seaweedfs.fresh()
    settings = {
        "database_url": postgresql_url,
        "storage_url": storage,
        "engine": "apertium",
        "lease_s": "5",
    }
    with Stack(tmp_path / "data", seaweedfs.environment, **settings) as stack:
        wait_until(
            lambda: engines_known(postgresql_url), 30, "the worker has said what its engine can do"
        )
        yield BadDay(
            stack, postgresql, seaweedfs, postgresql_url, storage.split("/")[2].split("?")[0]
        )
    assert family(stack) == []


def engines_known(database_url: str) -> bool:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        return connection.execute("SELECT 1 FROM capabilities").fetchone() is not None


@dataclass(frozen=True)
class BadDay:
    """A stack on real servers that can be stopped."""

    stack: Stack
    postgresql: PostgreSQL
    seaweedfs: SeaweedFS
    database_url: str
    bucket: str

    def kept(self) -> tuple[int, int, set[str]]:
        """How many mails and jobs there are, and the keys of their bytes."""
        with psycopg.connect(self.database_url.replace("+psycopg", "")) as connection:
            mails = connection.execute("SELECT count(*) FROM inbox").fetchone()
            jobs = connection.execute("SELECT count(*) FROM jobs").fetchone()
        assert mails
        assert jobs
        client = self.seaweedfs.client()
        found = client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        client.close()
        keys = {entry["Key"] for entry in found}
        return mails[0], jobs[0], {key for key in keys if key.startswith(("inbox/", "jobs/"))}


@pytest.mark.more
def test_both_doors_refuse_what_they_cannot_keep_and_lose_nothing_they_took(
    bad_day: BadDay,
) -> None:
    stack = bad_day.stack
    assert_unserved_languages_are_told(stack)
    before = bad_day.kept()
    assert_doors_refuse_while_down(stack, bad_day.seaweedfs.stop, "store_unavailable", "file store")
    bad_day.seaweedfs.start()
    assert bad_day.kept() == before
    taken = stack.upload(SAMPLE, "es")
    # and the database goes away while they are worked on
    stack.mail(SAMPLE, "translate+es@dragoman.test")
    assert_doors_refuse_while_down(
        stack, bad_day.postgresql.stop, "database_unavailable", "database"
    )
    bad_day.postgresql.start()
    assert stack.await_end(taken)["status"] == "COMPLETED"
    assert len(stack.await_answers(2, within_s=90)) == 2
    mails, jobs, _ = bad_day.kept()
    assert (mails, jobs) == (before[0] + 1, before[1] + 2)


def assert_unserved_languages_are_told(stack: Stack) -> None:
    status, problem = uploaded(stack, pdf(), "de")
    assert (status, problem["code"]) == (422, "unsupported_target")
    assert "German" in problem["detail"]
    assert "Spanish (es)" in problem["advice"]
    ended = stack.await_end(uploaded(stack, pdf(), "fr")[1]["job_id"])
    assert (ended["status"], ended["error"]["code"]) == ("FAILED", "unsupported_pair")
    assert "English into French" in ended["error"]["message"]
    assert "English → Spanish" in ended["error"]["advice"]
    stack.mail(pdf(), "translate+fr@dragoman.test")
    answer = cast(
        "EmailMessage", message_from_bytes(stack.await_answers(1)[0], policy=policy.default)
    )
    assert "English into French" in words_of(answer)
    assert "English → Spanish" in words_of(answer)


def assert_doors_refuse_while_down(
    stack: Stack, stop: Callable[[], None], code: str, words: str
) -> None:
    stop()
    status, problem = uploaded(stack, pdf(f"{ENGLISH} {code}"), "es")
    assert (status, problem["code"]) == (503, code)
    assert int(problem["retry_after"]) > 0
    assert words in problem["detail"]
    assert "try again" in problem["advice"]
    reply, said = refusal(stack, pdf(f"{ENGLISH} {code}"))
    assert (reply, said[:5]) == (451, b"4.3.0")
    assert b"try again later" in said


@pytest.mark.parametrize(
    ("name", "settings", "code", "words"),
    [
        ("truncated.pdf", {}, 12, "save or print it as a new PDF"),
        ("report.docx", {}, 10, "a Word document"),
        ("long.pdf", {"max_pages": str(MAX_PAGES)}, 17, "4 pages"),
        (
            "scan.pdf",
            {"engine": "deepl", "deepl_auth_key": WRONG_KEY},
            41,
            "DRAGOMAN_DEEPL_AUTH_KEY",
        ),
    ],
)
def test_command_line_says_it_too(
    tmp_path: Path, name: str, settings: dict[str, str], code: int, words: str
) -> None:
    with FakeDeepL() as deepl:
        (tmp_path / name).write_bytes(CASES[name].body)
        settings = {"engine": "pseudo", "deepl_server_url": deepl.url, **settings}
        done = cli(tmp_path, "translate", str(tmp_path / name), "--to", "de", **settings)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
