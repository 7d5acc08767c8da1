"""What we rely on in aiosmtpd beyond what it documents, against a real connection; a release that
breaks it fails here.

The library answers commands from `_smtp_methods`; reads by `_reader` and writes by `_writer`; works
in the task `_handler_coroutine`; keeps one timer (`_timeout_handle`, `_timeout_duration`,
`_timeout_cb`), which `_reset_timeout` begins anew at each command; asks `_getaddr` for addresses;
begins a message anew by `_set_post_data_state`; and after STARTTLS holds both transports
(`_tls_protocol`, `_original_transport`). asyncio's reader keeps what was not read in `_buffer`.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP

from ingress.email.smtp import aiosmtpd_internals
from ingress.email.smtp import session as smtp_session
from ingress.email.smtp.aiosmtpd_internals import SmtpProtocol
from ingress.email.smtp.session import Conversation
from tests.patience import patience
from tests.servers.process import LOOPBACK

OVERRIDDEN = {"_getaddr", "_reset_timeout", "_timeout_cb"}


class Handler:
    """What the library asks."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    # the library's name
    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        return "250 kept"


class Line(SmtpProtocol):
    """A connection that notes what is asked of it."""

    def __init__(self, handler: Handler, **options) -> None:
        super().__init__(handler, **options)
        self.asked: list[str] = []
        self.is_over = asyncio.get_running_loop().create_future()
        self.seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.commands["TAKE"] = self._take

    async def _take(self, arg: str | None) -> None:
        self.seen.set_result(self.take_unread())
        await self.push("250 taken")

    def timed_out(self) -> None:
        self.is_over.set_result(None)
        self.stop(1.0)

    def address(self, text: str) -> tuple[str | None, str | None]:
        self.asked.append(text)
        return "someone@example.org", ""


@asynccontextmanager
async def talking(
    **options,
) -> AsyncIterator[tuple[Line, asyncio.StreamReader, asyncio.StreamWriter]]:
    lines: list[Line] = []

    def made() -> Line:
        lines.append(Line(Handler(), **options))
        return lines[0]

    server = await asyncio.get_running_loop().create_server(made, LOOPBACK, 0)
    async with server, asyncio.timeout(patience(20)):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert (await reader.readline()).startswith(b"220 ")
        try:
            yield lines[0], reader, writer
        finally:
            writer.close()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    """The last line of the reply to `line`."""
    writer.write(line + b"\r\n")
    while (reply := await reader.readline())[3:4] == b"-":
        pass
    return reply


def test_commands_are_answered_from_the_table_that_can_be_changed() -> None:
    async def talk() -> None:
        async with talking() as (line, reader, writer):
            assert "EHLO" in line.commands
            del line.commands["NOOP"]
            assert (await said(reader, writer, b"NOOP")).startswith(b"500 ")

    asyncio.run(talk())


def test_what_was_said_beyond_a_command_can_be_taken_away() -> None:
    async def talk() -> None:
        async with talking() as (line, reader, writer):
            assert await said(reader, writer, b"TAKE\r\nNOOP one\r\nNOOP two") == b"250 taken\r\n"
            assert await line.seen == b"NOOP one\r\nNOOP two\r\n"
            # and the connection goes on
            assert (await said(reader, writer, b"NOOP")).startswith(b"250 ")
            assert not line.has_said_all

    asyncio.run(talk())


def test_addresses_are_asked_for_and_a_message_is_begun_anew() -> None:
    async def talk() -> None:
        async with talking() as (line, reader, writer):
            await said(reader, writer, b"EHLO there")
            assert (await said(reader, writer, b"MAIL FROM:<a b@c>")).startswith(b"250 ")
            assert line.asked == ["<a b@c>"]
            assert line.envelope.mail_from == "someone@example.org"
            line.forget_message()
            assert line.envelope.mail_from is None

    asyncio.run(talk())


def test_a_client_that_says_nothing_is_timed_out_by_one_timer() -> None:
    async def talk() -> None:
        async with talking(timeout=0.2) as (line, reader, writer):
            timer = line._timeout_handle
            await said(reader, writer, b"NOOP")
            assert line._timeout_handle is timer
            await line.is_over
            assert await reader.read() == b""  # closed

    asyncio.run(talk())


def test_who_is_stopped_is_not_heard_any_more_and_a_line_written_before_goes_out() -> None:
    async def talk() -> None:
        async with talking() as (line, reader, _):
            line.say("421 bye")
            line.stop(1.0)
            assert await reader.read() == b"421 bye\r\n"
            with pytest.raises(asyncio.CancelledError):
                await line._handler_coroutine

    asyncio.run(talk())


def test_before_starttls_there_is_one_transport() -> None:
    async def talk() -> None:
        async with talking() as (line, _, __):
            assert not line.is_encrypted
            assert line._original_transport is None
            assert line.transport is not None

    asyncio.run(talk())


def test_no_private_name_of_ours_is_one_of_the_library_s_unless_it_is_meant() -> None:
    """An upgrade that brings a name of ours would have both use it for what they like."""
    theirs = private(inspect.getsource(SMTP))
    assert theirs & defined(inspect.getsource(aiosmtpd_internals)) == OVERRIDDEN
    assert theirs & private(inspect.getsource(smtp_session)) == set()
    assert issubclass(Conversation, SmtpProtocol)


def private(source: str) -> set[str]:
    """The names of one underscore that a class's source has after `self.` or as its methods."""
    nodes = list(ast.walk(ast.parse(inspect.cleandoc(source))))
    used = {
        one.attr
        for one in nodes
        if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "self"
    }
    return {
        name
        for name in used | defined(source)
        if name.startswith("_") and not name.startswith("__")
    }


def defined(source: str) -> set[str]:
    """Its private methods."""
    nodes = ast.walk(ast.parse(inspect.cleandoc(source)))
    names = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}
