"""The folder of a backup: its files are for their owner only, each one whole or not there, and
on disk when it is.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from dragoman.adapters.storage import CHUNK, checked
from dragoman.app.backup import manifest
from dragoman.app.backup.errors import BackupUnusable, TargetNotEmpty
from dragoman.app.backup.manifest import Kept, Manifest

UNFINISHED = "UNFINISHED"
WORDS = "This backup is not complete. `dragoman backup` with the same folder goes on with it.\n"
ROWS, FILES = "rows", "files"


class Folder:
    """A backup at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Make the folder, or take one that an earlier attempt left. Raises TargetNotEmpty."""
        if (self.path / manifest.NAME).exists():
            raise TargetNotEmpty(f"There is a complete backup in {self.path} already.")
        if (
            self.path.exists()
            and any(self.path.iterdir())
            and not (self.path / UNFINISHED).exists()
        ):
            raise TargetNotEmpty(f"{self.path} is not empty, and what is in it is no backup.")
        for folder in (self.path, self.path / ROWS, self.path / FILES):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        with _new(self.path / UNFINISHED) as file:
            file.write(WORDS.encode())

    def finish(self, told: Manifest) -> None:
        """It is complete from now on; files that an earlier attempt left and nobody needs go
        first.
        """
        wanted = {self.file(key) for key in told.files}
        for file in (self.path / FILES).rglob("*"):
            if file.is_file() and file not in wanted:
                file.unlink()
        for folder in sorted((one for one in self.path.rglob("*") if one.is_dir()), reverse=True):
            _sync(folder)
        manifest.write(told, self.path)
        (self.path / UNFINISHED).unlink(missing_ok=True)

    def file(self, key: str) -> Path:
        """Where the file with this key of the store is.

        Raises BackupUnusable for what is no key.
        """
        try:
            return self.path / FILES / checked(key)
        except ValueError as error:
            raise BackupUnusable(
                "The manifest names a file that no store has.", detail=str(error)
            ) from error

    def rows(self, table: str) -> Path:
        """Where the rows of a table are."""
        if not table.isidentifier():
            raise BackupUnusable(
                "The manifest names a table that no database has.", detail=repr(table[:80])
            )
        return self.path / ROWS / f"{table}.jsonl.gz"

    def write_rows(self, table: str, lines: Iterable[str]) -> str:
        """Write the rows of a table; the SHA-256 of the file."""
        file = self.rows(table)
        with (
            _new(file) as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        ):
            for line in lines:
                packed.write(line.encode())
        return hashed(file).sha256

    def read_rows(self, table: str) -> Iterator[str]:
        """The lines that were written."""
        with gzip.open(self.rows(table), "rt", encoding="utf-8", newline="\n") as text:
            yield from text

    def keep(self, key: str, body: BinaryIO, size: int | None) -> Kept:
        """Copy a file of the store, unless an earlier attempt did; `size`: its bytes in the
        store, None if unknown.
        """
        file = self.file(key)
        if size is not None and file.exists() and file.stat().st_size == size:
            return hashed(file)
        digest, written = hashlib.sha256(), 0
        _make(file.parent, self.path)
        with _new(file) as copy:
            while chunk := body.read(CHUNK):
                digest.update(chunk)
                written += copy.write(chunk)
        return Kept(written, digest.hexdigest())

    def verify(self, told: Manifest) -> None:
        """Look whether all that the manifest names is there, byte for byte.

        Raises BackupUnusable.
        """
        for table, rows in told.tables.items():
            if self._hash(self.rows(table)).sha256 != rows.sha256:
                raise BackupUnusable(
                    f"The rows of the table {table} in {self.path} are not as they were written."
                )
        for key, kept in told.files.items():
            if self._hash(self.file(key)) != kept:
                raise BackupUnusable(f"The file {key} in {self.path} is not as it was written.")

    def _hash(self, file: Path) -> Kept:
        try:
            return hashed(file)
        except FileNotFoundError as error:
            raise BackupUnusable(f"{file} is missing from the backup.") from error
        except OSError as error:
            raise BackupUnusable(f"{file} cannot be read.", detail=str(error)) from error


def hashed(file: Path) -> Kept:
    """What is in a file."""
    with file.open("rb") as body:
        return hashed_body(body)


def hashed_body(body: BinaryIO) -> Kept:
    """What is in a stream, from its position to its end."""
    digest, size = hashlib.sha256(), 0
    while chunk := body.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Kept(size, digest.hexdigest())


@contextmanager
def _new(file: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is whole and on disk."""
    partial = file.with_name(f".{file.name}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as body:
            yield cast("BinaryIO", body)
            body.flush()
            os.fsync(body.fileno())
        partial.rename(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _make(folder: Path, root: Path) -> None:
    """`parents=True` would open the folders between to all."""
    if folder != root and not folder.exists():
        _make(folder.parent, root)
        folder.mkdir(mode=0o700)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
