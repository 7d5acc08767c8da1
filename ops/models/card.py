"""`model.json`, beside the files of an installed model: where it is from, what it is, and the sum
of each file.

{"pair": "en-pt", "version": …, "architecture": …, "licence": …, "origin": …, "added": …,
 "files": {"model.enpt.intgemm.alphas.bin": {"bytes": …, "sha256": …, "vouched": true}, …}}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops.models.errors import ModelDamaged

NAME = "model.json"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it lies there. `vouched`: whether the source told its SHA-256, and this was it."""

    name: str
    size: int
    sha256: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of an installed model.

    `origin`: the address of its source. `added`: ISO 8601, in UTC.
    """

    pair: str
    version: str
    architecture: str
    licence: str
    origin: str
    added: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes on disk, of all files."""
        return sum(file.size for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        files = {
            file.name: {"bytes": file.size, "sha256": file.sha256, "vouched": file.vouched}
            for file in self.files
        }
        return {**asdict(self), "files": files}


def write(folder: Path, card: Card) -> None:
    """Write `card` into `folder`."""
    text = json.dumps(card.as_dict(), ensure_ascii=False, indent=2)
    (folder / NAME).write_text(f"{text}\n", encoding="utf-8")


def read(folder: Path) -> Card | None:
    """The card in `folder`; None: it has none, for its files were put there by hand.

    Raises ModelDamaged.
    """
    try:
        told = json.loads((folder / NAME).read_text(encoding="utf-8"))
        files = tuple(
            File(name, int(one["bytes"]), str(one["sha256"]), bool(one.get("vouched")))
            for name, one in told["files"].items()
        )
        return Card(
            str(told["pair"]),
            str(told["version"]),
            str(told["architecture"]),
            str(told["licence"]),
            str(told["origin"]),
            str(told["added"]),
            files,
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{folder / NAME} cannot be read.", detail=repr(error)[:200]) from error
