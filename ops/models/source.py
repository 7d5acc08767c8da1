"""What models can be had from an address: of a list (Mozilla's, or a mirror of it), or a folder
with a folder a pair.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from dragoman.errors import DragomanError, NotFound
from ops.models import card, listing
from ops.models.errors import ModelListInvalid, ModelsUnreachable
from ops.models.file_sources import ELSEWHERE, SILENCE_S, Cut, Folder, Place, Web
from ops.models.listing import KINDS, PACKED, Offer, Remote
from ops.models.pairs import Pair, from_folder_name

LIST = "db/models.json"
LARGEST_LIST = 64 * 2**20  # bytes; Mozilla's has less than 1 MB


@dataclass(frozen=True, slots=True)
class Source:
    """A place, and what it offers. `where`: its address as it goes into `model.json`."""

    place: Place
    where: str
    offers: dict[Pair, tuple[Offer, ...]]


def open_source(address: str, silence_s: float = SILENCE_S) -> Source:
    """What is offered at `address`: https:// or http://, file:// or a folder, or one of these with
    a list's name.

    Raises NotFound, NotAllowed, ModelsUnreachable or ModelListInvalid.
    """
    scheme = urlsplit(address).scheme
    if scheme in ("http", "https"):
        return _on_the_web(address, silence_s)
    path = Path(unquote(urlsplit(address).path) if scheme == "file" else address).expanduser()
    if path.suffix == ".json":
        root = path.parent.parent if path.parts[-2:] == ("db", "models.json") else path.parent
        return _listed(Folder(root), str(path), str(path.relative_to(root)))
    if not path.is_dir():
        raise NotFound(f"There is no folder {path}.", advice=ELSEWHERE)
    if (path / LIST).exists():
        return _listed(Folder(path), str(path), LIST)
    offers = dict(_in_folders(path))
    if not offers:
        advice = (
            f"It should have {LIST}, or folders such as en-pt with model.*.bin, lex*.bin and"
            " vocab*.spm."
        )
        raise NotFound(f"There are no models in {path}.", advice=advice)
    return Source(Folder(path), str(path.absolute()), offers)


def _on_the_web(address: str, silence_s: float) -> Source:
    if not urlsplit(address).path.endswith(".json"):
        address = f"{address.rstrip('/')}/{LIST}"
    if address.endswith(f"/{LIST}"):
        # Its files are beside it, also on a mirror, whose copy of the list still names Mozilla's
        # server.
        return _listed(Web(address.removesuffix(f"/{LIST}"), silence_s), address, LIST)
    data = _read(Web(address, silence_s), "")
    base = data.get("baseUrl") if isinstance(data, dict) else None
    root = urljoin(address, base if isinstance(base, str) else ".")
    if urlsplit(root).scheme not in ("http", "https"):
        raise ModelListInvalid(
            f"The list of models at {address} has a “baseUrl” that is not a web address."
        )
    return Source(Web(root, silence_s), address, listing.read(data))


def _listed(place: Place, where: str, path: str) -> Source:
    return Source(place, where, listing.read(_read(place, path)))


def _read(place: Place, path: str) -> Any:
    body = bytearray()
    where = f"{place.where}/{path}".rstrip("/")
    try:
        with place.open(path) as stream:
            for chunk in stream.chunks:
                body += chunk
                if len(body) > LARGEST_LIST:
                    raise ModelListInvalid(f"{where} is too large for a list of models.")
            whole = stream.total in (None, len(body))
    except Cut as cut:
        raise ModelsUnreachable(
            f"The list of models could not be read from {where}: {cut}."
        ) from cut
    if not whole:
        raise ModelsUnreachable(f"The list of models at {where} was cut off on the way.")
    try:
        return json.loads(bytes(body))
    except ValueError as error:
        kind = "a web page" if body.lstrip()[:1] == b"<" else "something else"
        raise ModelListInvalid(
            f"{where} is not a list of models, but {kind}.", advice=ELSEWHERE
        ) from error


def _in_folders(root: Path) -> Iterator[tuple[Pair, tuple[Offer, ...]]]:
    for folder in sorted(root.iterdir()):
        pair = from_folder_name(folder.name)
        if pair is None or not folder.is_dir():
            continue
        offer = offer_in(folder, pair, folder.name)
        if offer is not None:
            yield pair, (offer,)


def offer_in(folder: Path, pair: Pair, below: str = "") -> Offer | None:
    """The model whose files are in `folder`, with what its `model.json` says of them; None: there
    is none.

    `below`: the folder's name in the paths of the offer.
    """
    try:
        told = card.read(folder)
    except (DragomanError, OSError):
        told = None
    known = {file.name: file for file in told.files} if told else {}
    remotes = []
    for kind, (pattern, _) in KINDS.items():
        for file in sorted(folder.iterdir()):
            name = file.name.removesuffix(PACKED)
            if pattern.fullmatch(name):
                one = known.get(name)
                path = f"{below}/{file.name}".lstrip("/")
                remotes.append(
                    (
                        kind,
                        Remote(name, path, one.size if one else None, one.sha256 if one else None),
                    )
                )
                break
    if not listing.is_whole(frozenset(kind for kind, _ in remotes)):
        return None
    return Offer(
        pair,
        told.architecture if told else "unknown",
        "in a folder",
        told.version if told else "",
        told.licence if told else "not stated",
        tuple(remote for _, remote in remotes),
    )
