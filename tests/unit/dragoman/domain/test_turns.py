"""Who may begin: what is free is shared by senders and teams, and nobody waits for one who
holds everything.
"""

import pytest

from dragoman.domain.turns import (
    Asker,
    Holder,
    Places,
    Work,
    held_by,
    is_kept_out,
    may_begin,
    waiting_s,
)

TWO = Places(usual=2, spare=1)
ANN, BEA = Asker("ann@one.test", "one"), Asker("bea@two.test", "two")
COLLEAGUE = Asker("cy@one.test", "one")


def held(*counts):
    """Ann's places, her colleague's and Bea's."""
    owners = zip((ANN, COLLEAGUE, BEA), counts, strict=False)
    return [Holder(one.owner, one.team, count) for one, count in owners if count]


def test_what_is_free_is_taken_by_whoever_comes_first():
    assert may_begin(ANN, [], 0, TWO)
    assert may_begin(ANN, held(1), 0, TWO)
    assert may_begin(ANN, [], 1, TWO)


def test_as_many_go_first_as_there_are_places():
    assert not may_begin(ANN, [], 2, TWO)
    assert not may_begin(ANN, held(1), 1, TWO)


@pytest.mark.parametrize(
    ("holders", "asker", "begins"),
    [
        (held(2), BEA, True),  # one sender has all of it
        (held(2), ANN, False),
        (held(2), COLLEAGUE, True),
        (held(1, 1), BEA, True),  # one team has all of it
        (held(1, 0, 1), COLLEAGUE, False),  # shared by two already
        (held(2, 0, 1), COLLEAGUE, False),  # the spare place is taken
    ],
)
def test_the_spare_place_is_for_who_is_kept_out(holders, asker, begins):
    assert may_begin(asker, holders, 0, TWO) is begins


def test_with_one_place_the_spare_one_is_for_another_sender():
    one = Places(usual=1, spare=1)
    assert may_begin(BEA, held(1), 0, one)
    assert not may_begin(ANN, held(1), 0, one)
    assert not may_begin(BEA, held(1, 1), 0, one)


def test_of_many_places_two_are_more_than_a_share_of_who_has_none():
    four = Places(usual=4, spare=2)
    assert may_begin(COLLEAGUE, held(2, 0, 2), 0, four)
    assert not is_kept_out(COLLEAGUE, [])


def test_a_team_counts_its_own_sender_once():
    assert held_by(ANN, held(2, 1)) == (2, 3)
    assert held_by(
        Asker("web:tests", None), [Holder("web:tests", None, 3), Holder("web:other", None, 1)]
    ) == (3, 3)


def test_waiting_is_what_goes_first_shared_by_all_places():
    work = [Work("ann", 100.0, 400.0), Work("bea", 0.0, 30.0), Work("cy", 9.0, 9.0)]
    assert waiting_s("ann", 20.0, work, 2) == (100 + 30 + 9) / 2
    assert waiting_s("bea", 20.0, work, 2) == (20 + 9) / 2
    assert waiting_s("dan", 20.0, [], 2) == 0.0
