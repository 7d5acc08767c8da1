"""One file of a model, from a place into a folder: what an earlier run has of it is kept, then
it is unpacked and checked.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dragoman.domain.os_errors import NO_ROOM, DiskFull
from dragoman.errors import NotAllowed
from ops.models.card import File
from ops.models.errors import ModelDamaged, ModelsUnreachable
from ops.models.file_sources import CHUNK, Cut, Place
from ops.models.listing import Remote

# file, bytes that are here, bytes in all (None: not told)
Progress = Callable[[str, int, int | None], None]

LARGEST = 2**30  # bytes of one file, packed or not: the largest known has 60 MB
TRIES_IN_VAIN, TRIES = 4, 40  # connections in a row without a byte; connections for one file in all
PAUSE_S = 1.0
# How each kind of file begins: Marian's version 1, the shortlist's magic number, SentencePiece's
# first field.
BEGINNINGS = {"model": b"\x01\0\0\0\0\0\0\0", "lex": b"\xf5\x17\x34\x01\xd5\x48\x1a\xf1", "": b"\n"}
GZIP = b"\x1f\x8b"


def fetch(
    place: Place, remote: Remote, folder: Path, progress: Progress, pause_s: float = PAUSE_S
) -> File:
    """Bring `remote` into `folder` under its name, unpacked and checked.

    Raises ModelDamaged where it is not what was told, ModelsUnreachable, DiskFull, and as
    `Place.open`.
    """
    done, packed = folder / remote.name, folder / f"{remote.name}.part"
    with _room(folder):
        if not done.exists():
            _download(place, remote, packed, progress, pause_s)
            unpacked = folder / f"{remote.name}.new"
            try:
                found = _unpack(packed, unpacked, remote)
            except ModelDamaged:
                _forget(packed)  # else the next run would go on with it
                unpacked.unlink(missing_ok=True)
                raise
            unpacked.rename(done)
            _forget(packed)
            return found
        size, digest = sum_of(done)
    return File(remote.name, size, digest, vouched=remote.sha256 == digest)


def sum_of(file: Path) -> tuple[int, str]:
    """A file's bytes and its SHA-256 in hexadecimal digits."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    return file.stat().st_size, digest.hexdigest()


def _download(place: Place, remote: Remote, part: Path, progress: Progress, pause_s: float) -> None:
    in_vain = 0
    for _ in range(TRIES):
        before = _size(part)
        try:
            _go_on(place, remote, part, progress)
        except Cut as cut:
            why = str(cut)
            in_vain = 0 if _size(part) > before else in_vain + 1
        else:
            return
        if in_vain >= TRIES_IN_VAIN:
            break
        time.sleep(pause_s)
    here = f"{_size(part) / 1e6:.1f} MB of {remote.name} are here and kept"
    raise ModelsUnreachable(f"The connection to {place.where} was lost ({why}); {here}.")


def _go_on(place: Place, remote: Remote, part: Path, progress: Progress) -> None:
    """Add to `part` what is missing of it. Raises Cut."""
    mark_file = part.with_suffix(".mark")
    mark = mark_file.read_text() if mark_file.exists() else ""
    with place.open(remote.path, _size(part), mark) as stream:
        with part.open("r+b" if part.exists() else "wb") as file:
            file.truncate(stream.start)
            file.seek(stream.start)
            mark_file.write_text(stream.mark)
            here = stream.start
            for chunk in stream.chunks:
                file.write(chunk)
                here += len(chunk)
                progress(remote.name, here, stream.total)
                if here > LARGEST:
                    raise ModelDamaged(f"{remote.name} is larger than any model.")
        if stream.total is not None and here < stream.total:
            raise Cut(f"it broke off after {here:,} of {stream.total:,} bytes")


def _unpack(part: Path, target: Path, remote: Remote) -> File:
    """Write the unpacked file and judge it. Raises ModelDamaged."""
    digest, size = hashlib.sha256(), 0
    with part.open("rb") as file, target.open("wb") as out:
        begins_packed = file.read(2) == GZIP
        file.seek(0)
        # A server may have unpacked it on the way (Content-Encoding): what it begins with decides,
        # not its name.
        source = gzip.GzipFile(fileobj=file) if begins_packed else file
        try:
            for chunk in _chunks(source):
                if not size and not chunk.startswith(_beginning(remote.name)):
                    raise ModelDamaged(f"{remote.name} is something else: {_seems(chunk)}.")
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if size > (remote.size or LARGEST):
                    break
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ModelDamaged(f"{remote.name} came damaged: it cannot be unpacked.") from error
    if not size:
        raise ModelDamaged(f"{remote.name} came empty.")
    if remote.size not in (None, size):
        raise ModelDamaged(
            f"{remote.name} has a different size from the one in the list of models."
        )
    if remote.sha256 not in (None, digest.hexdigest()):
        raise ModelDamaged(
            f"{remote.name} is not the file that the list of models names (its SHA-256 differs)."
        )
    return File(remote.name, size, digest.hexdigest(), vouched=remote.sha256 is not None)


def _chunks(source: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _beginning(name: str) -> bytes:
    return next(start for kind, start in BEGINNINGS.items() if name.startswith(kind))


def _seems(chunk: bytes) -> str:
    if chunk.lstrip()[:1] == b"<":
        return "it is a web page"
    return (
        "it is a Git LFS pointer, not the file itself"
        if chunk.startswith(b"version https://git-lfs")
        else "it begins otherwise"
    )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_suffix(".mark").unlink(missing_ok=True)


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Say in words that the disk is full, or that nothing may be written."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            full = DiskFull(f"There is no room for the model in {folder.parent}.")
            full.advice = (
                "Make room, and run the same command again: it continues where it stopped."
            )
            raise full from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise unwritable(folder.parent, error) from error
        raise


def unwritable(folder: Path, error: OSError) -> NotAllowed:
    """What to say where models cannot be written to `folder`."""
    advice = (
        "Let the user who runs this command write there, or name another folder in"
        " DRAGOMAN_LOCAL_MODELS_DIR."
    )
    return NotAllowed(f"{folder} cannot be written to: {error.strerror}.", advice=advice)


def clear(folder: Path) -> None:
    """Delete what earlier runs left in `folder`, whatever it is."""
    with contextlib.suppress(FileNotFoundError):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
