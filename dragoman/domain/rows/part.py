"""A range of pages of a long document, as its row says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from dragoman.domain.document import DocumentWarning, Gist
from dragoman.domain.job import Stage
from dragoman.domain.rows.leased import Leased


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What a part tells its whole.

    `gist`: of what was read, None before that. `warnings`: of its pages, once they are set.
    `remade_in`: the job's run in which it began anew since its artifact was lost.
    """

    gist: Gist | None = None
    warnings: tuple[DocumentWarning, ...] = ()
    remade_in: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values for the row; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `as_json` gave."""
        gist = values.get("gist")
        return cls(
            gist=Gist(**gist) if gist else None,
            warnings=tuple(DocumentWarning(**one) for one in values.get("warnings") or ()),
            remade_in=values.get("remade_in"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Leased):
    """A part of the job `job_id`, the one with this `number` (from 0), which goes through the
    stages with it.

    `pages` are 0-based numbers; `artifact`: the key of what its last finished stage left;
    `progress`: percent of the present stage.
    """

    job_id: str
    number: int
    stage: Stage
    pages: tuple[int, ...]
    progress: int = 0
    artifact: str | None = None
    facts: PartFacts = PartFacts()
