"""`up`: all processes on one machine, started together, restarted when they die, stopped together.

Each process is the same `dragoman NAME` that compose runs; the supervisor only gives it its
environment. Children get SIGTERM when the supervisor dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog
import typer

from dragoman import telemetry
from dragoman.adapters import listen_addresses
from dragoman.adapters.listen_addresses import CannotListen
from dragoman.app.capabilities import NoEngine
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.app.store import admission
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.domain import os_errors
from dragoman.domain.specs.channel_specs import processes
from dragoman.domain.specs.loading import load
from dragoman.errors import (
    BrokerUnavailable,
    Conflict,
    DatabaseUnavailable,
    DragomanError,
    SettingsInvalid,
)
from dragoman.settings import Settings
from ops.up.embedded_broker import EmbeddedBroker, die_with_parent
from ops.up.environment import environment, with_secrets

log = structlog.get_logger(__name__)

# beside the processes of the channels
SERVICES = ("worker", "notifier", "sweeper", "beat", "flower")
STOP_TIMEOUT_S = 36.0  # a worker has ended after 33 s (pipeline.worker.graceful_shutdown)
LOOK_EVERY_S = 0.5
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
STEADY_S = 30.0  # a child that lived this long starts again without delay
REPORTED_DEATHS = 3
# What a child says with its exit code and only a person can mend; after as many deaths in a row
# `up` ends too.
HOPELESS: dict[int, type[DragomanError]] = {
    kind.exit_code: kind for kind in (CannotListen, SettingsInvalid)
}
TELL_EVERY_S = 60.0
WATCH_EVERY_S = 10.0
SILENT_S, HANGS_AFTER_S = 60.0, 30.0  # a pulse comes every 15 s
NO_PULSE = ("flower",)  # it knows the broker alone


@dataclass
class Child:
    """One supervised process."""

    name: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    all_deaths: int = 0
    start_after: float = field(default=0.0)
    code: int | None = None  # the exit code of its last death; negative: a signal's number

    def start(self) -> None:
        """Start the process, in a group of its own so that Ctrl-C reaches the supervisor alone."""
        command = [sys.executable, "-m", "dragoman", self.name]
        self.process = subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no lock can be held
        )
        self.started = time.monotonic()

    def look(self) -> None:
        """Start it again if it has died, after a pause that doubles with each death in a row."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._died(now)
        if self.process is None and now >= self.start_after:
            self.start()

    def give_up(self) -> None:
        """Raise what it ended with where it did so time and again, its own words said, and no
        restart will help.
        """
        kind = HOPELESS.get(self.code or 0)
        if kind is not None and self.process is None and self.deaths >= REPORTED_DEATHS:
            said = (
                f"`dragoman {self.name}` could not start, {self.deaths} times in a row; its own"
                " message is above."
            )
            raise kind(said, advice="Everything is stopped. Please fix that and start again.")

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self, deadline: float) -> None:
        """Wait for its end, and make it one after `deadline` (monotonic)."""
        if self.process is None:
            return
        try:
            self.process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            log.warning("process_killed", name=self.name)
        self._end_rest()
        self.process.wait()

    def kill(self) -> None:
        """End it with all its children: it lives, and does nothing any more."""
        log.error("process_hangs", name=self.name)
        self._end_rest()

    def _end_rest(self) -> None:
        """End what is left of its group: a pool child that is at a document notices nothing,
        and nobody limits its time.
        """
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _died(self, now: float) -> None:
        self._end_rest()
        code = self.code = self.process.returncode if self.process else None
        self.all_deaths += 1
        self.deaths = 1 if now - self.started > STEADY_S else self.deaths + 1
        pause = (
            0.0
            if self.deaths == 1
            else min(FIRST_BACKOFF_S * 2 ** (self.deaths - 1), LONGEST_BACKOFF_S)
        )
        report = log.error if self.deaths >= REPORTED_DEATHS else log.warning
        report("process_died", name=self.name, code=code, deaths=self.deaths, again_in_s=pause)
        self.process, self.start_after = None, now + pause


@dataclass
class Watch:
    """Who of the children hangs: a process that is stopped or stuck has no pulse.

    A database that takes nothing silences all of them: only while the supervisor's own pulse is
    there is another one missed, and only after it was missed at each look for `HANGS_AFTER_S`
    seconds.
    """

    settings: Settings
    own: str
    looked_at: float = 0.0
    missed_since: dict[int, float] = field(default_factory=dict)

    def hanging(self, children: Sequence[Child]) -> list[Child]:
        """Those to be ended now; looked for every `WATCH_EVERY_S` seconds."""
        now = time.monotonic()
        if now - self.looked_at < WATCH_EVERY_S:
            return []
        self.looked_at = now
        ages = self._ages()
        if ages.get(os.getpid(), float("inf")) > SILENT_S:
            self.missed_since.clear()
            return []
        living = {
            child.process.pid: child
            for child in children
            if child.process and child.name not in NO_PULSE
        }
        silent_s = {
            pid: min(ages.get(pid, float("inf")), now - child.started)
            for pid, child in living.items()
        }
        missed = [pid for pid, seconds in silent_s.items() if seconds > SILENT_S]
        self.missed_since = {pid: self.missed_since.get(pid, now) for pid in missed}
        return [
            living[pid] for pid, since in self.missed_since.items() if now - since >= HANGS_AFTER_S
        ]

    def _ages(self) -> dict[int, float]:
        """Seconds since each process on this host was heard of; empty without a database."""
        host = self.own.partition("@")[2]
        database = Database(self.settings.database)
        try:
            with database.read() as connection:
                known = process_registry.pulses(connection, within_s=float("inf"))
        except DatabaseUnavailable:
            return {}
        finally:
            database.close()
        return {one.pid: one.age_s for one in known if one.service.partition("@")[2] == host}


def up(
    settings: Settings,
    ready: Callable[[Settings], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run everything until SIGTERM, Ctrl-C or `stop`.

    Raises Conflict if the data folder is in use already, CannotListen if an address is, before
    anything is started, StoreOfAnother if the store belongs to another database.

    `ready` is called with the settings in force, once all processes are started.
    """
    telemetry.configure_logs(settings.log_format)
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    os.umask(0o077)  # what is written from now on, by the children too, is for this user alone
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with own(settings.data_dir):
        listen_addresses.check_all(settings)
        settings = with_secrets(settings)
        database = Database(settings.database)
        try:
            schema.upgrade(database)
        except DatabaseUnavailable as error:
            raise _of_its_disk(settings, error) from error
        finally:
            database.close()
        admission.check(settings)
        broker = None if settings.broker_url else EmbeddedBroker(settings.data_dir)
        try:
            if broker:
                broker.start()
            url = broker.url if broker else settings.broker_url
            _run(settings.model_copy(update={"broker_url": url}), broker, ready or announce, stop)
        finally:
            if broker:
                broker.stop()


def _run(
    settings: Settings,
    broker: EmbeddedBroker | None,
    ready: Callable[[Settings], None],
    stop: threading.Event,
) -> None:
    children = [Child(name, environment(settings, name)) for name in services(settings)]
    pulse = Pulse(
        settings, "up", lambda: {"deaths": {child.name: child.all_deaths for child in children}}
    )
    watch = Watch(settings, pulse.service)
    broker_watch = BrokerWatch(broker) if broker else None
    try:
        for child in children:
            child.start()
        pulse.start()
        ready(settings)
        while not stop.wait(LOOK_EVERY_S):
            if broker_watch and broker_watch.look():
                _tell_address(children, settings, broker_watch.broker.url)
            for child in children:
                child.look()
                child.give_up()
            for child in watch.hanging(children):
                child.kill()
    finally:
        pulse.stop()
        log.info("stopping")
        for child in children:
            child.stop()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for child in children:
            child.wait(deadline)


@dataclass
class BrokerWatch:
    """Starts the broker again where it died, hangs or cannot be reached; work waits meanwhile,
    and the log says so once a minute.
    """

    broker: EmbeddedBroker
    told_at: float = float("-inf")

    def look(self) -> bool:
        """Whether it has another address now, which its users have to be told."""
        trouble = self._trouble()
        if trouble is None:
            return False
        is_news = time.monotonic() - self.told_at >= TELL_EVERY_S
        former, detail = self.broker.url, ""
        try:
            self.broker.start()
        except (BrokerUnavailable, OSError) as error:  # tried again at the next look
            detail = getattr(error, "detail", "") or str(error)
        if is_news:
            self.told_at = time.monotonic()
            log.error(trouble)
            if detail:
                log.error("broker_not_started", detail=detail)
        if not detail:
            log.warning("broker_started_again", url=self.broker.url)
            self.told_at = float("-inf")
        return not detail and self.broker.url != former

    def _trouble(self) -> str | None:
        if not self.broker.alive():
            return "broker_died"
        if self.broker.is_gone():
            return "broker_folder_removed"
        return "broker_hangs" if self.broker.hangs() else None


def _tell_address(children: Sequence[Child], settings: Settings, broker_url: str) -> None:
    """Let all processes end, to be started again with the broker's new address."""
    told = settings.model_copy(update={"broker_url": broker_url})
    for child in children:
        child.environment = environment(told, child.name)
        child.stop()


def services(settings: Settings) -> tuple[str, ...]:
    """The processes to run, those of the channels first: each that is wanted by what is set."""
    wanted = (one.name for one in processes() if one.wanted is None or load(one.wanted)(settings))
    return (*wanted, *SERVICES)


def own(data_dir: Path) -> IO[str]:
    """Hold the data folder for this process as long as the file is open. Raises Conflict."""
    lock = (data_dir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise Conflict(
            f"Another `dragoman up` is already running with the data folder {data_dir}.",
            advice="Please stop it first, or choose another folder with --data.",
        ) from error
    return lock


def announce(settings: Settings) -> None:
    """Say on stdout where everything is."""
    token_file = settings.data_dir / "api_token"
    lines = [
        f"Web and API  http://{settings.web_listen}/",
        f"Email        {settings.mail_address} by SMTP at {settings.smtp_listen}",
        *([f"Slack        by {settings.slack_mode}"] if settings.slack_on else []),
        f"Flower       http://{settings.flower_listen}/",
        f"Data         {settings.data_dir.absolute()}",
    ]
    if token_file.exists() and not os.environ.get("DRAGOMAN_API_TOKENS"):
        lines.append(f"API token    {token_file.read_text().strip()}   (kept in {token_file})")
    if not settings.allowed_senders:
        lines.append(
            "Email is refused until you set DRAGOMAN_ALLOWED_SENDERS to the addresses that may"
            " send."
        )
    if not _has_engine(settings):
        lines.append(
            f"No translation engine is set up: every document is refused. {NoEngine.for_admin}"
        )
    lines.append("Press Ctrl-C to stop everything.")
    typer.echo("\n".join(lines))


def _of_its_disk(settings: Settings, error: DatabaseUnavailable) -> DragomanError:
    """The same in words, where its disk is full or may not be written to."""
    told = (
        os_errors.of_disk(OSError(error.errno, "", str(settings.data_dir))) if error.errno else None
    )
    return told or error


def _has_engine(settings: Settings) -> bool:
    from pipeline.engines import registry

    return bool(registry.offered(settings))
