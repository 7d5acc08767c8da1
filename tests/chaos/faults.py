"""What goes wrong, chosen by a seeded dice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos import clocks
from tests.chaos.backup import Backup
from tests.chaos.site import Process, Site
from tests.patience import Patience, patience

SMTP_FAULTS = ("451 4.3.0 later", "421 4.3.2 going down", "554 5.3.0 not today", "cut", "silent")
DEEPL_FAULTS: tuple[int | str, ...] = (429, 503, 529, "hang_up", "cut", "hang")
LLM_FAULTS: tuple[int | str, ...] = (429, 500, 503, 529, "hang_up", "cut", "stream_error")
SLACK_FAULTS: tuple[int | str, ...] = (429, 500, 503, "internal_error", "cut", "cut_after", "hang")
SLACK_PLACES = ("*", "*", "*", "upload", "download", "files.completeUploadExternal")


@dataclass(frozen=True)
class Strike:
    """One fault: what was done to whom ("" where it is clear), from when to when
    (`time.monotonic()`).
    """

    kind: str
    whom: str
    began: float
    ended: float


class Faults:
    """Strikes every second or so until stopped; `strikes` says what it did."""

    def __init__(self, site: Site, seed: int, seconds: float, *, restores: bool = True) -> None:
        """`seconds`: how long it will be; a backup is made in the first half of it, and put
        back in the second, if it `restores`.
        """
        self._site, self._dice = site, random.Random(seed)
        self.backup, self.restores = Backup(site), restores
        moments = random.Random(f"backup {seed}")
        self._backup_after_s, self._restore_after_s = (
            moments.uniform(0.15, 0.45) * seconds,
            moments.uniform(0.55, 0.8) * seconds,
        )
        self._stop, self._over = threading.Event(), threading.Event()
        self.strikes: list[Strike] = []
        self.away_s = 0.0  # how far the database's clock has been set from the true time
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def await_restore(self) -> None:
        """Go on until the backup was put back, if that can be at all."""
        left = Patience(60)
        while self.restores and self.backup.restored is None and not left.is_over():
            time.sleep(0.2)

    def stop(self) -> None:
        """No more of it; what was stopped goes on, what was shut is open again."""
        self._stop.set()
        assert self._over.wait(patience(180)), "a fault never ended"
        self._site.deepl.latency_s = 0.05
        self._site.deepl.faults.clear()
        self._site.llm.latency_s = 0.05
        self._site.llm.faults.clear()
        self._site.sink.faults.clear()
        self._site.slack.faults.clear()
        self._site.slack.faults.release()

    def counted(self) -> dict[str, int]:
        """How often each fault struck."""
        return dict(
            sorted(Counter(f"{one.kind} {one.whom}".strip() for one in self.strikes).items())
        )

    def _run(self) -> None:
        kinds, started = self._kinds(), time.monotonic()
        while not self._stop.wait(0.3 + self._dice.random() * 1.2):
            began = time.monotonic()
            kind = self._backup_or_restore(began - started) or self._dice.choice(kinds)
            whom = kind()
            self.strikes.append(Strike(kind.__name__, whom or "", began, time.monotonic()))
        self._over.set()
        # servers that were started here would die with this thread (PR_SET_PDEATHSIG)
        threading.Event().wait()

    def _kinds(self) -> list[Callable[[], str | None]]:
        kinds: list[Callable[[], str | None]] = [
            self.kill, self.kill, self.kill, self.kill, self.kill, self.kill_child, self.kill_child, self.freeze, self.freeze,
            self.flush_redis, self.freeze_redis, self.restart_redis, self.kill_redis,
            self.step_clock, self.step_clock,
            self.deepl_fails, self.deepl_fails, self.deepl_slow, self.llm_fails, self.llm_fails, self.llm_slow, self.mail_fails, self.mail_fails, self.slack_fails, self.slack_fails,
        ]  # fmt: skip
        if self._site.postgresql:
            kinds += [self.restart_database, self.kill_database, self.freeze_database]
        else:
            kinds += [self.lock_database]
        if self._site.disk.is_own:
            kinds += [self.fill_disk, self.fill_disk]
        if self._site.seaweedfs:
            kinds += [self.freeze_store]
        return kinds

    def _backup_or_restore(self, after_s: float) -> Callable[[], None] | None:
        """The one of the two whose time has come, if it has."""
        if not self.restores:
            return None
        if not self.backup.is_made:
            return self.back_up if after_s > self._backup_after_s else None
        return (
            self.restore
            if after_s > self._restore_after_s and self.backup.restored is None
            else None
        )

    def back_up(self) -> None:
        """`dragoman backup`, while everything runs."""
        self.backup.make()

    def restore(self) -> None:
        """All processes end, what was backed up takes the place of what is there, and they
        start again.
        """
        self.backup.put_back()

    def kill(self) -> str:
        """kill -9 of a process with its children."""
        one = self._one()
        one.signal_all(signal.SIGKILL)
        return one.name

    def kill_child(self) -> str:
        """kill -9 of one child of a worker's pool."""
        workers = [one for one in self._site.processes if one.name == "worker"]
        children = self._dice.choice(workers).children()
        if children:
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(children), signal.SIGKILL)
        return "worker"

    def freeze(self) -> str:
        """SIGSTOP of a process with its children, for longer than its lease now and then."""
        one = self._one()
        self._stopped(one.signal_all, 6.0)
        return one.name

    def flush_redis(self) -> None:
        with self._site.redis.client() as client:
            client.flushall()

    def freeze_redis(self) -> None:
        self._stopped(self._site.redis.send, 5.0)

    def restart_redis(self) -> None:
        self._site.redis.stop()
        self._wait(0.2, 2.0)
        self._site.redis.start()

    def kill_redis(self) -> None:
        self._site.redis.kill()
        self._wait(0.2, 4.0)
        self._site.redis.start()

    def restart_database(self) -> None:
        if self._site.postgresql:
            self._site.postgresql.stop()
            self._wait(0.2, 2.0)
            self._site.postgresql.start()

    def kill_database(self) -> None:
        if self._site.postgresql:
            self._site.postgresql.kill()
            self._wait(0.2, 2.0)
            self._site.postgresql.start()

    def freeze_database(self) -> None:
        if self._site.postgresql:
            self._stopped(self._site.postgresql.send, 6.0)

    def lock_database(self) -> None:
        """Somebody writes into the SQLite file, and takes long: now and then longer than others
        wait.
        """
        connection = sqlite3.connect(
            self._site.sqlite_file, isolation_level=None, timeout=patience(5)
        )
        try:
            with suppress(sqlite3.OperationalError):
                connection.execute("BEGIN IMMEDIATE")
                self._wait(0.5, 12.0)
                connection.execute("ROLLBACK")
        finally:
            connection.close()

    def fill_disk(self) -> None:
        """No byte is left for mails, uploads, artifacts, temporary files, and SQLite."""
        self._site.disk.fill()
        self._wait(0.5, 4.0)
        self._site.disk.free()

    def step_clock(self) -> str:
        """The database's clock is set forward or back by a day or some minutes, and stays there."""
        seconds = clocks.next_step(self._dice, self.away_s)
        if not clocks.step(self._site.database_url, seconds):
            return "in vain"
        self.away_s += seconds
        return "forward" if seconds > 0 else "back"

    def freeze_store(self) -> None:
        if self._site.seaweedfs:
            self._stopped(self._site.seaweedfs.send, 5.0)

    def deepl_fails(self) -> None:
        self._site.deepl.faults.extend(self._dice.choices(DEEPL_FAULTS, k=self._dice.randint(1, 4)))

    def llm_fails(self) -> None:
        self._site.llm.faults.extend(self._dice.choices(LLM_FAULTS, k=self._dice.randint(1, 4)))

    def llm_slow(self) -> None:
        self._site.llm.latency_s = 1.5
        self._wait(0.5, 2.0)
        self._site.llm.latency_s = 0.05

    def deepl_slow(self) -> None:
        self._site.deepl.latency_s = 1.5
        self._wait(0.5, 2.0)
        self._site.deepl.latency_s = 0.05

    def mail_fails(self) -> None:
        self._site.sink.faults.extend(self._dice.choices(SMTP_FAULTS, k=self._dice.randint(1, 3)))

    def slack_fails(self) -> None:
        how = self._dice.choice(SLACK_FAULTS)
        self._site.slack.fail(self._dice.choice(SLACK_PLACES), how, times=self._dice.randint(1, 3))
        if how == "hang":
            self._wait(1.0, 4.0)
            self._site.slack.faults.release()

    def _stopped(self, send: Callable[[signal.Signals], None], longest_s: float) -> None:
        send(signal.SIGSTOP)
        self._wait(0.5, longest_s)
        send(signal.SIGCONT)

    def _wait(self, shortest_s: float, longest_s: float) -> None:
        time.sleep(self._dice.uniform(shortest_s, longest_s))

    def _one(self) -> Process:
        return self._dice.choice(self._site.processes)
