"""From settings to what spending knows about money.

Those are the prices, the forecast of a plan, and the question before an expensive one.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Final

from meetcli.cache.forgiving import ForgivingCache
from meetcli.config import Settings, read_toml
from meetcli.delivery import Deliver
from meetcli.engines import abilities_of
from meetcli.errors import UsageError
from meetcli.models import Assignment, Forecast, Job, Usage
from meetcli.money.budget import Budget
from meetcli.money.pricing import Price, context_window, open_price, serves
from meetcli.money.tokens import Window, open_counter, open_window
from meetcli.plain_text import count_text, money_text
from meetcli.plan.forecast import ForecastInputs, forecast, learn_output_tokens
from meetcli.readers import Rereader
from meetcli.wiring.lanes import waiting_requests
from meetcli.wiring.questions import ask

ASK_ABOVE_USD: Final = Decimal(10)


def open_settings_price(settings: Settings) -> Price:
    """Return the price of the run's model."""
    is_free = abilities_of(settings.engine).is_free
    return open_price(settings.prices, settings.model, is_free=is_free, read_toml=read_toml)


def open_settings_window(settings: Settings) -> Window | None:
    """Return the window of the run's model; None for an engine that reads anything whole."""
    if not abilities_of(settings.engine).has_window:
        return None
    return open_window(settings.model, settings.context_tokens or context_window(settings.prices, settings.model))


def refuse_unserved(settings: Settings) -> None:
    """Raise `UsageError` where the lane is known not to have the model."""
    able = abilities_of(settings.engine)
    if settings.lane not in able.lanes:
        why = "is of no use to" if able.is_free else "is not offered by"
        costs = ", which costs nothing" if able.is_free else ""
        raise UsageError(
            f"--lane {settings.lane} {why} the {settings.engine} engine{costs}", hint="use --lane standard"
        )
    if not able.is_free and serves(settings.prices, settings.model, settings.lane) is False:
        hint = "use --lane standard, or a model that the lane has: https://developers.openai.com/api/docs/pricing"
        raise UsageError(f"the {settings.lane} lane does not have the model {settings.model}", hint=hint)


def open_budget(settings: Settings) -> Budget:
    """Return the budget of the run. Raises `UsageError` where `--max-cost` is given and the price is unknown."""
    price, able = open_settings_price(settings), abilities_of(settings.engine)
    if settings.max_cost_usd is not None and not (able.keeps_budget or able.is_free):
        raise UsageError(f"the {settings.engine} engine does not keep to --max-cost", hint="leave out --max-cost")
    if settings.max_cost_usd is not None and price(Usage(1, 0, 1), settings.lane) is None:
        hint = "--prices openai, or a file that has its price; or leave out --max-cost"
        raise UsageError(
            f"--max-cost needs a price, and none is known for {settings.model} at {settings.endpoint}", hint=hint
        )
    return Budget(
        settings.max_cost_usd, price, open_counter(settings.model) if settings.max_cost_usd is not None else None
    )


def forecast_plan(
    jobs: list[Job],
    assignment: Assignment,
    settings: Settings,
    cache: ForgivingCache | None,
    deliver: Deliver | None = None,
) -> Forecast:
    """Return what the jobs will take; with `deliver` settle them as a dry run does."""
    able = assignment.identity.abilities
    output_tokens, learned_from = learn_output_tokens(cache, assignment)
    inputs = ForecastInputs(
        read_again=Rereader(max_bytes=settings.max_file_bytes).meeting,
        count_tokens=open_counter(settings.model),
        price=open_settings_price(settings),
        serves=lambda lane: lane in able.lanes and (able.is_free or serves(settings.prices, settings.model, lane)),
        lane=settings.lane,
        output_tokens=output_tokens,
        learned_from=learned_from,
        concurrency=settings.concurrency,
        requests_a_minute=settings.rpm,
        tokens_a_minute=settings.tpm,
        window=open_settings_window(settings),
        waiting=waiting_requests(settings, cache, assignment),
    )
    return forecast(jobs, assignment=assignment, inputs=inputs, deliver=deliver)


def is_agreed(jobs: list[Job], assignment: Assignment, settings: Settings, cache: ForgivingCache | None) -> bool | None:
    """Return whether the plan may be bought: on a terminal, one above 10 USD asks first; None where nobody answers."""
    if settings.yes or assignment.identity.abilities.is_free or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    planned = forecast_plan(jobs, assignment, settings, cache)
    price = planned.lanes[planned.lane]
    if price.expected_usd is None or price.expected_usd <= ASK_ABOVE_USD:
        return True
    asked = (
        f"{count_text(planned.calls, 'call')} for about {money_text(price.expected_usd)}, "
        f"at most {money_text(price.highest_usd)}. Go on?"
    )
    return ask(asked, err=True)
