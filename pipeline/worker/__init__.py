"""The worker's processes: tasks, pool, sweeper, schedule, maintenance."""
