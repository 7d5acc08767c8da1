"""A whole Dragoman around a Slack of the test's own: the real door in both modes, the pipeline and
the notifier worked by one thread.

The thread stands in for the broker and its workers: it does what is due in the four ledgers, over
and over, with the very functions that the Celery tasks call. `held_back` names the tables that it
leaves alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.lease import is_due
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.job import STAGES, Stage
from dragoman.errors import DatabaseUnavailable, DragomanError
from dragoman.settings import Settings
from ingress.slack.installations import Installations
from ingress.slack.listeners.app import dispatch, make_app
from ingress.slack.listeners.process import connect
from ingress.slack.tasks import open_event
from notifier import tasks as notifying
from pipeline.attempt.context import Context
from pipeline.worker.tasks import perform
from tests.fakes import RecordingDoorbell
from tests.patience import Patience, patience
from tests.servers.slack.faults import Faults
from tests.servers.slack.http_server import Handler, Server
from tests.servers.slack.slack import FakeSlack

ROUND_S = 0.02


class House:
    """See the module's words. `errors`: what was raised that nobody had foreseen."""

    def __init__(self, slack: FakeSlack, settings: Settings, mode: str) -> None:
        self.slack, self.settings, self.mode = slack, settings, mode
        self.database = Database(settings.database)
        self.intake = Intake(
            self.database, open_store(settings.storage), RecordingDoorbell(), settings
        )
        self.pipeline, self.notifier = Context.open(settings), notifying.open_context(settings)
        self.held_back: set[str] = set()
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._close: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Let events in, and begin to work."""
        self._close = self._serve() if self.mode == "http" else self._connect()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(patience(20))
        self._close()
        for database in (self.database, self.pipeline.database, self.notifier.database):
            database.close()

    def break_database(self, file: Path) -> None:
        """Take the database away, as a full or unmounted disk would."""
        for one in file.parent.glob(f"{file.name}*"):
            one.rename(one.with_name(f"away-{one.name}"))
        for database in (self.database, self.pipeline.database, self.notifier.database):
            database.close()
        file.mkdir()

    def mend_database(self, file: Path) -> None:
        """Put it back."""
        file.rmdir()
        for one in file.parent.glob(f"away-{file.name}*"):
            one.rename(one.with_name(one.name.removeprefix("away-")))

    def rows(self, table: Table, **values: Any) -> list[dict[str, Any]]:
        """The rows of a table, oldest first."""
        with self.database.read() as connection:
            statement = select(table).filter_by(**values).order_by(table.c.created_at)
            return [dict(row) for row in connection.execute(statement).mappings()]

    @property
    def jobs(self) -> list[dict[str, Any]]:
        return self.rows(JOBS)

    def quiet(self, timeout_s: float = 30.0) -> None:
        """Wait until all events are acknowledged and nothing is due or at work (what waits for
        a person does not count).
        """
        self.slack.settle()
        left, calm = Patience(timeout_s), 0
        while calm < 3:
            busy = [
                (t.name, r["id"], r["state"], r["error_code"])
                for t in (INBOX, JOBS, OUTBOX, CARDS)
                for r in self.rows(t)
                if self._is_busy(t, r)
            ]
            calm = 0 if busy else calm + 1
            if left.is_over():
                raise TimeoutError(f"still at work: {busy}; {self.errors}")
            time.sleep(ROUND_S)

    def _is_busy(self, table: Table, row: dict[str, Any]) -> bool:
        if table.name in self.held_back or row["state"] not in ("ready", "running"):
            return False
        # A card of a job at work is looked at every few seconds, and a post may have to wait for
        # its turn: at rest meanwhile.
        rests = table in (CARDS, INBOX) and row["state"] == "ready" and row["attempts"] == 0
        return not rests or row["run_after"] <= time.time()

    def _work(self) -> None:
        while not self._stop.wait(ROUND_S):
            for table, work in (
                (INBOX, self._open),
                (JOBS, self._do),
                (OUTBOX, self._deliver),
                (CARDS, self._show),
            ):
                if table.name in self.held_back:
                    continue
                for row in self._found(table):
                    try:
                        work(row)
                    except DragomanError:
                        pass  # on record in the row
                    except BaseException as error:  # noqa: BLE001 - the test looks at it
                        self.errors.append(error)

    def _found(self, table: Table) -> list[dict[str, Any]]:
        try:
            return self._due(table)
        except DatabaseUnavailable:  # the test has just taken it away
            return []

    def _due(self, table: Table) -> list[dict[str, Any]]:
        # Attempts and pauses are the ledgers' own business, and are tested there: here nobody waits
        # for them.
        with self.database.write() as connection:
            waits = (table.c.state == "ready", table.c.waiting_for.is_(None), table.c.attempts > 0)
            connection.execute(table.update().where(*waits).values(run_after=0.0))
            return [
                dict(row)
                for row in connection.execute(select(table).where(is_due(table))).mappings()
            ]

    def _open(self, row: dict[str, Any]) -> None:
        open_event(self.intake, row["id"])

    def _do(self, row: dict[str, Any]) -> None:
        for stage in STAGES[STAGES.index(Stage(row["stage"])) :]:
            if not perform(self.pipeline, row["id"], stage):
                return

    def _deliver(self, row: dict[str, Any]) -> None:
        notifying.deliver(self.notifier, row["owner"])

    def _show(self, row: dict[str, Any]) -> None:
        assert self.notifier.shower
        self.notifier.shower.show(row["id"])

    def _serve(self) -> Callable[[], None]:
        secret = self.settings.slack_signing_secret
        assert secret
        installations = Installations(self.settings, self.database)
        app = make_app(self.settings, self.intake, installations, secret.get_secret_value())
        server = Server(_Door, app=app, faults=Faults())
        self.slack.app.request_url = f"{server.url}/slack/events"
        return server.stop

    def _connect(self) -> Callable[[], None]:
        handler = connect(self.settings, self.intake, threading.Event())
        assert handler
        self.slack.wait_until(lambda: self.slack.sockets.connections)

        def close() -> None:
            client = handler.client
            client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
            for connection in list(self.slack.sockets.connections):
                self.slack.sockets.cut(connection)
            client.closed = True
            client.message_queue.put("")
            client.close()

        return close


class _Door(Handler):
    app: Any

    def do_POST(self) -> None:  # noqa: N802
        status, headers, body = dispatch(self.app, self.body().decode(), "", dict(self.headers))
        self.reply(status, body or "", headers)


@contextmanager
def opened(slack: FakeSlack, settings: Settings, mode: str) -> Iterator[House]:
    """A house that is open."""
    house = House(slack, settings, mode)
    try:
        house.open()
        yield house
    finally:
        with suppress(Exception):
            house.close()
