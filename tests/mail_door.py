"""The mail door in a thread, and clients that say to it exactly what they are told to."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from dragoman.app.intake import Intake
from dragoman.db.ledgers.inbox import INBOX
from dragoman.settings import Settings
from ingress.email.auth.dns import Resolver
from ingress.email.smtp.server import Door
from ingress.email.smtp.session_host import Limits
from tests.patience import patience
from tests.servers.process import wait_until

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
SENDER, OURS = "alice@example.org", "translate@localhost"
OPEN = {"allowed_senders": ("*",), "sender_auth": "none"}


def mail(to: str = "translate+de@localhost", sender: str = SENDER, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Alice <{sender}>", to, "A contract"
    message["Message-ID"] = "<one@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Please.\n.\n..dots\n")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="contract.pdf")
    message.set_boundary("the-same-each-time")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def stuffed(content: bytes) -> bytes:
    """`content` as a client writes it on the wire, without the end."""
    return content.replace(b"\r\n.", b"\r\n..")


@contextmanager
def serving(
    intake: Intake,
    limits: Limits | None = None,
    *,
    lmtp: bool = False,
    resolver: Resolver | None = None,
) -> Iterator[Door]:
    """A door on a free port, in a thread of its own."""
    opened: Future[tuple[Door, asyncio.AbstractEventLoop]] = Future()
    stop = asyncio.Event()

    async def serve() -> None:
        door = Door(intake, limits, resolver)
        await door.open("127.0.0.1", 0)
        if lmtp:
            await door.open_lmtp("127.0.0.1", 0)
        opened.set_result((door, asyncio.get_running_loop()))
        await stop.wait()
        await door.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    door, loop = opened.result(timeout=patience(10))
    try:
        yield door
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=patience(30))
        assert not thread.is_alive()


def an_intake(intake: Intake, **values: object) -> Intake:
    settings = intake.settings.model_copy(update=values)
    return Intake(intake.database, intake.store, intake.doorbell, settings)


def messages(intake: Intake) -> list[dict]:
    with intake.database.read() as connection:
        return [dict(row) for row in connection.execute(INBOX.select()).mappings()]


def spooled(settings: Settings) -> list[Path]:
    return list((settings.data_dir / "spool").iterdir())


def eventually(question: Callable[[], bool], seconds: float = 10) -> None:
    wait_until(question, seconds, "what was asked for")


class Dialogue:
    """A client that says exactly what it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience(20))
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def say(self, *lines: str) -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> str:
        """The last line of the next reply; "" when the server has hung up."""
        while (line := self.file.readline().decode()) and line[3:4] == "-":
            pass
        return line.rstrip()

    def until_data(self, to: str = "translate+de@localhost", sender: str = SENDER) -> None:
        self.hear()
        for line in ("EHLO client", f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA"):
            self.say(line)
            reply = self.hear()
            assert reply[0] in "23", reply


def send(
    port: int, content: bytes, to: str | list[str] = "translate+de@localhost", sender: str = SENDER
) -> str:
    """The server's last reply, such as `550 5.7.1 ...`."""
    with smtplib.SMTP("127.0.0.1", port, timeout=patience(20)) as client:
        client.ehlo("client")
        client.mail(sender)
        for one in [to] if isinstance(to, str) else to:
            code, text = client.rcpt(one)
            if code != 250:
                return f"{code} {text.decode()}"
        code, text = client.data(content)
        return f"{code} {text.decode()}"
