"""What GET and HEAD must not do: change anything.

All rows and all files before and after, and a client that opens links.
"""

from __future__ import annotations

import hashlib
import html
import http.client
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from fastapi import FastAPI
from starlette.routing import Mount

READ_S = 5.0
MOST_BYTES = 200_000  # of an answer that are read; a stream of events is left after its first
LINK = re.compile(r"""(?:href|src|action|hx-[\w:]+)=["']([^"']+)["']""")
ADDRESS = re.compile(r"https?://[^\s<>|\"'\\)]+")
UNSTEADY = (".db", ".db-wal", ".db-shm")  # the database's own files: its rows are compared instead


@dataclass(frozen=True)
class Opening:
    """One look at an address."""

    method: str
    url: str
    status: int
    body: str


def snapshot(data_dir: Path) -> dict[str, Any]:
    """Every row of every table, and every file and folder with a hash of what it holds."""
    seen: dict[str, Any] = {}
    with sqlite3.connect(data_dir / "dragoman.db") as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            seen[table] = sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))
    connection.close()
    for path in sorted(data_dir.rglob("*")):
        if path.is_file() and not path.name.endswith(UNSTEADY):
            seen[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir():
            seen[str(path)] = "folder"
    return seen


def paths_of(app: FastAPI) -> Iterator[str]:
    """The path of every route of the application, of all its routers and of what is mounted;
    with `{parameters}`.
    """
    for route in app.routes:
        if isinstance(route, Mount):
            folder = Path(str(route.app.directory))  # type: ignore[attr-defined]
            yield from (f"{route.path}/{file.name}" for file in folder.iterdir())
            continue
        included = getattr(route, "effective_route_contexts", None)
        for one in included() if included else [route]:
            # AttributeError for a kind of route that this does not know: it has to be learned here
            yield one.path


def look(method: str, url: str, headers: dict[str, str] | None = None) -> Opening:
    """What a scanner sees that opens an address; a stream is left after its first event."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=READ_S)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        is_stream = response.headers.get_content_type() == "text/event-stream"
        body = response.fp.readline() if is_stream and response.fp else response.read(MOST_BYTES)
        return Opening(method, url, response.status, body.decode(errors="replace"))
    finally:
        connection.close()


def scan(urls: list[str], headers: dict[str, str] | None = None) -> list[Opening]:
    """Open each address and whatever the pages there lead to on the same host, by HEAD and by
    GET.
    """
    waiting, seen, openings = list(urls), set[str](), list[Opening]()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        openings += [look("HEAD", url, headers), got := look("GET", url, headers)]
        found = [urljoin(url, html.unescape(link)) for link in LINK.findall(got.body)]
        waiting += [one for one in found if urlsplit(one).netloc == urlsplit(url).netloc]
    return openings


def addresses(text: str) -> list[str]:
    """All addresses of the web in a text."""
    return [html.unescape(one) for one in ADDRESS.findall(text)]
