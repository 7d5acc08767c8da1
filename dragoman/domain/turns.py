"""Whose turn it is: what is free is shared by senders, then by teams, and nobody waits for one
who holds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HOG = 2  # places: who holds so many has more than a share where somebody else has none


@dataclass(frozen=True, slots=True)
class Places:
    """How many documents the workers do at once: `usual`, and `spare` ones for those who would
    be kept out.
    """

    usual: int
    spare: int


@dataclass(frozen=True, slots=True)
class Holder:
    """An owner who is being worked for.

    `team`: see `dragoman.domain.owner`, None: alone; `held`: places, 1 or more.
    """

    owner: str
    team: str | None
    held: int


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose job is due."""

    owner: str
    team: str | None


def held_by(asker: Asker, holders: Iterable[Holder]) -> tuple[int, int]:
    """The places of the asker, and of the asker's team with the asker's own: the fewer, the
    sooner it is the asker's turn.
    """
    known = list(holders)
    own = sum(one.held for one in known if one.owner == asker.owner)
    team = sum(
        one.held
        for one in known
        if asker.team and one.team == asker.team and one.owner != asker.owner
    )
    return own, own + team


def may_begin(asker: Asker, holders: Sequence[Holder], before: int, places: Places) -> bool:
    """Whether a due job may begin now. `before`: how many others are due whose turn is sooner.

    Where no usual place is free, a spare one is for those who hold nothing while somebody holds
    more than a share.
    """
    free = room(holders, places)
    taken = sum(one.held for one in holders)
    return before < free and (taken < places.usual or is_kept_out(asker, holders))


def room(holders: Iterable[Holder], places: Places) -> int:
    """How many may begin now: as many as there are free places, or, where no usual one is free,
    free spare ones.
    """
    free = places.usual - sum(one.held for one in holders)
    return free if free > 0 else max(free + places.spare, 0)


def is_kept_out(asker: Asker, holders: Sequence[Holder]) -> bool:
    """Whether the asker holds nothing, and others hold what would be the asker's share: one
    owner two places, or one team all.
    """
    if not holders or held_by(asker, holders)[0]:
        return False
    others = {one.owner for one in holders}
    teams = {one.team or one.owner for one in holders}
    return (
        len(others) == 1
        or max(one.held for one in holders) >= HOG
        or (len(teams) == 1 and teams != {asker.team or asker.owner})
    )


@dataclass(frozen=True, slots=True)
class Work:
    """What is left to do for an owner, in seconds for one place: of the jobs that came `before`
    a certain one, and of all.
    """

    owner: str
    before: float
    all: float


def waiting_s(owner: str, own_s: float, work: Iterable[Work], places: int) -> float:
    """Seconds until a job of `owner` begins that takes `own_s`, where owners share the places
    evenly.

    Its owner's earlier jobs go first; meanwhile each other owner gets as much as they take together
    with it, or all that the other has, if that is less.
    """
    known = list(work)
    earlier = sum(one.before for one in known if one.owner == owner)
    others = sum(min(one.all, earlier + own_s) for one in known if one.owner != owner)
    return (earlier + others) / max(places, 1)
