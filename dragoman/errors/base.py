"""What all errors have: words for the sender, advice, what the admin can do, whose move it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class Blame(StrEnum):
    """Whose move it is after a failure."""

    SENDER = "sender"
    OPERATOR = "operator"


class DragomanError(Exception):
    """Something went wrong.

    What is told of it are values, so that `python -OO`, which drops docstrings, takes nothing away.

    `message`: one sentence for the sender, and `str(error)`; `advice`: what the sender can do;
    `for_admin`: what the one who runs the server can do. `detail` is for the log only: it may hold
    names of hosts or answers of other services, and no code reads it.
    """

    message: str = "Something went wrong."
    code: ClassVar[str] = "error"
    temporary: ClassVar[bool] = False
    blame: ClassVar[Blame] = Blame.OPERATOR
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    advice: str = "Please try again later, or ask your admin with the job's id."
    for_admin: str = ""

    def __init__(
        self, message: str | None = None, *, advice: str | None = None, detail: str = ""
    ) -> None:
        """`message` and `advice` are for the sender; None takes the class's own words."""
        super().__init__(message or type(self).message)
        self.message = str(self)
        self.advice = advice if advice is not None else type(self).advice
        self.detail = detail

    @property
    def facts(self) -> dict[str, Any]:
        """What the message is about, as plain values that a row can hold: whoever tells it in
        another language needs them.
        """
        return {}


class LeaseLost(DragomanError):
    message = "Another worker owns this row now."
    code = "lease_lost"
    exit_code = 60
