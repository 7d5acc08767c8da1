"""The worker process: Celery's prefork pool on the queues of the doors and of the pipeline."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import Celery, signals
from celery import Task as CeleryTask
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

from dragoman import telemetry
from dragoman.adapters import queues
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.app.processes.worker_watchdog import Hearing
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, lease
from dragoman.domain.specs.channel_specs import channels
from dragoman.errors import DatabaseUnavailable
from dragoman.settings import Settings
from pipeline.attempt import interrupts
from pipeline.attempt.context import Context
from pipeline.attempt.turns import SPARE, Turns
from pipeline.worker import graceful_shutdown, tasks
from pipeline.worker.billiard_internals import leave_no_folder
from pipeline.worker.graceful_shutdown import Drain

log = structlog.get_logger(__name__)

HARD_LIMIT_LOSSES = 2  # of three: what hung twice hangs again
LEDGER_OF: dict[str, lease.Ledger[Any]] = {
    **dict.fromkeys(tasks.TASK_OF.values(), jobs.LEDGER),
    **dict.fromkeys(queues.OPEN_OF.values(), inbox.LEDGER),
    queues.PART: jobs.PART_LEDGER,
}


def run(settings: Settings) -> None:
    """Work until SIGTERM (which lets running tasks end for a while) or Ctrl-C."""
    telemetry.configure_logs(settings.log_format)
    leave_no_folder()
    app = make_worker_app(settings)
    schema.wait_until_current(settings.database)
    hearing = Hearing(app, "worker", settings.worker_concurrency, settings.lease_s, spare=SPARE)
    with Pulse(settings, "worker", hearing.facts):
        app.worker_main(
            [
                "--quiet",
                "worker",
                f"--queues={','.join((*queues.WORKER_QUEUES, hearing.queue))}",
                f"--concurrency={settings.worker_concurrency + SPARE}",
                "--hostname=worker@%h",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
            ]
        )


def make_worker_app(settings: Settings) -> Celery:
    """The application with all of the worker's tasks, and what happens around them."""
    app = queues.make_app(settings)
    app.conf.worker_pool = "pipeline.worker.billiard_internals:TaskPool"

    @cache
    def context_of() -> Context:
        return Context.open(settings, Turns(settings.worker_concurrency))

    tasks.register(app, context_of)
    for channel in channels():  # their tasks are loaded by name: the pipeline knows no front end
        if channel.tasks:
            importlib.import_module(channel.tasks).register(app, settings)
    _connect(app, settings, context_of)
    return app


def _connect(app: Celery, settings: Settings, context_of: Callable[[], Context]) -> None:
    """Connect Celery's signals; strongly, since nothing else holds the functions."""

    def on_setup_logging(**_: Any) -> None:
        """Being connected keeps Celery from configuring logs itself."""

    def on_parent(**_: Any) -> None:
        gc.collect()
        # what is loaded now stays: neither the parent nor a child has to look through it again
        gc.freeze()

    def on_child(**_: Any) -> None:
        interrupts.install()
        graceful_shutdown.install()
        if telemetry.configure_traces("dragoman-worker"):
            # The instrumentation says it knows SQLAlchemy below 2.1 only; it works with 2.1 all the
            # same.
            SQLAlchemyInstrumentor().instrument(
                engine=context_of().database.engine, skip_dep_check=True
            )
        # after the instrumentation's, so that its span is there
        signals.task_postrun.connect(on_end, weak=False)

    def on_start(task_id: str, task: CeleryTask, args: Any, **_: Any) -> None:
        lease.holder.set(task_id)
        telemetry.bind(
            task=task.name, task_id=task_id, **({_id_name(task.name): args[0]} if args else {})
        )

    def on_end(**_: Any) -> None:
        telemetry.unbind_all()
        telemetry.flush_traces()

    def on_ready(**_: Any) -> None:
        log.info("worker_ready", concurrency=settings.worker_concurrency)
        app.send_task(queues.HEALTH_CHECK, queue=queues.DEFAULT, retry=False)

    def on_failure(
        sender: CeleryTask, task_id: str, exception: BaseException, args: Any, **_: Any
    ) -> None:
        if isinstance(exception, WorkerLostError | TimeLimitExceeded) and sender.name in LEDGER_OF:
            _give_back(settings, sender.name, args[0], task_id, exception)

    signals.setup_logging.connect(on_setup_logging, weak=False)
    signals.worker_init.connect(on_parent, weak=False)
    signals.worker_process_init.connect(on_child, weak=False)
    signals.worker_ready.connect(on_ready, weak=False)
    signals.task_prerun.connect(on_start, weak=False)
    signals.task_failure.connect(on_failure, weak=False)
    signals.worker_shutting_down.connect(Drain(settings.database, LEDGER_OF).begin, weak=False)


def _give_back(
    settings: Settings, task: str, row_id: str, task_id: str, error: BaseException
) -> None:
    """In the parent, after a pool child died: its row is free at once, not when the lease runs
    out.
    """
    log.warning("child_lost", task=task, id=row_id, why=type(error).__name__)
    database = Database(settings.database)
    timed_out = isinstance(error, TimeLimitExceeded)
    detail = f"{task} was killed at its hard limit of {error.args[0]} s" if timed_out else None
    losses = HARD_LIMIT_LOSSES if timed_out else 1
    try:
        lease.lose(database, LEDGER_OF[task], row_id, task_id, losses=losses, detail=detail)
    except DatabaseUnavailable as trouble:
        log.warning("lease_not_given_back", id=row_id, detail=trouble.detail)
    finally:
        database.close()


def _id_name(task: str) -> str:
    if task == queues.PART:
        return "part_id"
    return "message_id" if task in queues.OPEN_OF.values() else "job_id"
