"""The table of contents of a backup. Pure, but for reading and writing its file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dragoman.app.backup.errors import BackupUnusable

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rows:
    """One table: how many rows, the sum over them (`dragoman.db.backup.portable_rows`), and the
    SHA-256 of its file.
    """

    rows: int
    sum: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of the store: bytes, and SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup.

    `made_at`: ISO 8601 in UTC, when the rows were as they are here. `schema`: the version of the
    database's schema. `database`: its identity in the marker of the store. `secret_key`: a
    fingerprint, None where there was no key. `missing`: keys that rows name and the store did not
    have. `gone`: keys that rows named at that moment, and that were deleted while the backup was
    made.
    """

    made_at: str
    dragoman: str
    schema: str
    database: str
    secret_key: str | None
    tables: dict[str, Rows]
    files: dict[str, Kept]
    missing: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def row_count(self) -> int:
        """Rows in all tables."""
        return sum(one.rows for one in self.tables.values())

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files.values())


def write(manifest: Manifest, folder: Path) -> None:
    """Put it into the folder, whole and on disk, for its owner only."""
    partial = folder / f".{NAME}"
    body = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode()
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(folder / NAME)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read(folder: Path) -> Manifest:
    """The manifest of a complete backup. Raises BackupUnusable."""
    try:
        told = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError as error:
        raise BackupUnusable(
            f"There is no complete backup in {folder}: it has no {NAME}."
        ) from error
    except (OSError, ValueError) as error:
        raise BackupUnusable(
            f"The manifest in {folder} cannot be read.", detail=str(error)[:200]
        ) from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BackupUnusable(
            f"The backup in {folder} was made by another version of Dragoman.",
            detail=f"format {told.get('format') if isinstance(told, dict) else told!r:.40}",
        )
    try:
        return _of(told)
    except (KeyError, TypeError, AttributeError) as error:
        raise BackupUnusable(
            f"The manifest in {folder} is damaged.", detail=repr(error)[:200]
        ) from error


def _of(told: dict[str, Any]) -> Manifest:
    return Manifest(
        made_at=str(told["made_at"]),
        dragoman=str(told["dragoman"]),
        schema=str(told["schema"]),
        database=str(told["database"]),
        secret_key=told["secret_key"],
        tables={name: Rows(**one) for name, one in told["tables"].items()},
        files={key: Kept(**one) for key, one in told["files"].items()},
        missing=tuple(told["missing"]),
        gone=tuple(told["gone"]),
    )
