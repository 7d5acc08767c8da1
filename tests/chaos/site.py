"""A whole Dragoman of single processes, as compose runs it, each started again when it dies."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.settings import Settings
from tests import manifest
from tests.chaos.disk import BALLAST, Disk
from tests.chaos.sink import Sink
from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.servers.llm import KEY as LLM_KEY
from tests.servers.llm import MODEL, FakeLLM
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import LOOPBACK, free_port, listens, wait_until
from tests.servers.redis import Redis
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.slack.slack import FakeSlack

SERVICES = ("web", "smtp", "worker", "worker", "notifier", "sweeper", "sweeper")
TOKEN = "chaos-token-0123456789"
LEASE_S = 4
WORD = re.compile("[a-p]{12}")  # what a document has that no other has
CONCURRENCY = 2


class Process:
    """One of our processes. Workers bear different names, so that two of them fit on one host."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.name, self.environment, self._log = name, environment, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dragoman", self.name],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal_all(self, number: signal.Signals) -> None:
        """To the process and its children."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def children(self) -> list[int]:
        """The process ids of its pool."""
        if self.process is None:
            return []
        with suppress(OSError):
            listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return [int(pid) for pid in listed.split()]
        return []

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


class Site:
    """Everything, running; `supervise` is what restarts the dead."""

    def __init__(self, *, postgresql: bool, s3: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-chaos-"))
        self.data = self.folder / "data"
        self.sqlite_file = self.data / "dragoman.db"
        self.web, self.smtp = free_port(), free_port()
        self._stack = ExitStack()
        self._wants = postgresql, s3
        self._stop = threading.Event()
        self._watched = threading.Lock()
        self._at_rest = False
        self.deaths: list[tuple[float, str]] = []

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes and servers; the logs stay in `folder` until `forget`."""
        self._stop.set()
        if hasattr(self, "_supervisor"):
            self._supervisor.join()
        for one in getattr(self, "processes", []):
            one.signal_all(signal.SIGKILL)
        self._stack.close()

    def rest(self) -> None:
        """End all processes, and start none again before `resume`."""
        with self._watched:
            self._at_rest = True
            for one in self.processes:
                one.signal_all(signal.SIGKILL)
        wait_until(
            lambda: all(one.ended() for one in self.processes), 30, "all processes have ended"
        )

    def resume(self) -> None:
        """Start all processes again after `rest`."""
        with self._watched:
            for one in self.processes:
                one.start()
            self._at_rest = False

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the admin's, beside the processes."""
        command = [sys.executable, "-m", "dragoman", *words]
        environment = self.processes[0].environment
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=patience(120),
            check=False,
        )

    def log(self) -> Path:
        """What all processes have logged, a JSON object a line (but for tracebacks at a start)."""
        return self.folder / "log"

    def said(self) -> Counter[str]:
        """How often each event was logged, with its error's code where it has one."""
        found: Counter[str] = Counter()
        for line in self.log().read_text(errors="replace").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                found[f"{said['event']} {said.get('code') or ''}".strip()] += 1
        return found

    def keep(self) -> None:
        """Copy what is on the disk to where it outlives the site, for somebody to look into it."""
        if self.disk.is_own:
            shutil.copytree(
                self.data,
                self.folder / "kept",
                ignore=shutil.ignore_patterns(BALLAST),
                dirs_exist_ok=True,
            )

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> None:
        wants_postgresql, wants_s3 = self._wants
        self.redis = Redis()
        self._stack.callback(self.redis.remove)
        self.postgresql = PostgreSQL() if wants_postgresql else None
        if self.postgresql:
            self._stack.callback(self.postgresql.remove)
        self.seaweedfs = SeaweedFS() if wants_s3 else None
        if self.seaweedfs:
            self._stack.callback(self.seaweedfs.remove)
        self.disk = Disk(self.data)
        self._stack.callback(self.disk.remove)
        self.deepl = self._stack.enter_context(FakeDeepL(latency_s=0.05))
        self.llm = self._stack.enter_context(FakeLLM())
        self.llm.shouts = WORD
        self.sink = self._stack.enter_context(Sink())
        self.slack = self._stack.enter_context(
            FakeSlack(events=manifest.events(), scopes=manifest.scopes())
        )
        self.slack.api.limits.window_s = 10.0  # its limits are met now and then, not all the time
        self.slack.app.request_url = f"http://{LOOPBACK}:{self.web}/slack/events"
        self.database_url = (
            self.postgresql.fresh() if self.postgresql else f"sqlite:///{self.sqlite_file}"
        )
        self.storage_url = self.seaweedfs.fresh() if self.seaweedfs else f"file://{self.data}/store"
        database = Database(self.database_url)
        schema.upgrade(database)
        database.close()
        aws = dict(self.seaweedfs.environment) if self.seaweedfs else {}
        os.environ |= aws  # the ledger is checked from this process
        temporary = self.data / "tmp"
        temporary.mkdir()
        environment = {**self._environment(), **aws, "TMPDIR": str(temporary)}
        self.processes = [Process(name, environment, self.log()) for name in SERVICES]
        for one in self.processes:
            one.start()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._supervisor.start()
        wait_until(
            lambda: listens(self.web) and listens(self.smtp), 60, "the doors are open", every_s=0.1
        )

    def settings(self) -> Settings:
        """What the processes were told, for whoever looks at their work."""
        return Settings.from_env(**self._chosen())

    def _chosen(self) -> dict[str, str]:
        chosen = {
            "data_dir": self.data,
            "database_url": self.database_url,
            "broker_url": self.redis.url,
            "storage_url": self.storage_url,
            "engine": "auto",  # DeepL, but for those who ask for the language model by name
            "deepl_auth_key": KEY,
            "deepl_server_url": self.deepl.url,
            "deepl_requests_per_s": 200,
            "openai_base_url": self.llm.url,
            "openai_model": MODEL,
            "openai_api_key": LLM_KEY,
            "openai_price_in": 1.0,
            "web_listen": f"{LOOPBACK}:{self.web}",
            "smtp_listen": f"{LOOPBACK}:{self.smtp}",
            "outbound_smtp_url": f"smtp://{LOOPBACK}:{self.sink.port}",
            "mail_address": "translate@dragoman.test",
            "allowed_senders": "@example.org",
            "sender_auth": "none",
            "slack_mode": "http",
            "slack_bot_token": self.slack.bot_token,
            "slack_signing_secret": self.slack.signing_secret,
            "slack_api_url": self.slack.api_url,
            "slack_file_hosts": self.slack.file_host_url.removeprefix("http://"),
            "secret_key": "a-secret-key-for-chaos-only",
            "api_tokens": f"chaos:{TOKEN}:admin",
            "worker_concurrency": CONCURRENCY,
            "pages_per_part": 2,
            "lease_s": LEASE_S,
            "log_format": "json",
        }
        return {name: str(value) for name, value in chosen.items()}

    def _environment(self) -> dict[str, str]:
        ours = {f"DRAGOMAN_{name.upper()}": value for name, value in self._chosen().items()}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, **ours, "PYTHONPATH": str(Path.cwd())}

    def _supervise(self) -> None:
        while not self._stop.wait(0.3):
            with self._watched:
                for one in self.processes:
                    if one.ended() and not self._stop.is_set() and not self._at_rest:
                        one.signal_all(signal.SIGKILL)  # children that outlive their parent
                        one.start()
                        self.deaths.append((time.monotonic(), one.name))
