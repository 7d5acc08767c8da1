"""What Celery is told of the tasks."""

from __future__ import annotations

from pipeline.worker.process import make_worker_app


def test_no_task_holds_its_place_in_the_pool_for_ever(settings):
    ours = {
        name: task
        for name, task in make_worker_app(
            settings.model_copy(update={"broker_url": "redis://localhost"})
        ).tasks.items()
        if not name.startswith("celery.")
    }
    assert ours
    assert [
        name for name, task in ours.items() if not task.time_limit or not task.soft_time_limit
    ] == []
