"""Several batches at an engine at once.

What is answered goes to the caller at once, in the thread that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice

from dragoman.ports import Answer

Ask = Callable[[tuple[str, ...]], Answer]


@dataclass
class Asking:
    """Each batch with its answer, at most `parallel` asked for at once, as they come; to be gone
    through once.

    Waiting happens within `around()`, which may end it by raising. Where a batch fails, and after
    `stop`, no further one is asked for; those that are on their way are waited for, since they are
    paid for, and given out before the error is raised.
    """

    batches: Sequence[tuple[str, ...]]
    ask: Ask
    parallel: int = 1
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    _goes_on: bool = field(default=True, init=False)

    def stop(self) -> None:
        """Ask for no further batch."""
        self._goes_on = False

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], Answer]]:
        """Raises what `ask` and `around` raise."""
        return self._at_once() if self.parallel > 1 and len(self.batches) > 1 else self._in_turn()

    def _in_turn(self) -> Iterator[tuple[tuple[str, ...], Answer]]:
        for batch in self.batches:
            if not self._goes_on:
                return
            yield batch, self.ask(batch)

    def _at_once(self) -> Iterator[tuple[tuple[str, ...], Answer]]:
        left = iter(self.batches)
        error: BaseException | None = None
        pool = ThreadPoolExecutor(
            min(self.parallel, len(self.batches)), thread_name_prefix="engine"
        )
        try:
            running = {pool.submit(self.ask, batch): batch for batch in islice(left, self.parallel)}
            while running:
                for future in _ended(running, self.around):
                    batch = running.pop(future)
                    if failed := future.exception():
                        error = error or failed
                        continue
                    goes_on = self._goes_on and error is None
                    # on its way while the caller keeps this one
                    for following in islice(left, 1 if goes_on else 0):
                        running[pool.submit(self.ask, following)] = following
                    yield batch, future.result()
            if error:
                raise error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _ended(
    running: dict[Future[Answer], tuple[str, ...]],
    around: Callable[[], AbstractContextManager[None]],
) -> set[Future[Answer]]:
    with around():
        return wait(running, return_when=FIRST_COMPLETED).done
