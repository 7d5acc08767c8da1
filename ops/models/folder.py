"""LOCAL_MODELS_DIR: a folder for each pair (`en-pt`), with the model's files and its `model.json`.

A folder appears and goes by being renamed, so that nobody sees half a model. What begins with a dot
is ours: `.incoming-…` is being downloaded, `.gone-…` is being deleted.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragoman.errors import Conflict, NotFound
from ops.models import card as cards
from ops.models.card import Card
from ops.models.errors import ModelDamaged
from ops.models.pairs import Pair, from_folder_name
from ops.models.source import offer_in
from ops.models.transfer import sum_of, unwritable

INCOMING, GONE, LOCK = ".incoming-", ".gone-", ".lock"
BY_HAND = "put there by hand"


@dataclass(frozen=True, slots=True)
class Installed:
    """A model as it lies there.

    `card` None: it has none, or one that cannot be read. `problem`: "" if it seems whole.
    """

    pair: Pair
    folder: Path
    card: Card | None
    size: int
    problem: str = ""

    @property
    def version(self) -> str:
        """For people."""
        return self.card.version if self.card else BY_HAND

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        known = self.card.as_dict() if self.card else {}
        return {**known, "pair": str(self.pair), "size": self.size, "problem": self.problem or None}


def installed(folder: Path, *, thoroughly: bool = False) -> list[Installed]:
    """The models in `folder`, by pair.

    `thoroughly`: each file's SHA-256 is compared too (0.1 s a model).
    """
    if not folder.is_dir():
        return []
    named = ((from_folder_name(one.name), one) for one in sorted(folder.iterdir()) if one.is_dir())
    return [_looked_at(pair, one, thoroughly) for pair, one in named if pair]


def _looked_at(pair: Pair, folder: Path, thoroughly: bool) -> Installed:
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    try:
        card = cards.read(folder)
        problem = _problem(folder, card, thoroughly) if card else ""
    except ModelDamaged as error:
        card, problem = None, str(error)
    if not problem and offer_in(folder, pair) is None:
        problem = "model, lex or vocab is missing"
    return Installed(pair, folder, card, size, problem)


def _problem(folder: Path, card: Card, thoroughly: bool) -> str:
    for told in card.files:
        file = folder / told.name
        if not file.is_file():
            return f"{told.name} is missing"
        if file.stat().st_size != told.size:
            return f"{told.name} has a different size from when it was installed"
        if thoroughly and sum_of(file)[1] != told.sha256:
            return f"{told.name} was changed after it was installed"
    return ""


def install(folder: Path, pair: Pair, incoming: Path) -> None:
    """Let `incoming`, a folder inside `folder`, be the model of `pair`; one that was there goes."""
    place = _place(folder, pair)
    gone = _aside(place) if place else None
    incoming.rename(folder / str(pair))
    if gone:
        shutil.rmtree(gone, ignore_errors=True)


def remove(folder: Path, pair: Pair) -> int:
    """Delete the model of `pair`; how many bytes that freed. Raises NotFound or NotAllowed."""
    place = _place(folder, pair)
    if place is None:
        there = ", ".join(str(one.pair) for one in installed(folder)) or "none"
        raise NotFound(f"There is no model {pair} in {folder}.", advice=f"Installed are: {there}.")
    size = sum(file.stat().st_size for file in place.iterdir() if file.is_file())
    try:
        shutil.rmtree(_aside(place))
    except OSError as error:
        raise unwritable(folder, error) from error
    return size


def _place(folder: Path, pair: Pair) -> Path | None:
    """The folder of a pair, however its name is spelt (`zh_hant-en`, `zh-Hant-en`)."""
    named = (one for one in sorted(folder.iterdir()) if one.is_dir())
    return next((one for one in named if from_folder_name(one.name) == pair), None)


def _aside(place: Path) -> Path:
    gone = place.with_name(f"{GONE}{place.name}-{secrets.token_hex(4)}")
    place.rename(gone)
    return gone


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """The folder, made if need be, and not changed by other commands.

    Raises Conflict or NotAllowed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        _lock(handle)
        for left in folder.glob(f"{GONE}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield folder
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        advice = "Wait until it has ended, then run this one again."
        said = "Another command is changing the models at the moment."
        raise Conflict(said, advice=advice) from error
