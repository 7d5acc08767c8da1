"""Beat: the periodic chores. Two of them at once would only ring twice, which is harmless."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import Celery
from celery.beat import PersistentScheduler

from dragoman import telemetry
from dragoman.adapters import queues
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

# Beat answers a ping only while it has looked at its schedule within the last minute
LOOK_EVERY_S = 30
SCHEDULE = {
    "health": {"task": queues.HEALTH_CHECK, "schedule": 60.0, "options": {"expires": 60}},
    "clean-up": {"task": queues.CLEAN_UP, "schedule": 3600.0, "options": {"expires": 3600}},
}


class SteadyScheduler(PersistentScheduler):  # type: ignore[misc]
    """Celery's, which would wait for as long as the clock was set back."""

    def tick(self, *args: Any, **options: Any) -> float:
        """As Celery's. What ran last in the future ran just now, and is looked at anew."""
        entries = list(self.schedule.values())
        ahead = [
            one
            for one in entries
            if one.last_run_at > one.default_now() + timedelta(seconds=LOOK_EVERY_S)
        ]
        for entry in ahead:
            log.error("clock_stepped", chore=entry.name, ran_at=entry.last_run_at.isoformat())
            entry.last_run_at = entry.default_now()
        if ahead:
            self.old_schedulers = None  # Celery orders its entries anew
        return float(super().tick(*args, **options))


def run(settings: Settings) -> None:
    """Ring for the chores until SIGTERM or Ctrl-C."""
    telemetry.configure_logs(settings.log_format)
    app = scheduled(queues.make_app(settings))
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log.info("beat_started")
    with Pulse(settings, "beat"):
        app.Beat(
            scheduler_cls=SteadyScheduler,
            schedule=str(settings.data_dir / "beat.db"),
            max_interval=LOOK_EVERY_S,
            remote_control=True,
            loglevel="WARNING",
            quiet=True,
            redirect_stdouts=False,
        ).run()


def scheduled(app: Celery) -> Celery:
    """`app` with the chores in its schedule."""
    app.conf.beat_schedule = SCHEDULE
    return app
