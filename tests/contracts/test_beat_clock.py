"""Beat rings on after the clock of its host was set back."""

from __future__ import annotations

from datetime import timedelta

from celery import Celery
from structlog.testing import capture_logs

from pipeline.worker.schedule import SCHEDULE, SteadyScheduler, scheduled


class Remembering(SteadyScheduler):
    """Remembers what it rings for, in place of a broker."""

    def __init__(self, *args, **options):
        self.rung: list[str] = []
        super().__init__(*args, **options)

    def apply_async(self, entry, producer=None, advance=True, **kwargs):
        self.rung.append(entry.name)


def test_chores_go_on_at_once(tmp_path):
    scheduler = Remembering(
        scheduled(Celery("tests")), schedule_filename=str(tmp_path / "beat.db"), lazy=False
    )
    while scheduler.tick() == 0:
        pass
    scheduler.rung.clear()
    # as it looks to Beat once the clock was set back by a day
    for entry in scheduler.schedule.values():
        entry.last_run_at = entry.default_now() + timedelta(days=1)
    scheduler._heap = [
        type(one)(one.time + 86_400, one.priority, one.entry) for one in scheduler._heap
    ]
    with capture_logs() as logs:
        assert 0 < scheduler.tick() <= 60
    assert {one["chore"] for one in logs} >= set(SCHEDULE)  # Celery may add one of its own
    now = scheduler._when(scheduler._heap[0].entry, 0)
    due_in_s = {one.entry.name: one.time - now for one in scheduler._heap}
    assert all(due_in_s[name] <= chore["schedule"] for name, chore in SCHEDULE.items())
    scheduler.close()  # else it is saved when modules are gone already
