"""Workspaces, and what their channels and people want."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Table, select, update

from dragoman.db.clock import now_s
from dragoman.db.statements import upsert
from dragoman.db.tables import PlaceRow, TeamRow
from dragoman.domain.wishes import ChannelWishes, PersonWishes

PLACES = cast("Table", PlaceRow.__table__)
TEAMS = cast("Table", TeamRow.__table__)


def channel_wishes(connection: Connection, team: str, channel: str) -> ChannelWishes:
    """What a channel wants; the defaults where nobody has said anything."""
    return ChannelWishes.from_json(_wishes(connection, f"{team}:{channel}"))


def person_wishes(connection: Connection, team: str, user: str) -> PersonWishes:
    """What a person wants; nothing where they have not said anything."""
    return PersonWishes.from_json(_wishes(connection, f"{team}:{user}"))


def keep_wishes(
    connection: Connection, team: str, place: str, wishes: ChannelWishes | PersonWishes
) -> None:
    """Keep what a channel or a person (`place`: its id) wants from now on."""
    upsert(
        connection,
        PLACES,
        ("key",),
        key=f"{team}:{place}",
        wishes=wishes.as_json(),
        changed_at=now_s(),
    )


def installed(connection: Connection, team: str, facts: dict[str, Any]) -> None:
    """The token of this workspace works; `facts`: ids of the app's bot and user, the
    workspace's name.
    """
    upsert(connection, TEAMS, ("id",), id=team, facts=facts, seen_at=now_s(), revoked_at=None)


def team(connection: Connection, team_id: str) -> dict[str, Any] | None:
    """The workspace, or None."""
    row = connection.execute(select(TEAMS).where(TEAMS.c.id == team_id)).mappings().one_or_none()
    return dict(row) if row else None


def revoke(connection: Connection, team_id: str) -> None:
    """The workspace took its token back, or removed the app."""
    connection.execute(update(TEAMS).where(TEAMS.c.id == team_id).values(revoked_at=now_s()))


def _wishes(connection: Connection, key: str) -> dict[str, Any]:
    return connection.scalar(select(PLACES.c.wishes).where(PLACES.c.key == key)) or {}
