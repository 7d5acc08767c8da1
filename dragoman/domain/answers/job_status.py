"""A job as everybody is told of it: by the API, its page, the command line and Slack."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.domain.answers.arrival import Arrival, Arrived
from dragoman.domain.rows.job import Job


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job, with what its own row does not say.

    `arrival`: what became of its answer; None while it is at work, and where a page is the answer.
    `eta_s`: seconds until it will end; None: it has ended, waits for a person, or nobody asked.
    """

    job: Job
    arrival: Arrived | None = None
    eta_s: int | None = None

    @property
    def is_not_handed_over(self) -> bool:
        """Whether the file did not get to its sender the usual way, so that the page is where it
        can be had.
        """
        return self.arrival is not None and self.arrival.state in (Arrival.INSTEAD, Arrival.FAILED)
