"""What the attempts at one request hold and have cost."""

from decimal import Decimal

import pytest

from meetcli.engines.openai_account import Account
from meetcli.engines.openai_wire import Failure
from meetcli.models import Reply, Usage
from meetcli.money.budget import Budget
from tests.engines.openai_driver import make_request

CAP = Decimal(100)


def opened(limit=1000):
    """Return a budget where an attempt costs up to 100 and a token 1, and the account of one request."""
    money = Budget(
        None if limit is None else Decimal(limit),
        lambda usage, lane: CAP if usage.output_tokens == 4096 else Decimal(usage.input_tokens),
    )
    return money, Account(make_request(), money)


def counted(tokens, **more):
    return Reply("", "{}", usage=Usage(tokens, 0, 1, 1), **more)


def test_what_an_attempt_holds_is_given_back_for_what_it_cost():
    money, account = opened()
    assert account.reserve() is True
    assert not money.is_idle
    account.settle(counted(7))
    assert (money.is_idle, money.spent_usd, account.usage.input_tokens, account.uncertain_usd) == (True, 7, 7, 0)
    account.settle(counted(5))  # an attempt that held nothing gives nothing back
    assert (money.spent_usd, account.usage.input_tokens) == (7, 12)


def test_an_attempt_that_is_not_made_holds_nothing_and_costs_nothing():
    money, account = opened()
    account.reserve()
    account.give_back()
    account.give_back()
    assert (money.is_idle, money.spent_usd) == (True, 0)


@pytest.mark.parametrize(
    "outcome",
    [
        Failure("timeout", "no answer", "request", is_uncertain=True),
        Reply("", "{}", usage=Usage(0, 0, 1, 1)),
        Reply("", "{}", usage=Usage(7, 0, 0, 1)),
    ],
)
def test_an_attempt_of_unknown_cost_may_have_cost_all_that_was_held(outcome):
    money, account = opened()
    account.reserve()
    account.settle(outcome)
    assert (money.is_idle, money.spent_usd, account.uncertain_usd) == (True, CAP, CAP)


def test_a_failure_that_is_certain_costs_what_was_used():
    money, account = opened()
    account.reserve()
    account.settle(Failure("server", "no", "request", usage=Usage(3, 0, 0, 1)))
    assert (money.spent_usd, account.uncertain_usd) == (3, 0)


def test_what_never_fits_is_told_from_what_may_fit_later():
    money, account = opened(150)
    assert Account(make_request(1), money).reserve() is True
    assert account.reserve() is False
    assert opened(99)[1].reserve() is None
    assert opened(None)[1].reserve() is True
    assert Account(make_request(), None).reserve() is True


def test_a_request_without_a_price_does_not_fit_a_limit():
    money = Budget(Decimal(10), lambda usage, lane: None)
    account = Account(make_request(), money)
    assert account.reserve() is None
    assert money.is_idle
