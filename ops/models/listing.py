"""What a list of models says. Pure: a JSON value in, offers out.

The list is Mozilla's, as the public generator in github.com/mozilla/translations (`db/updater.py`,
`PublicModelsJsonGenerator`) writes it to `db/models.json`:

    {"generated": "2026-11-09T00:45:24Z", "baseUrl": "https://…", "models": {"en-pt": [
        {"architecture": "tiny" | "base" | "base-memory", "releaseStatus": "Release" | …,
         "sourceLanguage": "en", "targetLanguage": "pt", "files": {
            "model": {"path": "models/en-pt/RUN/exported/model.enpt.intgemm.alphas.bin.gz",
                      "uncompressedSize": BYTES, "uncompressedHash": SHA-256},
            "lexicalShortlist": {"path": "…/lex.50.50.enpt.s2t.bin.gz"},
            "vocab": {"path": "…/vocab.enpt.spm.gz"}    or  "srcVocab" and "trgVocab"}}]}}

It has a size and a sum for the model only; a list that has them for the other files too is believed
in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ops.models.errors import ModelListInvalid
from ops.models.pairs import Pair, from_folder_name

# Kind of file in the list -> what its name must look like for the engine, and the name it gets
# where it does not.
KINDS = {
    "model": (re.compile(r"model\.[\w.-]*bin"), "model.{pair}.bin"),
    "lexicalShortlist": (re.compile(r"lex[\w.-]*\.bin"), "lex.{pair}.bin"),
    "vocab": (re.compile(r"vocab[\w.-]*\.spm"), "vocab.{pair}.spm"),
    "srcVocab": (re.compile(r"srcvocab[\w.-]*\.spm"), "srcvocab.{pair}.spm"),
    "trgVocab": (re.compile(r"trgvocab[\w.-]*\.spm"), "trgvocab.{pair}.spm"),
}
# The larger ones translate better, and each of them is fast enough for documents.
ARCHITECTURES = ("base-memory", "base", "tiny")
PACKED = ".gz"
MOZILLAS_LICENCE = "MPL-2.0 (by Mozilla's repository of models; the list names none)"
_SUM = re.compile(r"[0-9a-f]{64}")
_RUN = re.compile(r"models/[^/]+/(?P<run>[^/]+)/")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that is offered: the name it will have, where it is, and what is known of it unpacked.

    `path`: below the place's root, or a whole address. `size` in bytes and `sha256` in hexadecimal
    digits are those of the unpacked file; None: not told.
    """

    name: str
    path: str
    size: int | None = None
    sha256: str | None = None

    @property
    def packed(self) -> bool:
        """Whether it comes as gzip."""
        return self.path.endswith(PACKED)


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can be had: for which pair, of which kind and age, under which licence, in
    which files.
    """

    pair: Pair
    architecture: str
    status: str
    version: str
    licence: str
    files: tuple[Remote, ...]


def read(data: Any) -> dict[Pair, tuple[Offer, ...]]:
    """The offers of a list, by pair. Raises ModelListInvalid where it is no list of models."""
    models = data.get("models") if isinstance(data, dict) else None
    if not isinstance(models, dict):
        raise ModelListInvalid("This is not a list of models: it has no “models”.")
    generated = data.get("generated")
    licence = data.get("license") or data.get("licence") or MOZILLAS_LICENCE
    found: dict[Pair, tuple[Offer, ...]] = {}
    for name, entries in models.items():
        pair = from_folder_name(str(name))
        if pair is None or not isinstance(entries, list):
            continue  # a kind of entry that is younger than this program
        offers = tuple(_offers(pair, entries, str(generated or ""), str(licence)))
        if offers:
            found[pair] = offers
    return found


def best(offers: tuple[Offer, ...], architecture: str | None = None) -> Offer | None:
    """The released one of the best architecture, or of the one named; None where that is not
    offered.
    """
    wanted = [one for one in offers if architecture in (None, one.architecture)]
    return min(wanted, key=_rank, default=None)


def _rank(offer: Offer) -> tuple[bool, int]:
    known = offer.architecture in ARCHITECTURES
    place = ARCHITECTURES.index(offer.architecture) if known else len(ARCHITECTURES)
    return not offer.status.startswith("Release"), place


def _offers(pair: Pair, entries: list[Any], generated: str, licence: str) -> Iterator[Offer]:
    for entry in entries:
        files = entry.get("files") if isinstance(entry, dict) else None
        if not isinstance(files, dict):
            continue
        remotes = tuple(_remote(pair, kind, files[kind]) for kind in KINDS if files.get(kind))
        if not is_whole(frozenset(files)):
            continue  # some entries of Mozilla's list name a model without its vocabulary
        yield Offer(
            pair,
            str(entry.get("architecture") or "unknown"),
            str(entry.get("releaseStatus") or "unknown"),
            _version(remotes[0], generated),
            str(entry.get("license") or licence),
            remotes,
        )


def is_whole(kinds: frozenset[str]) -> bool:
    """Whether these kinds of files make up a model: weights, shortlist, and one vocabulary or
    two.
    """
    shared = {"model", "lexicalShortlist", "vocab"} <= kinds
    return shared or {"model", "lexicalShortlist", "srcVocab", "trgVocab"} <= kinds


def _remote(pair: Pair, kind: str, told: Any) -> Remote:
    path = told.get("path") if isinstance(told, dict) else None
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
        raise ModelListInvalid(f"The list of models has no usable path for the {kind} of {pair}.")
    pattern, otherwise = KINDS[kind]
    name = parts[-1].removesuffix(PACKED)
    if not pattern.fullmatch(name):
        name = otherwise.format(pair=f"{pair.source}{pair.target}")
    size, digest = told.get("uncompressedSize"), str(told.get("uncompressedHash") or "").lower()
    return Remote(
        name,
        "/".join(parts),
        size if isinstance(size, int) and size > 0 else None,
        digest if _SUM.fullmatch(digest) else None,
    )


def _version(model: Remote, generated: str) -> str:
    """The name of the training run, which stands in the path; else the list's date; else a part
    of the sum.
    """
    run = _RUN.match(model.path)
    return run["run"] if run else generated or (model.sha256 or "unknown")[:12]
