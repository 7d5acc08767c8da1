"""A result on its way out: streamed from the store through this process, and kept by no cache."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from starlette.responses import StreamingResponse

from dragoman.adapters.storage import CHUNK
from dragoman.domain.file_names import result_name
from dragoman.domain.job import RowState
from dragoman.domain.rows.job import Job
from dragoman.errors import Conflict, Gone
from dragoman.ports import BlobStore
from ingress.web.job_views.views import attachment


def result(row: Job, store: BlobStore) -> StreamingResponse:
    """The translated PDF of a job.

    Raises Conflict before there is one, Gone after, StoreUnavailable.
    """
    if row.purged_at is not None:
        raise Gone("This document has been deleted, and its translation with it.")
    if row.state != RowState.DONE or not row.result:
        raise Conflict(
            "There is no translated file yet.", advice="Please wait until the job is COMPLETED."
        )
    size = store.size(row.result)
    if size is None:
        raise Gone
    body = _pieces(store, row.result)
    # The first piece is read before the headers go out, so that a store that fails is told as an
    # error.
    first = next(body, b"")
    headers = {
        "Content-Disposition": attachment(result_name(row.filename, row.target_lang)),
        "Content-Length": str(size),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(chain([first], body), media_type="application/pdf", headers=headers)


def _pieces(store: BlobStore, key: str) -> Iterator[bytes]:
    with store.open(key) as body:
        while piece := body.read(CHUNK):
            yield piece
