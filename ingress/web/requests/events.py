"""Progress as server-sent events: each stream looks at its job's row now and then and tells
what has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import structlog
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from dragoman.adapters.templating import render
from dragoman.errors import DatabaseUnavailable, DragomanError, RequestError
from ingress.web.job_views.views import ENDED, JobView, job_view
from ingress.web.requests.context import Door
from ingress.web.responses import problems

log = structlog.get_logger(__name__)

T = TypeVar("T")
POLL_S = 0.7


async def of_job(door: Door, job_id: str) -> AsyncIterator[ServerSentEvent]:
    """For programs: `progress` with the job's JSON on each change, `end` with it when the job
    has ended.
    """

    def look() -> JobView:
        return job_view(door.intake.find(job_id), door.links)

    def changed(view: JobView) -> object:
        # links are new at each look
        return view.model_dump(exclude={"eta_s", "page_url", "result_url"})

    view = None
    try:
        async for view in _changes(look, changed, lambda view: view.status in ENDED):
            yield ServerSentEvent(view.model_dump_json(), event="progress")
    except DragomanError as error:
        problem = problems.of_error(error, job_id)
        yield ServerSentEvent(problem.model_dump_json(exclude_none=True), event="end")
        return
    if view is not None:
        yield ServerSentEvent(view.model_dump_json(), event="end")


async def of_page(door: Door, token: str) -> AsyncIterator[ServerSentEvent]:
    """For the job's page: a piece of HTML on each change, `end` at the end."""

    def look() -> tuple[str, bool]:
        page = door.open_page(token)
        return render("web/change.html", **door.page_facts(page)), page.known.job.status in ENDED

    try:
        async for html, _ in _changes(look, lambda seen: seen[0], lambda seen: seen[1]):
            yield ServerSentEvent(html)
    except RequestError as error:
        yield ServerSentEvent(render("web/ended.html", problem=problems.of_error(error)))
    yield ServerSentEvent("", event="end")


async def _changes(
    look: Callable[[], T], changed: Callable[[T], object], is_last: Callable[[T], bool]
) -> AsyncIterator[T]:
    """What `look` sees whenever `changed` of it has changed, up to the last; a database that is
    away is waited for.
    """
    before: object = None
    while True:
        try:
            seen = await run_in_threadpool(look)
        except DatabaseUnavailable as error:
            log.warning("events_wait", detail=error.detail)
        else:
            if (now := changed(seen)) != before:
                before = now
                yield seen
            if is_last(seen):
                return
        await asyncio.sleep(POLL_S)
