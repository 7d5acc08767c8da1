"""When somebody has to agree to a cost, and who; and how a price is written."""

from __future__ import annotations

import pytest

from dragoman.domain.costs import approval, prices
from dragoman.domain.costs.approval import Rules
from dragoman.domain.job import ApprovalReason
from dragoman.domain.specs import engine_specs
from pipeline.engines import registry

USUAL = Rules(pages=None, characters=300_000)


@pytest.mark.parametrize(
    ("rules", "engine", "pages", "to_bill", "over", "why"),
    [
        (USUAL, "deepl", 4, 630_667, False, ApprovalReason.CHARACTERS),
        (USUAL, "deepl", 4, 300_000, False, None),
        (USUAL, "deepl", 101, 5_000, False, ApprovalReason.PAGES),
        (USUAL, "deepl", 100, 5_000, False, None),
        (USUAL, "deepl", 500, 0, True, None),
        (USUAL, "deepl", 1, 10, True, ApprovalReason.BUDGET),
        (USUAL, "local", 3000, 0, False, None),
        (USUAL, "apertium", 3000, 0, False, None),
        (USUAL, "pseudo", 3000, 0, False, None),
        (USUAL, "an engine of tomorrow", 4, 630_667, False, ApprovalReason.CHARACTERS),
        (Rules(10, 300_000), "local", 11, 0, False, ApprovalReason.PAGES),
        (Rules(0, 0), "deepl", 3000, 10**7, False, None),
        (Rules(None, 0), "deepl", 101, 10**7, False, ApprovalReason.PAGES),
    ],
)
def test_reason(
    rules: Rules, engine: str, pages: int, to_bill: int, over: bool, why: ApprovalReason | None
) -> None:
    assert (
        approval.reason(rules, engine=engine, pages=pages, to_bill=to_bill, over_budget=over) is why
    )


@pytest.mark.parametrize(
    ("approvers", "who", "may"),
    [
        ((), "ana@example.org", True),
        ((), "bob@example.org", False),
        (("bob@example.org",), "ana@example.org", False),
        (("bob@example.org",), "Bob@Example.org", True),
        (("@example.org",), "eve@example.org", True),
        (("@example.org",), "eve@sub.example.org", False),
        (("@example.org",), "eve@example.org.evil.test", False),
        (("slack:t1:u1",), "slack:T1:U1", True),
        (("slack:t1:u1",), "slack:T2:U1", False),
        (("*",), "web:ci", True),
    ],
)
def test_may_approve(approvers: tuple[str, ...], who: str, may: bool) -> None:
    assert approval.may_approve(approvers, who, "ana@example.org") is may


def test_a_price_is_rounded_up_and_written_as_in_its_language() -> None:
    price = prices.price_of(630_667, 20.0, "EUR")
    assert price is not None
    assert prices.in_words(price) == "€12.62"
    assert prices.in_words(price, "de") == "12,62\u00a0€"
    assert prices.in_words(prices.Price(0.0001, "USD")) == "$0.01"
    assert prices.price_of(0, 20.0, "EUR") is None
    assert prices.price_of(10**6, 0.0, "EUR") is None


def test_each_engine_of_the_registry_is_known_to_run_here_or_to_send_texts_away() -> None:
    assert engine_specs.in_house() <= set(registry.NAMES)
    assert "deepl" not in engine_specs.in_house()
