"""A backup made under fire, and put back later in the same run: what the world has to know of
it afterwards.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from typing import Any

from tests.chaos.client import Sent
from tests.chaos.site import Site


@dataclass(frozen=True)
class Restored:
    """A restore.

    The backup began and ended, and all was there again, at these times (`time.monotonic()`).

    `owed`: the ids of messages and jobs whose answers may go out twice, as the restore said.
    `newer`: keys in the store that no row names.
    """

    backup_began: float
    backup_ended: float
    ended: float
    owed: frozenset[str]
    newer: frozenset[str]

    def knew(self, sent: Sent) -> bool:
        """Whether a document has to be answered: it was taken before the backup was begun, or
        sent after all was there again.
        """
        return sent.promised_at < self.backup_began or sent.asked_at > self.ended

    def was_between(self, sent: Sent) -> bool:
        """Whether its sender heard no promise before all was there again, and sent it once more
        then.
        """
        return sent.first_asked_at < self.ended < sent.asked_at


class Backup:
    """`make`, then `put_back`.

    What fails for a server that is just away is tried again at the next call.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._folder = site, site.folder / "backup"
        self.began: float | None = None
        self.ended = 0.0
        self.restored: Restored | None = None
        self.failures: list[str] = []

    @property
    def is_made(self) -> bool:
        return self.began is not None

    def make(self) -> None:
        """While everything runs."""
        began = time.monotonic()
        done = self._site.command("backup", str(self._folder), "--json")
        if done.returncode:
            self.failures.append(done.stderr[-500:])
        else:
            self.began, self.ended = began, time.monotonic()

    def put_back(self) -> None:
        """All processes end, the rows are replaced, all processes start."""
        self._site.rest()
        try:
            done = self._site.command("restore", str(self._folder), "--replace", "--json")
            if done.returncode:
                self.failures.append(done.stderr[-500:])
                return
            told: dict[str, Any] = json.loads(done.stdout)
            self.restored = Restored(
                backup_began=self.began or 0.0,
                backup_ended=self.ended,
                ended=time.monotonic(),
                owed=frozenset(one["owner"] for one in told["may_go_out_twice"]),
                newer=frozenset(one["key"] for one in told["newer"]),
            )
            shutil.rmtree(self._folder)
        finally:
            self._site.resume()
