"""The pipeline's Celery tasks: thin shells that claim a row, load, call a pure stage, save, and
hand on.

`pipeline.extract_and_translate` is the doorbell: it sends the chain extract -> translate ->
customise tone -> reconstruct -> deliver from the job's checkpoint. A task that does not get its row
ends the chain quietly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog
from celery import Celery, Task, chain
from celery.canvas import Signature

from dragoman.adapters import queues, redis_transport
from dragoman.db.ledgers import jobs, lease
from dragoman.domain.job import OPEN, STAGES, Stage
from dragoman.errors import DragomanError
from pipeline.attempt.claim import part_run, stage_run
from pipeline.attempt.context import Context
from pipeline.attempt.stage_run import Run
from pipeline.jobs import page_parts, stage_work
from pipeline.worker import maintenance

log = structlog.get_logger(__name__)

Ring = Callable[[str, str], None]

TASK_OF = {
    Stage.EXTRACT: queues.EXTRACT,
    Stage.TRANSLATE: queues.TRANSLATE,
    Stage.TONE: queues.CUSTOMIZE_TONE,
    Stage.RECONSTRUCT: queues.RECONSTRUCT,
}
WORK_OF: dict[Stage, Callable[[Run], None]] = {
    Stage.EXTRACT: stage_work.extract,
    Stage.TRANSLATE: stage_work.translate,
    Stage.TONE: stage_work.customize_tone,
    Stage.RECONSTRUCT: stage_work.reconstruct,
}
# Seconds after which a stage is asked to end, and is ended.
LIMITS = {
    Stage.EXTRACT: (300, 330),
    Stage.TRANSLATE: (600, 660),
    Stage.TONE: (600, 660),
    Stage.RECONSTRUCT: (600, 660),
}
# The same of all else: what hangs or is frozen would hold its place in the pool for ever, and a
# busy worker is not deaf.
SHORT, CLEAN_UP = (
    {"soft_time_limit": 60, "time_limit": 75},
    {"soft_time_limit": 1800, "time_limit": 1860},
)


def register(app: Celery, context_of: Callable[[], Context]) -> None:
    """Declare all tasks of the pipeline on `app`; `context_of` gives the context of the process
    that runs one.
    """
    for stage in STAGES:
        _register_stage(app, context_of, stage)

    @app.task(name=queues.EXTRACT_AND_TRANSLATE, **SHORT)
    def extract_and_translate(job_id: str) -> None:
        signatures = rest_of_chain(app, context_of(), job_id)
        if signatures:
            try:
                chain(*signatures, app=app).apply_async(retry=False)
            except redis_transport.BROKER_ERRORS as error:
                redis_transport.unreachable(error)  # the sweeper will ring

    soft, hard = LIMITS[Stage.RECONSTRUCT]

    @app.task(name=queues.PART, soft_time_limit=soft, time_limit=hard, throws=(DragomanError,))
    def part(part_id: str) -> None:
        with _then_the_next(app, context_of()):
            perform_part(context_of(), part_id, partial(_ring, app))

    @app.task(name=queues.HEALTH_CHECK, **SHORT)
    def health_check(*_: Any) -> None:
        maintenance.check_health(context_of())

    @app.task(name=queues.CLEAN_UP, **CLEAN_UP)
    def clean_up(*_: Any) -> None:
        maintenance.clean_up(context_of())


def rest_of_chain(app: Celery, context: Context, job_id: str) -> list[Signature]:
    """The signatures from the job's checkpoint to the delivery; none for a job that has ended."""
    with context.database.read() as connection:
        row = jobs.by_id(connection, job_id)
    if row is None or row.state not in OPEN:
        return []
    if context.turns and not context.turns.is_next(context.database, job_id):
        return []  # rung for again when it is
    left = STAGES[STAGES.index(row.stage) :]
    owner = jobs.answered_to(row)
    steps = [(TASK_OF[stage], job_id) for stage in left] + [(queues.DELIVER, owner)]
    return [
        app.signature(name, args=(id_,), immutable=True, queue=queues.QUEUE_OF[name])
        for name, id_ in steps
    ]


def _register_stage(app: Celery, context_of: Callable[[], Context], stage: Stage) -> None:
    soft, hard = LIMITS[stage]

    @app.task(
        name=TASK_OF[stage],
        bind=True,
        soft_time_limit=soft,
        time_limit=hard,
        throws=(DragomanError,),
    )
    def task(self: Task, job_id: str) -> None:
        with _then_the_next(app, context_of()):
            if not perform(context_of(), job_id, stage, partial(_ring, app)):
                # Ends the chain; the task itself counts as done (an Ignore would leave it STARTED
                # in Flower for ever).
                self.request.chain = None


@contextmanager
def _then_the_next(app: Celery, context: Context) -> Iterator[None]:
    """However the block ends, a place is free then: whose turn it is, is rung for."""
    try:
        yield
    finally:
        if context.turns and not lease.is_leaving():
            for task, row_id in context.turns.next_rings(context.database):
                _ring(app, task, row_id)


def perform(context: Context, job_id: str, stage: Stage, ring: Ring = lambda *_: None) -> bool:
    """Do `stage` of a job if it is ours to do; whether the next one follows now.

    Raises what the stage raised, after it is on record.
    """
    if stage is Stage.TONE and _is_past_tone(context, job_id):
        return True
    with stage_run(context, job_id, stage) as run:
        if run is None:
            log.info("stage_not_ours", stage=stage)
            return False
        WORK_OF[stage](run)
    _ring_all(run, ring)
    return not run.halted


def _is_past_tone(context: Context, job_id: str) -> bool:
    """Whether the job went on without a tone, as nobody asked for one.

    Read only: a claim would cost more than the stage.
    """
    with context.database.read() as connection:
        row = jobs.by_id(connection, job_id)
    if row is None or row.state not in OPEN:
        return False
    return row.stage is Stage.RECONSTRUCT and not row.is_toned


def perform_part(context: Context, part_id: str, ring: Ring = lambda *_: None) -> bool:
    """Do the present stage of a part if it is ours to do; whether it was. Raises as `perform`."""
    with part_run(context, part_id) as run:
        if run is None:
            return False
        page_parts.WORK_OF_PART[run.stage](run)
    _ring_all(run, ring)
    return True


def _ring_all(run: Run, ring: Ring) -> None:
    for task, row_id in run.rings:
        ring(task, row_id)


def _ring(app: Celery, task: str, row_id: str) -> None:
    try:
        queues.send(app, task, row_id)
    except redis_transport.BROKER_ERRORS as error:
        redis_transport.unreachable(error, task=task, id=row_id)  # the sweeper will ring
