"""Several batches at an engine at once. What is answered goes to the caller at once, in the thread that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from itertools import islice

from dragoman.ports import Answer

Ask = Callable[[tuple[str, ...]], Answer]


def answered(
    batches: Sequence[tuple[str, ...]],
    ask: Ask,
    parallel: int = 1,
    around: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[tuple[tuple[str, ...], Answer]]:
    """Each batch with its answer, at most `parallel` asked for at once, as they come.

    Waiting happens within `around()`, which may end it by raising. Where a batch fails no further one is asked for; those that are on
    their way are waited for, since they are paid for, and given out before the error is raised.
    """
    if parallel <= 1 or len(batches) <= 1:
        for batch in batches:
            yield batch, ask(batch)
        return
    left = iter(batches)
    error: BaseException | None = None
    pool = ThreadPoolExecutor(min(parallel, len(batches)), thread_name_prefix="engine")
    try:
        running = {pool.submit(ask, batch): batch for batch in islice(left, parallel)}
        while running:
            for future in _ended(running, around):
                batch = running.pop(future)
                if failed := future.exception():
                    error = error or failed
                    continue
                for following in islice(left, 0 if error else 1):  # on its way while the caller keeps this one
                    running[pool.submit(ask, following)] = following
                yield batch, future.result()
        if error:
            raise error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ended(
    running: dict[Future[Answer], tuple[str, ...]], around: Callable[[], AbstractContextManager[None]]
) -> set[Future[Answer]]:
    with around():
        return wait(running, return_when=FIRST_COMPLETED).done
