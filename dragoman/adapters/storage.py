"""Bytes under write-once keys: in a folder, or in any S3-compatible store.

A key belongs to the row that names it: `inbox/ID/...`, `jobs/ID/source.pdf`,
`jobs/ID/STAGE/EPOCH.ext`, `outbox/ID/...`. A put is durable when it returns, and never overwrites:
the first writer wins (`link(2)`, or `If-None-Match: *`).
"""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

from dragoman.errors import Gone, StoreUnavailable
from dragoman.ports import BlobStore

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CHUNK = 1 << 20
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3, 20
# a half-written file that nobody has added to for so long has no writer any more
KILLED_AFTER_S = 86400.0
_KEY = re.compile(r"[a-z]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
_TAKEN = frozenset({"PreconditionFailed"})
# another put of the key is under way, and may still fail
_RACED = frozenset({"ConditionalRequestConflict"})
_MISSING = frozenset({"NoSuchKey", "404"})


def open_store(url: str) -> BlobStore:
    """The store that `DRAGOMAN_STORAGE_URL` names. Nothing is connected yet."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)))
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return S3Store(parts.netloc, prefix=parts.path, **options)


def checked(key: str) -> str:
    """`key`, which must be a plain path below a ledger's name. Raises ValueError."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"not a key: {key[:80]!r}")
    return key


class FolderStore:
    """A folder on a local disk.

    Half-written files live in `.partial` on the same disk until they are whole.
    """

    def __init__(self, root: Path) -> None:
        """`root` is made if it is not there, readable by its owner only."""
        self.root = root

    def put(self, key: str, body: BinaryIO) -> bool:
        """As `BlobStore.put`."""
        target = self._path(key)
        with _store_errors():
            if target.exists():
                return False
            with self._partial() as (file, name):
                while chunk := body.read(CHUNK):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                return self._name(name, target)

    def adopt(self, key: str, file: Path) -> bool:
        """As `BlobStore.adopt`: only a name where the disk is the same."""
        target = self._path(key)
        with _store_errors():
            try:
                taken = self._name(str(file), target)
            except OSError:  # another disk, or a file system without hard links
                with file.open("rb") as body:
                    taken = self.put(key, body)
            file.unlink(missing_ok=True)
            return taken

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """As `BlobStore.open`."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise Gone from error
        except OSError as error:
            raise StoreUnavailable(detail=str(error)) from error

    def size(self, key: str) -> int | None:
        """As `BlobStore.size`."""
        path = self._path(key)
        with _store_errors():
            try:
                facts = path.stat()
            except FileNotFoundError:
                return None
            return facts.st_size if stat.S_ISREG(facts.st_mode) else None

    def delete(self, key: str) -> None:
        """As `BlobStore.delete`; folders that become empty go too."""
        path = self._path(key)
        with _store_errors():
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty, or another process was faster
                for folder in (path.parent, path.parent.parent):
                    if folder != self.root:
                        folder.rmdir()

    def keys(self, prefix: str) -> Iterator[str]:
        """As `BlobStore.keys`."""
        start = self.root / prefix.rpartition("/")[0]
        with _store_errors():
            for folder, _, names in os.walk(start, onerror=_raise):
                for name in names:
                    key = (Path(folder) / name).relative_to(self.root).as_posix()
                    if key.startswith(prefix) and not key.startswith("."):
                        yield key

    @contextmanager
    def _partial(self) -> Iterator[tuple[BinaryIO, str]]:
        folder = self.root / ".partial"
        _make_folder(folder, self.root)
        _forget_left_over(folder)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                yield cast("BinaryIO", file), file.name
            finally:
                Path(file.name).unlink(missing_ok=True)

    def _name(self, name: str, target: Path) -> bool:
        while True:
            try:
                _make_folder(target.parent, self.root)
                os.link(name, target)
            except FileExistsError:
                return False
            except FileNotFoundError:
                if not Path(name).exists():
                    raise
                continue  # the folder was removed as empty in between
            _sync_folders(target.parent, self.root)
            return True

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


class S3Store:
    """A bucket, or what lies below a prefix in it.

    Credentials come from the environment as boto3 reads them.
    """

    def __init__(
        self,
        bucket: str,
        endpoint_url: str | None = None,
        region_name: str | None = None,
        prefix: str = "",
    ) -> None:
        """`endpoint_url` None: Amazon's own.

        `prefix`: a path such as `team/dragoman`, slashes around it do not count; empty: the whole
        bucket.
        """
        self.bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._options = {"endpoint_url": endpoint_url, "region_name": region_name or "us-east-1"}
        self._client: S3Client | None = None
        self._owner = 0

    def put(self, key: str, body: BinaryIO) -> bool:
        """As `BlobStore.put`."""
        with _seekable(body) as whole, _store_errors():
            try:
                self._s3.put_object(
                    Bucket=self.bucket, Key=self._full(key), Body=whole, IfNoneMatch="*"
                )
            except self._s3.exceptions.ClientError as error:
                if _code(error) in _TAKEN or (
                    _code(error) in _RACED and self.size(key) is not None
                ):
                    return False
                raise
            return True

    def adopt(self, key: str, file: Path) -> bool:
        """As `BlobStore.adopt`."""
        with file.open("rb") as body:
            taken = self.put(key, body)
        file.unlink(missing_ok=True)
        return taken

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """As `BlobStore.open`."""
        with _store_errors():
            answer = self._s3.get_object(Bucket=self.bucket, Key=self._full(key))
        with closing(answer["Body"]) as body:
            yield cast("BinaryIO", io.BufferedReader(_Body(body), CHUNK))

    def size(self, key: str) -> int | None:
        """As `BlobStore.size`."""
        with _store_errors():
            try:
                return self._s3.head_object(Bucket=self.bucket, Key=self._full(key))[
                    "ContentLength"
                ]
            except self._s3.exceptions.ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise

    def delete(self, key: str) -> None:
        """As `BlobStore.delete`."""
        with _store_errors():
            self._s3.delete_object(Bucket=self.bucket, Key=self._full(key))

    def keys(self, prefix: str) -> Iterator[str]:
        """As `BlobStore.keys`."""
        with _store_errors():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for entry in page.get("Contents", []):
                    yield entry["Key"].removeprefix(self._prefix)

    def _full(self, key: str) -> str:
        return self._prefix + checked(key)

    @property
    def _s3(self) -> S3Client:
        """A client of this very process: a forked child must not share its parent's connections."""
        if self._client is None or self._owner != os.getpid():
            import boto3
            from botocore.config import Config

            # Retries exist at one level only: the row's `run_after`.
            config = Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"total_max_attempts": 1},
            )
            # A session of its own: boto3's shared one must not be used by two threads at once.
            client = boto3.session.Session().client(
                "s3", config=config, **cast("Any", self._options)
            )
            self._client, self._owner = client, os.getpid()
        return self._client


class _Body(io.RawIOBase):
    """What an answer of S3 holds; only trouble in reading it is the store's, not what the
    reader does meanwhile.
    """

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _store_errors():
            data: bytes = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _seekable(body: BinaryIO) -> Iterator[BinaryIO]:
    """S3 wants to know a body's length: one that cannot tell is spooled to disk first."""
    if body.seekable():
        yield body
        return
    with tempfile.TemporaryFile() as file:
        while chunk := body.read(CHUNK):
            file.write(chunk)
        file.seek(0)
        yield cast("BinaryIO", file)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Gone from error
    except OSError as error:
        raise StoreUnavailable(detail=str(error)[:200]) from error
    except Exception as error:
        if not type(error).__module__.startswith(("botocore", "boto3", "urllib3")):
            raise
        if _code(error) in _MISSING:
            raise Gone from error
        raise StoreUnavailable(detail=f"{type(error).__name__}: {error}"[:200]) from error


def _code(error: Exception) -> str:
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _make_folder(folder: Path, root: Path) -> None:
    """Make `folder` and what is missing up to `root`, for their owner only (`parents=True` would
    open parents to all).

    Raises FileNotFoundError where somebody removes them, as empty, at the same moment.
    """
    if folder == root:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return
    with suppress(FileExistsError):
        try:
            folder.mkdir(mode=0o700)
        except FileNotFoundError:
            _make_folder(folder.parent, root)
            folder.mkdir(mode=0o700)


def _forget_left_over(folder: Path) -> None:
    """Delete what writers that were killed left half-written, with the documents in it."""
    oldest = time.time() - KILLED_AFTER_S
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # another process was faster
                if entry.stat().st_mtime < oldest:
                    Path(entry).unlink()


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # nothing there is an empty list
        raise error


def _sync_folders(folder: Path, root: Path) -> None:
    """A name is durable when its folder is; new folders up to the root are too."""
    while True:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if folder == root or root not in folder.parents:
            return
        folder = folder.parent
