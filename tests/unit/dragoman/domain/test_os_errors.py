"""A full disk is told apart from every other trouble: a job is tried again then."""

from __future__ import annotations

import errno

import pytest

from dragoman.domain.os_errors import NO_ROOM, DiskFull, named


@pytest.mark.parametrize("number", NO_ROOM)
def test_whoever_finds_no_room_met_a_full_disk(number: int) -> None:
    assert isinstance(named(OSError(number, "no")), DiskFull)


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "no"), ValueError("No space left on device"), OSError()]
)
def test_every_other_error_stays_what_it_is(error: Exception) -> None:
    assert named(error) is error
