"""What goes wrong, chosen by a seeded dice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from tests.chaos.site import Process, Site

SMTP_FAULTS = ("451 4.3.0 later", "421 4.3.2 going down", "cut")
DEEPL_FAULTS: tuple[int | str, ...] = (429, 503, 529, "hang_up")


class Faults:
    """Strikes every second or so until stopped; `counted` says what it did."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site, self._dice = site, random.Random(seed)
        self._stop, self._over = threading.Event(), threading.Event()
        self.counted: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No more of it; what was stopped goes on, what was shut is open again."""
        self._stop.set()
        assert self._over.wait(60), "a fault never ended"
        self._site.deepl.latency_s = 0.05
        self._site.deepl.faults.clear()
        self._site.sink.faults.clear()

    def _run(self) -> None:
        kinds: list[Callable[[], None]] = [
            self.kill, self.kill, self.kill, self.kill_child, self.kill_child, self.freeze, self.flush, self.freeze_redis,
            self.restart_redis, self.deepl_fails, self.deepl_fails, self.deepl_slow, self.mail_fails, self.mail_fails,
        ]  # fmt: skip
        if self._site.postgresql:
            kinds.append(self.restart_database)
        while not self._stop.wait(0.3 + self._dice.random() * 1.2):
            kind = self._dice.choice(kinds)
            kind()
            self.counted[kind.__name__] += 1
        self._over.set()
        threading.Event().wait()  # servers that were started here would die with this thread (PR_SET_PDEATHSIG)

    def kill(self) -> None:
        """kill -9 of a process with its children."""
        self._one().signal_all(signal.SIGKILL)

    def kill_child(self) -> None:
        """kill -9 of one child of a worker's pool."""
        workers = [one for one in self._site.processes if one.name == "worker"]
        children = self._dice.choice(workers).children()
        if children:
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(children), signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP of a process with its children, for longer than its lease now and then."""
        one = self._one()
        one.signal_all(signal.SIGSTOP)
        time.sleep(self._dice.uniform(0.5, 6.0))
        one.signal_all(signal.SIGCONT)

    def flush(self) -> None:
        with self._site.redis.client() as client:
            client.flushall()

    def freeze_redis(self) -> None:
        pid = self._site.redis.pid
        if pid:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.5, 5.0))
            os.kill(pid, signal.SIGCONT)

    def restart_redis(self) -> None:
        self._site.redis.stop()
        time.sleep(self._dice.uniform(0.2, 2.0))
        self._site.redis.start()

    def restart_database(self) -> None:
        if self._site.postgresql:
            self._site.postgresql.stop()
            time.sleep(self._dice.uniform(0.2, 2.0))
            self._site.postgresql.start()

    def deepl_fails(self) -> None:
        self._site.deepl.faults.extend(self._dice.choices(DEEPL_FAULTS, k=self._dice.randint(1, 4)))

    def deepl_slow(self) -> None:
        self._site.deepl.latency_s = 1.5
        time.sleep(self._dice.uniform(0.5, 2.0))
        self._site.deepl.latency_s = 0.05

    def mail_fails(self) -> None:
        self._site.sink.faults.extend(self._dice.choices(SMTP_FAULTS, k=self._dice.randint(1, 3)))

    def _one(self) -> Process:
        return self._dice.choice(self._site.processes)
