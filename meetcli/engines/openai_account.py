"""Engines room: what the attempts at one request hold and have cost. Never sends, never waits."""

from __future__ import annotations

from decimal import Decimal

from meetcli.engines.openai_wire import Failure
from meetcli.models import Reply, Request, Usage, add_usd
from meetcli.money.budget import Budget


class Account:
    """Usage and money of one request; at most one attempt at a time is held for."""

    def __init__(self, request: Request, budget: Budget | None) -> None:
        self._request = request
        self._budget = budget
        self._most_usd: Decimal | None = None
        self._held_usd: Decimal | None = None
        self.usage = Usage()
        self.uncertain_usd: Decimal | None = Decimal(0)

    def reserve(self) -> bool | None:
        """Hold the most that an attempt can cost; return False where it may fit later, None where it never will."""
        budget = self._budget
        if budget is None or budget.limit_usd is None:
            return True
        if self._most_usd is None:
            # At the standard price in every lane: a server may bill a flex call so, and says so only afterwards.
            self._most_usd = budget.most_usd(self._request)
        if self._most_usd is None:
            return None
        if budget.reserve(self._most_usd):
            self._held_usd = self._most_usd
            return True
        return None if budget.is_idle else False

    def give_back(self) -> None:
        """Hold nothing any more: the attempt is not made now."""
        if self._budget is not None and self._held_usd is not None:
            self._budget.settle(self._held_usd, Decimal(0))
            self._held_usd = None

    def settle(self, outcome: Reply | Failure) -> None:
        """Count what an attempt cost.

        One of unknown fate, or without a count of tokens, may have cost the most it can.
        """
        self.usage += outcome.usage
        if self._budget is None:
            return
        is_uncertain = (
            outcome.is_uncertain
            if isinstance(outcome, Failure)
            else not (outcome.is_counted and outcome.usage.input_tokens)
        )
        if is_uncertain:
            spent_usd = self._budget.most_usd(self._request)
            self.uncertain_usd = add_usd(self.uncertain_usd, spent_usd)
        else:
            lane = outcome.lane if isinstance(outcome, Reply) else "standard"
            spent_usd = self._budget.price(outcome.usage, lane)
        if self._held_usd is not None:
            self._budget.settle(self._held_usd, self._held_usd if spent_usd is None else spent_usd)
            self._held_usd = None
