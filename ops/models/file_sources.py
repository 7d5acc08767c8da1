"""Where files of models are read from: a web server, or a folder of this machine (or of a stick, or
of a share).

Both give a file from any byte on, so that a copy that was cut off goes on where it stopped (RFC
9110, section 14).
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from dragoman import __version__
from dragoman.errors import DragomanError, NotAllowed, NotFound
from ops.models.errors import ModelsUnreachable

CHUNK = 256 * 1024  # bytes
SILENCE_S = 30.0  # without a byte for so long, a connection counts as lost
_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")
_NO_RANGE = re.compile(r"bytes \*/(?P<total>\d+)")
ELSEWHERE = "Check DRAGOMAN_MODELS_URL; without a network it may name a folder with the models."


class Cut(Exception):
    """The connection ended in the middle of a file; the text says how."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A file from byte `start` on: what was asked for, or 0 where the place cannot, or has another
    file by now.

    `total`: the whole file's bytes, None: not told. `mark`: what tells this file from a later one
    with its name. `chunks` raise Cut.
    """

    start: int
    total: int | None
    mark: str
    chunks: Iterator[bytes]


class Place(Protocol):
    """What has files."""

    @property
    def where(self) -> str:
        """Its address, for people."""

    def open(self, path: str, start: int = 0, mark: str = "") -> AbstractContextManager[Stream]:
        """The file at `path` from byte `start` on, if it is still the one with `mark`.

        Raises NotFound, NotAllowed, ModelsUnreachable or Cut.
        """

    def size_of(self, path: str) -> int | None:
        """Its bytes; None where that is not told or the file is not there. Raises as `open`."""


class Folder:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        """`root`: what paths are below."""
        self._root = root

    @property
    def where(self) -> str:
        """See `Place.where`."""
        return str(self._root)

    @contextmanager
    def open(self, path: str, start: int = 0, mark: str = "") -> Iterator[Stream]:
        """See `Place.open`."""
        file_path = self._root / path
        try:
            file = file_path.open("rb")
            status = file_path.stat()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"There is no file {file_path}.", advice=ELSEWHERE) from error
        except PermissionError as error:
            advice = "Let the user who runs this command read it."
            raise NotAllowed(
                f"{file_path} cannot be read: {error.strerror}.", advice=advice
            ) from error
        with file:
            own = f"{status.st_size}-{status.st_mtime_ns}"
            begin = start if mark == own and start <= status.st_size else 0
            file.seek(begin)
            yield Stream(begin, status.st_size, own, _chunks_of(file.read))

    def size_of(self, path: str) -> int | None:
        """See `Place.size_of`."""
        try:
            return (self._root / path).stat().st_size
        except OSError:
            return None


class Web:
    """A web server. Proxies are those of the environment (`https_proxy`, `no_proxy`)."""

    def __init__(self, root: str, silence_s: float = SILENCE_S) -> None:
        """`root`: the address that paths are below.

        `silence_s`: seconds without a byte until it counts as lost.
        """
        self._root = root.rstrip("/")
        self._silence_s = silence_s

    @property
    def where(self) -> str:
        """See `Place.where`."""
        return self._root

    @contextmanager
    def open(self, path: str, start: int = 0, mark: str = "") -> Iterator[Stream]:
        """See `Place.open`."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        if start and mark:
            headers["If-Range"] = mark
        try:
            answer = self._ask("GET", path, headers)
        except _Beyond as beyond:
            if beyond.total == start:  # all of it is there already
                yield Stream(start, start, mark, iter(()))
                return
            answer = self._ask("GET", path, {})
        with answer:
            yield _stream(answer)

    def size_of(self, path: str) -> int | None:
        """See `Place.size_of`."""
        try:
            with self._ask("HEAD", path, {}) as answer:
                return _number(answer.headers.get("Content-Length"))
        except (NotFound, NotAllowed, Cut):
            return None

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        url = f"{self._root}/{quote(path)}" if path else self._root
        said = {"User-Agent": f"Dragoman/{__version__}", "Accept-Encoding": "identity", **headers}
        # http or https: `source` lets no other pass
        request = Request(url, method=method, headers=said)  # noqa: S310
        try:
            # see above
            answer: http.client.HTTPResponse = urlopen(request, timeout=self._silence_s)  # noqa: S310
        except HTTPError as error:
            with error:
                raise _refused(url, error) from error
        except URLError as error:
            raise _unreachable(url, error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise Cut(str(error) or type(error).__name__) from error
        return answer


class _Beyond(Exception):
    """The range that was asked for begins after the file's end."""

    def __init__(self, total: int | None) -> None:
        super().__init__()
        self.total = total


def _stream(answer: http.client.HTTPResponse) -> Stream:
    mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    # a weak one says nothing about bytes (RFC 9110, 13.1.5)
    usable = "" if mark.startswith("W/") else mark
    part = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if answer.status == HTTPStatus.PARTIAL_CONTENT and part:
        return Stream(int(part["start"]), _number(part["total"]), usable, _chunks_of(answer.read))
    total = _number(answer.headers.get("Content-Length"))
    return Stream(0, total, usable, _chunks_of(answer.read))


def _chunks_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    try:
        while chunk := read(CHUNK):
            yield chunk
    except (http.client.HTTPException, OSError) as error:
        raise Cut(str(error) or type(error).__name__) from error


def _refused(url: str, error: HTTPError) -> Exception:
    """What an answer that is no success means."""
    status = error.code
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        found = _NO_RANGE.fullmatch(error.headers.get("Content-Range", ""))
        return _Beyond(int(found["total"]) if found else None)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotFound(f"The server has nothing at {url} ({status}).", advice=ELSEWHERE)
    if status in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    ):
        return NotAllowed(f"The server does not let us read {url} ({status}).", advice=ELSEWHERE)
    return ModelsUnreachable(f"The models server answers {status} for {url}.")


def _unreachable(url: str, reason: object) -> DragomanError:
    """Why no connection came about, in words."""
    host = urlsplit(url).netloc
    if isinstance(reason, socket.gaierror):
        said = f"No name server knows the models server, {host}."
    elif isinstance(reason, ssl.SSLCertVerificationError):
        said = (
            f"The certificate of the models server, {host}, cannot be trusted:"
            f" {reason.verify_message}."
        )
    elif isinstance(reason, TimeoutError):
        said = f"The models server, {host}, does not answer."
    else:
        said = f"No connection to the models server, {host}, can be made: {_words(reason)}."
    error = ModelsUnreachable(said)
    error.advice = ELSEWHERE
    return error


def _words(reason: object) -> str:
    return (reason.strerror if isinstance(reason, OSError) else None) or str(reason)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
