"""The mail server of the senders: it keeps every answer it gets, and misbehaves when told to."""

from __future__ import annotations

import asyncio
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self, cast

from aiosmtpd.controller import Controller

from tests.servers.process import LOOPBACK, free_port

SILENT_S = 3.0  # longer than a sender with a lease of 4 s waits for an answer


class Sink:
    """`faults`: what the next mails meet: an SMTP reply, or `cut`, `silent`: taken, but the
    answer never comes.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.faults: deque[str] = deque()
        self.taken: list[EmailMessage] = []
        # the Message-IDs of those whose sender was not told that they were taken
        self.unheard: set[str] = set()
        self._controller = Controller(self, hostname=LOOPBACK, port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    # as aiosmtpd calls it
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self.faults.popleft() if self.faults else ""
        if fault and fault not in ("cut", "silent"):
            return fault
        mail = cast("EmailMessage", message_from_bytes(envelope.content, policy=policy.default))
        self.taken.append(mail)
        if fault:
            self.unheard.add(str(mail["Message-ID"]))
        if fault == "silent":
            await asyncio.sleep(SILENT_S)
        if fault:
            server.transport.abort()
            await asyncio.sleep(0)
        return "250 2.0.0 taken"

    def answers_to(self, message_id: str) -> list[EmailMessage]:
        """The answers to a mail, one for each Message-ID: a repeated one is the same mail."""
        found = {
            str(one["Message-ID"]): one for one in self.taken if one["In-Reply-To"] == message_id
        }
        return list(found.values())

    def sent_again(self) -> int:
        """How many mails came that had come before, by their Message-ID."""
        return len(self.taken) - len({str(one["Message-ID"]) for one in self.taken})

    def altered(self) -> list[str]:
        """The Message-IDs under which more than one mail came: a repeated one has the same
        bytes.
        """
        first: dict[str, bytes] = {}
        names = [(str(one["Message-ID"]), one.as_bytes()) for one in self.taken]
        return sorted({name for name, mail in names if first.setdefault(name, mail) != mail})
