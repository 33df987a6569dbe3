"""What one run may still spend. Pure: reserves before an attempt, gives back after it, never sends anything.

One process's: two runs at once have two budgets.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from meetcli.models import Lane, Request, Usage
from meetcli.money.tokens import CountTokens, count_bytes, most_input_tokens


class Budget:
    """The money of one run. `limit_usd` None only keeps the account of what is uncertain.

    `price` speaks of the run's model. `count_tokens` None reserves one token a byte, which no vocabulary exceeds.
    """

    def __init__(
        self,
        limit_usd: Decimal | None,
        price: Callable[[Usage, Lane], Decimal | None],
        count_tokens: CountTokens | None = None,
    ) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = Decimal(0)
        self._held: list[Decimal] = []
        self._price = price
        self._count = count_tokens or count_bytes

    def price(self, usage: Usage, lane: Lane) -> Decimal | None:
        """Return what was used costs, None where that is unknown."""
        return self._price(usage, lane)

    def most_usd(self, request: Request, lane: Lane = "standard") -> Decimal | None:
        """Return the most that one attempt at `request` can cost, None if unknown.

        That is the price of all that may count as input, and of the whole output cap.
        """
        return self._price(Usage(most_input_tokens(request, self._count), 0, request.max_output_tokens), lane)

    def reserve(self, amount_usd: Decimal) -> bool:
        """Hold an amount until it is settled; return False where it does not fit beside what is spent and held."""
        if self.limit_usd is not None and self.spent_usd + sum(self._held) + amount_usd > self.limit_usd:
            return False
        self._held.append(amount_usd)
        return True

    def settle(self, reserved_usd: Decimal, spent_usd: Decimal) -> None:
        """Give a reservation back and count what was spent of it: all of it where the attempt's fate is not known."""
        self._held.remove(reserved_usd)
        self.spent_usd += spent_usd

    @property
    def is_idle(self) -> bool:
        """Whether nothing is held, so that waiting would free nothing."""
        return not self._held

    def is_exhausted(self, least_output_tokens: int) -> bool:
        """Return whether not even a request of one token with that output cap fits, now or later."""
        least = self._price(Usage(1, 0, least_output_tokens), "batch") or self._price(
            Usage(1, 0, least_output_tokens), "standard"
        )
        return (
            self.limit_usd is not None
            and self.is_idle
            and least is not None
            and self.spent_usd + least > self.limit_usd
        )
