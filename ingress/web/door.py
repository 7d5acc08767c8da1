"""What the endpoints work with, and how they get at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, cast, get_args

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from dragoman.db import history, jobs, presence
from dragoman.domain import language
from dragoman.domain.job import Status
from dragoman.errors import Gone, NotFound, UnsupportedTarget
from dragoman.intake import Intake
from dragoman.links import Links, Purpose
from dragoman.settings import Settings
from ingress.web.callers import Caller, Callers
from ingress.web.health import Broker

ENGINES = frozenset(get_args(Settings.model_fields["engine"].annotation)) - {"auto"}
JOB_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Door:
    """One web front door: intake, and what is read beside it."""

    settings: Settings
    intake: Intake
    links: Links
    callers: Callers
    broker: Broker

    def engines(self) -> frozenset[str]:
        """Names of the engines that may be asked for: what the workers have, or all before the first one is up."""
        with self.intake.database.read() as connection:
            return frozenset(known.engine for known in presence.published(connection)) or ENGINES

    def check_engine(self, engine: str | None, target_lang: str) -> None:
        """Raise UnsupportedTarget if the engine that was asked for is known not to have the language."""
        with self.intake.database.read() as connection:
            known = {one.engine: one for one in presence.published(connection)}
        if engine in known and not language.is_among(target_lang, known[engine].targets):
            raise UnsupportedTarget(f"{engine} cannot translate into {target_lang}.", advice="Leave the engine to us.")

    def job_of(self, purpose: Purpose, token: str) -> dict[str, Any]:
        """The job's row that a link names. Raises NotFound, or Gone for links that are expired, revoked or deleted."""
        named = self.links.read(purpose, token)
        row = self.intake.find(named.job_id)
        if row["purged_at"] is not None:
            raise Gone("This document has been deleted, and its translation with it.")
        if row["link_version"] != named.version:
            raise Gone("This link is no longer valid.")
        return row

    def own_job(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """The job's row, if the caller may see it. Raises NotFound, for what can be no id too."""
        if not JOB_ID.fullmatch(job_id):  # PostgreSQL takes no NUL in a text
            raise NotFound("There is no such job.")
        return self.intake.find(job_id, caller.sees)

    def own_jobs(self, caller: Caller, wanted: Status | None, limit: int) -> list[dict[str, Any]]:
        """The newest jobs that the caller may see, with their `eta_s`; in one status, or in any."""
        with self.intake.database.read() as connection:
            rows = jobs.in_status(connection, wanted, owner=caller.sees, limit=limit)
            return [{**row, "eta_s": history.eta_s(connection, row)} for row in rows]


def door_of(request: Request) -> Door:
    """The door of the application that serves the request."""
    return cast("Door", request.app.state.door)


DoorOf = Annotated[Door, Depends(door_of)]
_bearer = HTTPBearer(auto_error=False, description="A named token of this server (`DRAGOMAN_API_TOKENS`).")


def caller_of(request: Request, door: DoorOf, _shown_in_docs: Annotated[object, Depends(_bearer)]) -> Caller:
    """Who calls. Raises TokenNeeded."""
    return door.callers.named_by(request.headers.get("authorization"))


CallerOf = Annotated[Caller, Depends(caller_of)]
