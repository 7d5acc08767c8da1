"""A model from a source into LOCAL_MODELS_DIR."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dragoman.domain.os_errors import DiskFull
from dragoman.errors import UnsupportedPair
from ops.models import card as cards
from ops.models import listing, transfer
from ops.models.card import Card
from ops.models.errors import ModelDamaged
from ops.models.file_sources import Folder
from ops.models.folder import INCOMING, install, installed
from ops.models.listing import Offer
from ops.models.pairs import PIVOT, Pair, way
from ops.models.source import Source, offer_in
from ops.models.transfer import Progress

UNPACKED = (
    # a model's files take so many times what they take as gzip (measured: 1.3 to 1.5), and some
    # room to spare
    1.7
)
# Raises ModelDamaged where the files in the folder are no model of the pair.
Judge = Callable[[Pair, Path], None]
SHORT_SUM = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Step:
    """One model that is to be had. `bytes_to_load`: as it comes; None: not told."""

    offer: Offer
    bytes_to_load: int | None


def plan(source: Source, pair: Pair, architecture: str | None = None) -> list[Step]:
    """The models that `pair` needs: one, or two through English.

    Raises UnsupportedPair, or as `Place.open`.
    """
    known = {one for one, offers in source.offers.items() if listing.best(offers, architecture)}
    steps = way(pair, known)
    if not steps:
        raise UnsupportedPair(_why_not(pair, known, architecture), advice=_what_else(pair, known))
    chosen = [listing.best(source.offers[step], architecture) for step in steps]
    return [Step(offer, _bytes_of(source, offer)) for offer in chosen if offer]


def is_there(folder: Path, offer: Offer) -> bool:
    """Whether this very model is installed and whole; False where the source tells nothing to
    know it by.
    """
    if not offer.version:
        return False
    for one in installed(folder, thoroughly=True):
        if one.pair == offer.pair and one.card and not one.problem:
            sums = {file.name: file.sha256 for file in one.card.files}
            told = all(file.sha256 in (None, sums.get(file.name)) for file in offer.files)
            return told and offer.version == one.card.version
    return False


def add(
    source: Source,
    step: Step,
    folder: Path,
    progress: Progress,
    *,
    judge: Judge = lambda _pair, _files: None,
    pause_s: float = transfer.PAUSE_S,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Card:
    """Download, unpack, check and install one model; its card.

    What came before a failure is kept for the next run.

    `judge` looks at the unpacked files together, before they are installed. Raises as
    `transfer.fetch`, and ModelDamaged.
    """
    offer = step.offer
    incoming = folder / f"{INCOMING}{offer.pair}-{_fingerprint(source, offer)}"
    _room_for(folder, step)
    incoming.mkdir(exist_ok=True)
    files = tuple(
        transfer.fetch(source.place, remote, incoming, progress, pause_s) for remote in offer.files
    )
    try:
        judge(offer.pair, incoming)
    except ModelDamaged:
        transfer.clear(incoming)  # else the next run would take these files for good ones
        raise
    card = Card(
        str(offer.pair),
        offer.version or f"sha256:{files[0].sha256[:SHORT_SUM]}",
        offer.architecture,
        offer.licence,
        source.where,
        now().isoformat(timespec="seconds"),
        files,
    )
    cards.write(incoming, card)
    install(folder, offer.pair, incoming)
    for left in folder.glob(f"{INCOMING}{offer.pair}-*"):
        transfer.clear(left)  # of versions that were begun and not wanted any more
    return card


def copy(pair: Pair, files: Path, folder: Path) -> Card:
    """Install the model whose files lie in the folder `files`, which need not be named after its
    pair.

    Raises ModelDamaged where they make up no model, and as `transfer.fetch`.
    """
    offer = offer_in(files, pair)
    if offer is None:
        raise ModelDamaged(f"{files} does not contain a complete model.")
    source = Source(Folder(files), str(files), {pair: (offer,)})
    return add(source, Step(offer, _bytes_of(source, offer)), folder, lambda *_: None)


def _bytes_of(source: Source, offer: Offer) -> int | None:
    sizes = [source.place.size_of(remote.path) for remote in offer.files]
    return sum(size for size in sizes if size) if all(sizes) else None


def _room_for(folder: Path, step: Step) -> None:
    needed = int((step.bytes_to_load or 0) * (1 + UNPACKED))
    free = shutil.disk_usage(folder).free
    if free < needed:
        said = (
            f"{step.offer.pair} needs {needed / 1e6:.0f} MB for a while, and {free / 1e6:.0f} MB"
            " are free"
        )
        full = DiskFull(f"{said} in {folder}.")
        full.advice = "Make room, then run the same command again."
        raise full


def _fingerprint(source: Source, offer: Offer) -> str:
    """What tells this download from one of another version or another source."""
    named = "\n".join(
        [source.where, offer.version, *(f"{one.path} {one.sha256}" for one in offer.files)]
    )
    return hashlib.sha256(named.encode()).hexdigest()[:SHORT_SUM]


def _why_not(pair: Pair, known: set[Pair], architecture: str | None) -> str:
    kind = f" of the architecture {architecture}" if architecture else ""
    missing = [
        step for step in (Pair(pair.source, PIVOT), Pair(PIVOT, pair.target)) if step not in known
    ]
    if PIVOT in (pair.source, pair.target):
        return f"There is no model {pair} ({pair.spoken}){kind}."
    without = " and ".join(str(step) for step in missing)
    return (
        f"There is no model {pair} ({pair.spoken}){kind}, and none through English: {without} is"
        " not there."
    )


def _what_else(pair: Pair, known: set[Pair]) -> str:
    near = sorted(
        str(one) for one in known if {one.source, one.target} & {pair.source, pair.target} - {PIVOT}
    )
    if near:
        return f"There are: {', '.join(near)}."
    return "`dragoman models list --available` shows all models."
