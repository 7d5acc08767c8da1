"""What the endpoints work with, and how they get at it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from prometheus_client.metrics_core import Metric

from dragoman.adapters.signed_links import Links, Named
from dragoman.app.intake import Intake
from dragoman.db.ledgers import jobs
from dragoman.db.queries import arrivals, lists, short_ids
from dragoman.db.queries.lists import Cursor, Wanted
from dragoman.db.records import process_registry
from dragoman.domain import actors, language
from dragoman.domain.answers.job_status import JobStatus
from dragoman.domain.job import PSEUDO
from dragoman.domain.rows.job import Job
from dragoman.domain.specs import engine_specs
from dragoman.errors import Gone, NotAllowed, UnsupportedTarget
from dragoman.settings import Settings
from ingress.web.job_views.job_page import OpenPage, page_facts
from ingress.web.job_views.views import ENDED
from ingress.web.monitoring.broker import Broker
from ingress.web.monitoring.readiness import LastLook
from ingress.web.security import failed_attempts
from ingress.web.security.api_tokens import Caller, Callers, WrongToken
from ingress.web.security.failed_attempts import Tries
from ingress.web.security.stream_limit import Streams

ENGINES = frozenset(engine_specs.names())
ONLY_SHOWS = "This link shows the document and downloads it; it cannot change anything."
ONLY_SHOWS_ADVICE = (
    "Please use the link that the person who asked for the translation received, or ask them."
)


@dataclass(frozen=True)
class Door:
    """One web front door: intake, and what is read beside it."""

    settings: Settings
    intake: Intake
    links: Links
    callers: Callers
    broker: Broker
    readiness: LastLook[None] = field(default_factory=LastLook)
    ledgers: LastLook[list[Metric]] = field(default_factory=LastLook)
    streams: Streams = field(default_factory=Streams)
    tries: Tries = field(default_factory=Tries)

    def named_by(self, authorization: str | None, address: str) -> Caller:
        """Who calls from the IP `address`. Raises TokenNeeded, TooManyTries."""
        with self.tries.watching(address, failed_attempts.TOKEN, WrongToken):
            return self.callers.named_by(authorization)

    def engines(self) -> frozenset[str]:
        """Names of the engines that may be asked for: what the workers have (pseudo always), or
        all before the first one is up.
        """
        with self.intake.database.read() as connection:
            if not process_registry.is_known(connection):
                return ENGINES
            return frozenset(known.engine for known in process_registry.published(connection)) | {
                PSEUDO
            }

    def targets(self) -> list[str]:
        """Tags of the languages that some engine here can translate into; empty before the
        first worker is up.
        """
        with self.intake.database.read() as connection:
            known = process_registry.published(connection)
        return sorted({tag for one in known for tag in one.targets})

    def language_names(self) -> list[str] | None:
        """English names of the languages that can be translated into now; None before the first
        worker has said.
        """
        targets = self.intake.targets()
        return None if targets is None else sorted({language.name(tag) for tag in targets})

    def by_key(self, key: str) -> Job | None:
        """The row of the job that was made for this request before, or None."""
        with self.intake.database.read() as connection:
            return jobs.by_key(connection, key)

    def jobs_of(self, owner: str, limit: int) -> list[Job]:
        """The newest jobs of an owner; what was deleted is nobody's any more."""
        with self.intake.database.read() as connection:
            rows = lists.jobs(connection, Wanted(seen_by=owner, limit=limit)).rows
        return [row for row in rows if row.purged_at is None]

    def check_engine(self, engine: str | None, target_lang: str) -> None:
        """Raise UnsupportedTarget if the engine that was asked for is known not to have the
        language.
        """
        with self.intake.database.read() as connection:
            known = {one.engine: one for one in process_registry.published(connection)}
        if engine in known and not language.is_among(target_lang, known[engine].targets):
            raise UnsupportedTarget(
                f"{engine} cannot translate into {target_lang}.",
                advice="Leave `engine` out, and we choose one.",
            )

    def open_page(self, token: str, signed_in: str | None = None) -> OpenPage:
        """The page that a link of either kind leads to. Raises as `offered`.

        `signed_in`: the email address of whoever opens it. The requester needs no link of their own
        to change things.
        """
        named = self.links.read_page(token)
        known = self._known(named)
        job = known.job
        if not named.own and signed_in is not None and job.owner == signed_in:
            return OpenPage(known, self.links.token("own", job), may_change=True)
        return OpenPage(known, token, may_change=named.own)

    def page_facts(self, opened: OpenPage) -> dict[str, Any]:
        """What the template of a job's page needs."""
        # Languages are offered when the job has ended; until then the page is looked at again and
        # again.
        offers = opened.may_change and opened.known.job.status in ENDED
        targets = self.targets() if offers else []
        days, approvers = self.settings.retention_days, self.settings.approvers
        return page_facts(
            opened, self.links, targets=targets, retention_days=days, approvers=approvers
        )

    def own_page(self, token: str) -> JobStatus:
        """The job, for a link that may change it.

        Raises as `offered`, and NotAllowed for a link that only shows.
        """
        page = self.open_page(token)
        if not page.may_change:
            raise NotAllowed(ONLY_SHOWS, advice=ONLY_SHOWS_ADVICE)
        return page.known

    def offered(self, token: str) -> Job:
        """The job that a download link names.

        Raises NotFound, or Gone for links that are expired, revoked or deleted.
        """
        return self._known(self.links.read("download", token)).job

    def _known(self, named: Named) -> JobStatus:
        known = self.intake.find(named.job_id)
        if known.job.purged_at is not None:
            raise Gone("This document has been deleted, and its translation with it.")
        if known.job.link_version != named.version:
            raise Gone("This link is no longer valid.")
        return known

    def own_job(self, caller: Caller, text: str) -> JobStatus:
        """The job that `text` means, an id or the beginning of one, among those that the
        caller may see.

        Raises NotFound or AmbiguousId; the jobs of others count as none in both.
        """
        with self.intake.database.read() as connection:
            job_id = short_ids.job_id(connection, text, caller.sees)
        return self.intake.find(job_id, caller.sees)

    def own_jobs(self, caller: Caller, wanted: Wanted) -> tuple[list[JobStatus], Cursor | None]:
        """The jobs that are wanted among those that the caller may see, and where the next page
        begins.
        """
        with self.intake.database.read() as connection:
            page = lists.jobs(connection, replace(wanted, seen_by=caller.sees))
            return arrivals.statuses(connection, page.rows), page.next


def door_of(request: Request) -> Door:
    """The door of the application that serves the request."""
    return cast("Door", request.app.state.door)


def address_of(request: Request) -> str:
    """The IP address of the other side of the connection: of a proxy, where there is one.

    "": a Unix socket.
    """
    return request.client.host if request.client else ""


async def _door_at_once(request: Request) -> Door:
    """As `door_of`.

    FastAPI gives a dependency that is not `async` a thread of its own, each with memory of its own.
    """
    return door_of(request)


DoorOf = Annotated[Door, Depends(_door_at_once)]
_bearer = HTTPBearer(
    auto_error=False, description="A named token of this server (`DRAGOMAN_API_TOKENS`)."
)


def caller_of(
    request: Request, door: DoorOf, _shown_in_docs: Annotated[object, Depends(_bearer)]
) -> Caller:
    """Who calls. Raises TokenNeeded, TooManyTries."""
    caller = door.named_by(request.headers.get("authorization"), address_of(request))
    actors.present().who = caller.owner
    return caller


CallerOf = Annotated[Caller, Depends(caller_of)]


def admin_of(caller: CallerOf) -> Caller:
    """Who calls, with the admin scope. Raises TokenNeeded, NotAllowed."""
    if not caller.admin:
        raise NotAllowed("Only a token with the admin scope may do that.")
    return caller


AdminOf = Annotated[Caller, Depends(admin_of)]
