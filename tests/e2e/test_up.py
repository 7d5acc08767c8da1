"""`dragoman up` as a person meets it: mail by swaks, an upload by curl, Flower, and all of it
again after a restart.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pymupdf
import pytest

from tests.patience import patience
from tests.servers.process import LOOPBACK, missing, wait_until
from tests.servers.stack import BEARER, SENDER, Stack

SAMPLE = Path("dragoman/sample.pdf").absolute()
TASKS = {
    "pipeline.extract_and_translate",
    "pipeline.extract",
    "pipeline.translate",
    "pipeline.customize_tone",
    "pipeline.reconstruct",
    "notifier.deliver",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


def mail_with_swaks(stack: Stack, message_id: str) -> None:
    swaks = shutil.which("swaks") or missing("swaks", "swaks")
    words = (
        f"--server {LOOPBACK}:{stack.smtp} --from {SENDER} --to translate+de@dragoman.test".split()
    )
    headers = ["--header", f"Message-Id: {message_id}", "--header", "Subject: The brochure"]
    attachment = ["--attach-type", "application/pdf", "--attach", f"@{SAMPLE}"]
    subprocess.run(
        [swaks, *words, *headers, "--body", "Hello", *attachment], check=True, capture_output=True
    )


def upload_with_curl(stack: Stack, target: str = "fr") -> str:
    curl = shutil.which("curl") or missing("curl", "curl")
    fields = ["-F", f"file=@{SAMPLE}", "-F", f"target_lang={target}"]
    header = ["-H", f"Authorization: Bearer {BEARER}"]
    done = subprocess.run(
        [curl, "-sS", *header, *fields, f"{stack.url}/api/v1/upload"],
        check=True,
        capture_output=True,
    )
    return str(json.loads(done.stdout)["job_id"])


def read(answer: bytes) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(answer, policy=policy.default))


def pdf_of(answer: EmailMessage) -> pymupdf.Document:
    (attachment,) = [
        part for part in answer.iter_attachments() if part.get_content_type() == "application/pdf"
    ]
    return pymupdf.open("pdf", attachment.get_payload(decode=True))


def assert_both_doors_work(stack: Stack, message_id: str) -> None:
    before = stack.outbox()
    mail_with_swaks(stack, message_id)
    job_id = upload_with_curl(stack)
    assert stack.await_end(job_id)["status"] == "COMPLETED"
    (new,) = [one for one in stack.await_answers(len(before) + 1) if one not in before]
    answer = read(new)
    assert answer["In-Reply-To"] == message_id
    assert answer["Subject"] == "Re: The brochure"
    assert pdf_of(answer).page_count == pymupdf.open(SAMPLE).page_count


def test_a_mail_by_swaks_and_an_upload_by_curl_are_answered(stack: Stack) -> None:
    assert_both_doors_work(stack, "<first@example.org>")


def test_progress_only_rises_until_the_job_is_completed(stack: Stack) -> None:
    job_id, seen = upload_with_curl(stack, "it"), []
    while not seen or seen[-1][1] not in ("COMPLETED", "FAILED"):
        status = stack.status(job_id)
        seen.append((status["progress"], status["status"]))
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert seen[-1] == (100, "COMPLETED")
    assert len(set(percents)) > 2


def test_flower_lists_the_tasks_of_a_job(stack: Stack) -> None:
    job_id = upload_with_curl(stack, "nl")
    stack.await_end(job_id)

    def names() -> set[str]:
        done = subprocess.run(
            ["curl", "-sS", f"http://{LOOPBACK}:{stack.flower}/metrics"],
            check=True,
            capture_output=True,
        )
        return {task for task in TASKS if f'task="{task}"'.encode() in done.stdout}

    wait_until(lambda: names() == TASKS, 20, "Flower knows all tasks", every_s=0.5)


def test_metrics_tell_of_each_process_and_of_what_was_done_and_no_secret(stack: Stack) -> None:
    mail_with_swaks(stack, "<metrics@example.org>")
    stack.await_end(upload_with_curl(stack, "sv"))
    services = ("up", "web", "smtp", "worker", "notifier", "sweeper", "beat")

    def told() -> str:
        with urllib.request.urlopen(f"{stack.url}/metrics", timeout=patience(10)) as answer:
            return str(answer.read().decode())

    def number(pattern: str) -> float:
        (found,) = re.findall(rf"^{pattern} (\S+)$", told(), re.MULTILINE)
        return float(found)

    def is_whole(text: str) -> bool:
        return (
            all(f'service="{name}@' in text for name in services)
            and "dragoman_deliveries_total{" in text
        )

    wait_until(lambda: is_whole(told()), 30, "all processes have said how they are", every_s=0.5)
    worker = r'pid="\d+",service="worker@[^"]+"'
    with_children = rf"dragoman_processes{{{worker}}}"
    wait_until(
        lambda: number(with_children) >= 3, 40, "the pool's children are counted in", every_s=0.5
    )
    assert number(rf"dragoman_process_resident_memory_bytes{{{worker}}}") > 50e6
    assert number(r'dragoman_stage_seconds_count{engine="pseudo",stage="reconstruct"}') >= 1
    assert number(r'dragoman_deliveries_total{channel="email",kind="final"}') >= 1
    secret_key = (stack.data / "secret_key").read_text().strip()
    assert not [
        one for one in (BEARER, secret_key, SENDER, "The brochure", SAMPLE.name) if one in told()
    ]


@pytest.mark.more
def test_both_doors_work_again_after_a_restart_on_the_same_folder(tmp_path: Path) -> None:
    with Stack(tmp_path / "data") as first:
        assert_both_doors_work(first, "<one@example.org>")
    with Stack(tmp_path / "data") as second:
        assert_both_doors_work(second, "<two@example.org>")
        jobs = second.api("/api/v1/jobs")["jobs"]
    assert [job["status"] for job in jobs] == ["COMPLETED"] * 4


def test_nothing_in_the_data_folder_is_for_others(stack: Stack) -> None:
    upload_with_curl(stack, "pt")
    open_to_others = [
        file for file in stack.data.rglob("*") if file.is_file() and file.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_a_second_up_on_the_same_folder_is_refused(stack: Stack) -> None:
    command = [sys.executable, "-m", "dragoman", "up", "--data", str(stack.data)]
    done = subprocess.run(command, capture_output=True, timeout=patience(60), check=False)
    assert done.returncode == 33
    assert b"Another `dragoman up` is already running" in done.stderr
