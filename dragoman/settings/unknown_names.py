"""Names that begin with `DRAGOMAN_` and mean nothing here: said at the start of each process, with
the likely right name.

They are a warning and no end: a newer version's `.env` may stand beside an older program.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dragoman.settings import Settings, secret_files

PREFIX = "DRAGOMAN_"
ENV_FILE = ".env"  # what docker-compose.yml reads; no command of ours takes its values
ALIKE = 0.75  # of difflib's ratio, 0 to 1: a letter or two
_ASSIGNED = re.compile(rf"^\s*(?:export\s+)?({PREFIX}\w+)\s*=", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A name that is not known.

    `meant`: the one that is most alike, None if none is. `where`: a file, None: the environment.
    """

    name: str
    meant: str | None
    where: str | None = None

    def __str__(self) -> str:
        """One sentence."""
        place = f" in {self.where}" if self.where else ""
        guess = f" Did you mean {self.meant}?" if self.meant else ""
        return f"{self.name}{place} is not a setting of Dragoman, so it has no effect.{guess}"


def known() -> frozenset[str]:
    """All names that mean something, whole and in capitals."""
    fields = Settings.model_fields.items()
    files = {
        secret_files.variable_of(Settings, name)
        for name, field in fields
        if secret_files.is_secret(name, field)
    }
    return frozenset({PREFIX + name.upper() for name, _ in fields} | files)


def strangers(names: Iterable[str], where: str | None = None) -> list[Stranger]:
    """Those of `names` that begin as ours do and are not known, in alphabetical order.

    Names are taken in any case.
    """
    ours = known()
    strange = sorted(
        {name for name in names if name.upper().startswith(PREFIX) and name.upper() not in ours}
    )
    return [Stranger(name, _likely(name.upper(), ours), where) for name in strange]


def found(environment: Mapping[str, str], folder: Path) -> list[Stranger]:
    """The strangers of the environment, and of the `.env` in `folder`, where there is one that
    can be read.
    """
    return [*strangers(environment), *strangers(names_in(folder / ENV_FILE), ENV_FILE)]


def unread(environment: Mapping[str, str], folder: Path) -> list[str]:
    """Names of settings that the `.env` in `folder` gives values to, and the environment does
    not.
    """
    given = {name.upper() for name, value in environment.items() if value}
    return sorted({name.upper() for name in names_in(folder / ENV_FILE)} & known() - given)


def names_in(file: Path) -> list[str]:
    """The names that a `.env` gives values to, ours alone; none where it cannot be read."""
    try:
        return _ASSIGNED.findall(file.read_text(errors="replace"))
    except OSError:
        return []


def _likely(name: str, ours: frozenset[str]) -> str | None:
    """The prefix, which all share, would make anything alike: it is left out."""
    rests = {one.removeprefix(PREFIX): one for one in ours}
    wanted = name.removeprefix(PREFIX)
    squeezed = {rest.replace("_", ""): rest for rest in rests}
    if wanted.replace("_", "") in squeezed:
        return rests[squeezed[wanted.replace("_", "")]]
    alike = difflib.get_close_matches(wanted, rests, n=1, cutoff=ALIKE)
    return rests[alike[0]] if alike else None
