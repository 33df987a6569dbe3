"""What a run may still spend, to the cent: what is held counts, and a limit may be reached."""

from decimal import Decimal

import pytest

from meetcli.models import Meeting, Message, Request, Usage
from meetcli.money.budget import Budget


def price(usage, lane):
    """Return a price of 2 a token of input and 3 a token of output; half of it in batches."""
    cost = Decimal(2 * usage.input_tokens + 3 * usage.output_tokens + 1000 * usage.cached_input_tokens)
    return cost / 2 if lane == "batch" else cost


def budget(limit, price=price):
    return Budget(None if limit is None else Decimal(limit), price)


def request(cap=5):
    messages = (Message("user", "hello"),)
    return Request("r", "d", "extract", Meeting("hello", ()), "auto", messages, {}, 0.0, cap)


def test_what_is_held_and_spent_leaves_the_rest_to_the_last_cent():
    money = budget(10)
    assert money.is_idle
    assert money.reserve(Decimal(6))
    assert not money.is_idle
    assert not money.reserve(Decimal(5))
    assert money.reserve(Decimal(4))
    money.settle(Decimal(6), Decimal(1))
    money.settle(Decimal(4), Decimal(0))
    assert (money.spent_usd, money.is_idle) == (1, True)
    assert not money.reserve(Decimal("9.01"))
    assert money.reserve(Decimal(9))


def test_without_a_limit_everything_fits_and_nothing_is_exhausted():
    money = budget(None)
    assert money.reserve(Decimal(10**9))
    money.settle(Decimal(10**9), Decimal(10**9))
    assert not money.is_exhausted(1)


def test_the_most_that_a_request_costs_is_its_input_and_its_cap_without_a_discount():
    money = budget(None)
    with_more = money.most_usd(request(6)) - money.most_usd(request(5))
    assert with_more == 3
    assert money.most_usd(request(5)) == 2 * money.most_usd(request(5), "batch") < 1000
    assert budget(None, lambda usage, lane: None).most_usd(request()) is None


@pytest.mark.parametrize(("limit", "is_exhausted"), [(6, True), (7, False), (8, False)])
def test_exhausted_is_a_budget_that_the_smallest_request_in_a_batch_exceeds(limit, is_exhausted):
    money = budget(limit)
    assert money.is_exhausted(4) is is_exhausted  # one token in, four out, at half the price: 7
    assert money.reserve(Decimal(limit))
    assert not money.is_exhausted(4)  # what is held may come back
    money.settle(Decimal(limit), Decimal(limit))
    assert money.is_exhausted(4)


def test_exhausted_is_judged_by_the_standard_price_where_no_batch_has_one_and_never_without():
    def no_batches(usage, lane):
        return None if lane == "batch" else price(usage, lane)

    assert budget(13, no_batches).is_exhausted(4)
    assert not budget(14, no_batches).is_exhausted(4)
    assert not budget(0, lambda usage, lane: None).is_exhausted(4)


def test_price_is_that_of_what_was_used_in_its_lane():
    assert budget(1).price(Usage(1, 0, 1), "batch") == Decimal("2.5")
