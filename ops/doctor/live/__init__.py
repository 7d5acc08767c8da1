"""`dragoman doctor --live`: one sentence and one small page through the engine, the mail path and
Slack, as a person would send them.

It needs the running processes, costs some 200 characters at an engine that charges, and takes away
what it made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dragoman.domain.specs.channel_specs import channels
from dragoman.domain.specs.loading import load
from dragoman.errors import DragomanError
from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict
from ops.doctor.live import engine
from ops.doctor.live.plan import Plan

__all__ = ["PARTS", "Plan", "try_all"]

PARTS: dict[str, Callable[[Settings, Plan], Iterator[Finding]]] = {
    "engine": engine.translate,
    **{one.live.what: load(one.live.examine) for one in channels() if one.live},
}


def try_all(settings: Settings, plan: Plan) -> Iterator[Finding]:
    """What became of each part of the plan, one after the other."""
    for name in plan.parts:
        began = time.monotonic()
        try:
            yield from PARTS[name](settings, plan)
        except DragomanError as error:
            detail = f" ({error.detail})" if error.detail else ""
            took = f"{time.monotonic() - began:.0f} s"
            said = f"[{error.code}] {error}{detail} After {took}."
            yield Finding(f"live {name}", Verdict.FAIL, said, error.for_admin or error.advice)
