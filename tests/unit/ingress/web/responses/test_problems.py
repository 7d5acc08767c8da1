"""Errors that are not ours, as answers."""

from __future__ import annotations

import asyncio
import errno

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from ingress.web.responses import problems


async def answer_to(error: Exception) -> int:
    """The status that the handler of the error's class gives."""
    app = FastAPI()
    problems.install(app)
    handlers = [
        app.exception_handlers[kind]
        for kind in type(error).__mro__
        if kind in app.exception_handlers
    ]
    scope = {"type": "http", "path": "/api/v1/upload", "path_params": {}, "headers": []}
    return (await handlers[0](Request(scope), error)).status_code


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_for_later(number: int) -> None:
    assert asyncio.run(answer_to(OSError(number, "full"))) == 503


def test_other_trouble_of_the_system_is_a_bug() -> None:
    with pytest.raises(PermissionError):
        asyncio.run(answer_to(PermissionError(errno.EACCES, "no")))
