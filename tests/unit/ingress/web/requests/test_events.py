from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from dragoman.errors import DatabaseUnavailable, Gone
from ingress.web.requests import events


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_S", 0)


def changes(*seen: int | Exception) -> list[int]:
    """What a stream tells of a job whose looks go like `seen`; 9 is the last."""
    looks: Iterator[int | Exception] = iter(seen)

    def look() -> int:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    async def collected() -> list[int]:
        told: AsyncIterator[int] = events._changes(
            look, lambda value: value, lambda value: value == 9
        )
        return [value async for value in told]

    return asyncio.run(collected())


def test_only_changes_are_told_and_the_last_one_always() -> None:
    assert changes(1, 1, 2, 2, 2, 9) == [1, 2, 9]
    assert changes(9) == [9]


def test_database_that_is_away_is_waited_for() -> None:
    assert changes(1, DatabaseUnavailable(), DatabaseUnavailable(), 1, 9) == [1, 9]


def test_other_errors_end_the_stream() -> None:
    with pytest.raises(Gone):
        changes(1, Gone())
