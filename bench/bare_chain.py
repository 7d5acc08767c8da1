"""A Celery chain of five empty tasks with the program's own settings: what `bench/pipeline.py`
measures us against.
"""

from __future__ import annotations

import os
import time

from celery import Celery, chain
from redis import Redis

from dragoman.adapters.queues import SETTINGS

app = Celery("bare", broker=os.environ.get("BENCH_BROKER", ""))
app.conf.update({**SETTINGS, "task_create_missing_queues": True})
ENDS = "bench:ends"


@app.task
def step(number: int, started: float) -> None:
    """Nothing; the last one says how long the chain took."""
    if number == 4:
        Redis.from_url(os.environ["BENCH_BROKER"]).rpush(ENDS, time.time() - started)


def send() -> None:
    """One chain."""
    started = time.time()
    chain(*(step.si(number, started) for number in range(5))).apply_async(retry=False)
