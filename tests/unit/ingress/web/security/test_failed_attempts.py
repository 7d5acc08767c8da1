"""How long an address has to wait that shows wrong tokens, and how little is remembered of it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from ingress.web.security import failed_attempts
from ingress.web.security.api_tokens import TokenNeeded, WrongToken
from ingress.web.security.failed_attempts import (
    FREE,
    LONGEST_S,
    MOST_ADDRESSES,
    SHARED_FOR_S,
    Tries,
)
from ingress.web.security.refusals import TooManyTries

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def one(clock: Clock) -> Tries:
    return Tries(clock)


def show(one: Tries, address: str, *, right: bool = False) -> float:
    """Show a token. Gives the seconds that one is told to wait, 0.0 if it was looked at."""
    try:
        with suppress(WrongToken), one.watching(address, failed_attempts.TOKEN, WrongToken):
            if not right:
                raise WrongToken
    except TooManyTries as error:
        return error.retry_after_s
    return 0.0


def test_some_tries_are_free_then_each_takes_longer(one: Tries, clock: Clock) -> None:
    assert [show(one, HERE) for _ in range(FREE)] == [0.0] * FREE
    waited = []
    for _ in range(12):
        assert show(one, HERE) == 0.0
        waited.append(show(one, HERE))
        clock.now += waited[-1]
    assert waited == [1, 2, 4, 8, 16, 32, *[LONGEST_S] * 6]


def test_who_has_to_wait_is_not_looked_at_even_with_the_right_one(one: Tries, clock: Clock) -> None:
    for _ in range(FREE + 1):
        show(one, HERE)
    assert show(one, HERE, right=True) == 1.0
    assert show(one, THERE, right=True) == 0.0
    clock.now += 1
    assert show(one, HERE, right=True) == 0.0


def test_nobody_locks_out_others_behind_the_same_address(one: Tries, clock: Clock) -> None:
    assert show(one, HERE, right=True) == 0.0
    for _ in range(FREE + 20):
        show(one, HERE)
    assert show(one, HERE) > 0
    assert show(one, HERE, right=True) == 0.0
    clock.now += SHARED_FOR_S - 1
    assert show(one, HERE, right=True) == 0.0


def test_wrong_ones_are_forgotten_after_a_while(one: Tries, clock: Clock) -> None:
    for _ in range(FREE + 1):
        show(one, HERE)
    clock.now += failed_attempts.FORGOTTEN_AFTER_S
    assert [show(one, HERE) for _ in range(FREE)] == [0.0] * FREE


def test_a_request_without_a_token_does_not_count(one: Tries) -> None:
    for _ in range(3 * FREE):
        with pytest.raises(TokenNeeded), one.watching(HERE, failed_attempts.TOKEN, WrongToken):
            raise TokenNeeded
    assert show(one, HERE, right=True) == 0.0
    assert one.by_kind == {}


def test_an_ipv6_network_counts_as_one_address(one: Tries) -> None:
    for number in range(FREE + 1):
        show(one, f"2001:db8:0:1::{number:x}")
    assert show(one, "2001:db8:0:1:ffff::1") > 0
    assert show(one, "2001:db8:0:2::1") == 0.0


def test_an_ipv4_address_written_as_ipv6_is_the_same(one: Tries) -> None:
    for _ in range(FREE + 1):
        show(one, f"::ffff:{HERE}")
    assert show(one, HERE) > 0


def test_what_is_remembered_is_bounded(one: Tries) -> None:
    for number in range(MOST_ADDRESSES + 500):
        show(one, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(one) == MOST_ADDRESSES


def test_the_log_names_the_address_and_stays_short(one: Tries, clock: Clock) -> None:
    with capture_logs() as lines:
        for _ in range(1000):
            show(one, HERE)
            clock.now += LONGEST_S
    assert {line["peer"] for line in lines} == {HERE}
    assert {line["event"] for line in lines} == {"wrong_token"}
    assert [line["tries"] for line in lines] == [*range(1, FREE + 1), 16, 32, 64, 128, 256, 512]
