"""Where files lie: downloads with a token, and the raw POST of an upload; and a host that is not
Slack's.

Without a token that may read the file, the answer is HTTP 200 with a page to sign in, or a redirect
to such a page. Files come in pieces and are made as they are sent, so that a test may serve
gigabytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.servers.slack.faults import Fault
from tests.servers.slack.http_server import Handler, Server, multipart
from tests.servers.slack.methods_files import receive
from tests.servers.slack.model import File, Trouble
from tests.servers.slack.world import World

PIECE = 64 * 1024  # bytes
SIGN_IN = (
    "<!DOCTYPE html><html lang='en-US'><head><title>Sign in | Slack</title></head>"
    "<body><h1>Sign in to your workspace</h1></body></html>"
)


@dataclass
class Download:
    """What a download came to: `sent` in bytes; `authorized`: the token could read the file."""

    file_id: str
    token: str | None
    authorized: bool
    status: int
    sent: int
    at: float


@dataclass
class Upload:
    """A raw POST as it came: `size` in bytes, and what was answered."""

    file_id: str
    size: int
    status: int
    content_type: str


class FileHandler(Handler):
    """`downloads` and `uploads` are the record."""

    world: World
    downloads: list[Download]
    uploads: list[Upload]

    def do_GET(self) -> None:  # noqa: N802
        if self.place == "/sign-in":
            self.reply(200, SIGN_IN)
            return
        parts = self.place.split("/")
        file = self.world.files.get(parts[2].partition("-")[2]) if len(parts) > 2 else None
        if file is None:
            self.reply(404, "no such file")
            return
        record = Download(file.id, self.bearer, self._may_read(file), 200, 0, time.time())
        self.downloads.append(record)
        fault = self.faults.next("download")
        if isinstance(fault, Fault) and isinstance(fault.how, int):
            record.status = fault.how
        if not self.stumble(fault):
            self._download(file, record)
        with self.world.changing():
            pass  # whoever waits for the record looks now

    def do_HEAD(self) -> None:  # noqa: N802
        self.do_GET()

    def _may_read(self, file: File) -> bool:
        here = next((one for one in self.world.installations if one.bot_token == self.bearer), None)
        if here is None or here.state != "active" or "files:read" not in here.scopes:
            return False
        places = [self.world.channels[channel] for channel, _, _ in file.shares]
        seen = any(one.kind == "public" or here.bot_user in one.members for one in places)
        return seen or file.user == here.bot_user

    def _download(self, file: File, record: Download) -> None:
        with self.world.lock:
            trouble = file.troubles.popleft() if file.troubles else file.always
        if file.deleted:
            record.status = 404
            self.reply(404, "file deleted")
        elif trouble and trouble.kind != "truncated":
            self._misbehave(trouble, record)
        elif not record.authorized:
            self.reply(200, SIGN_IN)
        else:
            self._send(file, record, truncated=trouble is not None)

    def _misbehave(self, trouble: Trouble, record: Download) -> None:
        if trouble.kind == "status":
            record.status = trouble.status
            self.reply(
                trouble.status,
                f"HTTP {trouble.status}",
                {"Retry-After": str(trouble.retry_after_s)},
            )
        elif trouble.kind == "sign_in":
            self.reply(200, SIGN_IN)
        elif trouble.kind in {"redirect", "sign_in_redirect"}:
            record.status = 302
            there = trouble.url or f"{self.world.file_host_url}/sign-in?redir={self.place}"
            self.reply(302, "", {"Location": there})
        elif trouble.kind == "empty":
            self.reply(200, b"", {"Content-Type": "application/pdf"})
        else:
            if trouble.kind == "hang":
                self.faults.released.wait()
            self.cut()

    def _send(self, file: File, record: Download, *, truncated: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", file.mimetype)
        self.send_header("Content-Disposition", "attachment")
        if not file.endless:
            self.send_header("Content-Length", str(len(file.content)))
        self.end_headers()
        if file.endless:
            self.close_connection = True
        if self.command == "HEAD":
            return
        try:
            for piece in pieces(file, truncated=truncated):
                self.wfile.write(piece)
                record.sent += len(piece)
        except OSError:
            self.close_connection = True
        if truncated:
            self.cut()

    def do_POST(self) -> None:  # noqa: N802
        raw, fault = self.body(), self.faults.next("upload")
        if fault and fault.how != "cut_after":
            # Noted before it is answered: the next request may come in before this line would be
            # reached.
            self.uploads.append(
                Upload("", len(raw), fault.how if isinstance(fault.how, int) else 0, "")
            )
        if self.stumble(fault):
            return
        ticket = self.place.removeprefix("/upload/v1/")
        if self.headers.get_content_type() == "multipart/form-data":
            raw = next(
                (content for _, content, name in multipart(self.headers, raw) if name is not None),
                b"",
            )
        status, text = receive(self.world, ticket, raw)
        kind = self.headers.get("Content-Type", "")
        self.uploads.append(
            Upload(self.world.uploads.tickets.get(ticket, ""), len(raw), status, kind)
        )
        if fault:
            self.cut()
        else:
            self.reply(status, text)


def pieces(file: File, *, truncated: bool) -> Iterator[bytes]:
    """The file's bytes; half of them where truncated; more and more of the same where endless."""
    content = file.content[: len(file.content) // 2] if truncated else file.content
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
    filler = bytes(PIECE)
    while file.endless and not truncated:
        yield filler


@dataclass
class Visit:
    """A request to the host that is not Slack's."""

    path: str
    authorization: str | None


class ElsewhereHandler(Handler):
    """Serves `contents` by path and remembers who came with what."""

    visits: list[Visit]
    contents: dict[str, bytes]

    def do_GET(self) -> None:  # noqa: N802
        self.visits.append(Visit(self.place, self.headers.get("Authorization")))
        content = self.contents.get(self.place)
        self.reply(
            404 if content is None else 200, content or b"", {"Content-Type": "application/pdf"}
        )


class Elsewhere:
    """A host of somebody else: reached by another name (`localhost`) and port than Slack's."""

    def __init__(self, faults: object) -> None:
        self.visits: list[Visit] = []
        self.contents: dict[str, bytes] = {}
        self._server = Server(
            ElsewhereHandler, visits=self.visits, contents=self.contents, faults=faults
        )
        self.url = f"http://localhost:{self._server.server_port}"

    def serve(self, path: str, content: bytes) -> str:
        """The URL under which `content` can be had."""
        self.contents[path] = content
        return self.url + path

    def stop(self) -> None:
        self._server.stop()
