"""From a model, its tokens and a lane to money. A model whose price is not known is None, never zero.

Prices come from the snapshot that genai-prices ships: nothing is downloaded, and its updater is never started. The
library is imported with the first call that has a price, so that a run of hits never pays for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from meetcli.errors import UsageError
from meetcli.models import Lane, Usage

Price = Callable[[Usage, Lane], Decimal | None]
"""What the use of a run's model costs in US dollars, None where that is not known."""

_MILLION = Decimal(1_000_000)
_RATES = ("input", "cached_input", "output")

LANE_SHARE: Final = Decimal("0.5")
"""What flex and batch cost of the standard price, for every model that they serve: https://developers.openai.com/api/docs/pricing,
read on 2026-10-14. genai-prices, asked for a lane without saying so in its own terms, returns the full price in
silence."""

_SNAPSHOT = r"(-\d{4}-\d{2}-\d{2})?"
_SERVED: Final[Mapping[Lane, re.Pattern[str]]] = {
    # Tables "Flex" and "Batch" of the same page on the same day; text models with chat.completions only.
    "flex": re.compile(
        r"(gpt-5(-mini|-nano)?|gpt-5\.[12]|gpt-5\.4(-mini|-nano|-pro)?|gpt-5\.5(-pro)?|gpt-5\.6-(luna|sol|terra)"
        rf"|gpt-6-(astra|luna|sol)|gpt-6\.1-(sol|terra)|o3|o4-mini){_SNAPSHOT}"
    ),
    "batch": re.compile(
        r"(gpt-5(-mini|-nano|-pro)?|gpt-5\.1|gpt-5\.2(-pro)?|gpt-5\.4(-mini|-nano|-pro)?|gpt-5\.5(-pro)?|gpt-5\.6-(luna|sol|terra)"
        r"|gpt-6-(astra|luna|sol)|gpt-6\.1-(sol|terra)|o1(-pro)?|o3(-mini|-pro)?|o4-mini|gpt-3\.5-turbo(-1106)?|gpt-4(-turbo)?"
        rf"|gpt-4\.1(-mini|-nano)?|gpt-4o(-mini)?){_SNAPSHOT}|ft:(gpt-3\.5-turbo|gpt-4\.1|gpt-4o)\b.*"
    ),
}
_CACHED_IN_BATCH: Final = re.compile(r"gpt-[5-9]")
"""The models whose batch table has a price for cached input; for others it is that of input."""


def open_price(
    source: str, model: str, *, is_free: bool = False, read_toml: Callable[[Path], Mapping[str, object]]
) -> Price:
    """Return the price of `model` that `source` names: `openai`, `none`, or the path of a file.

    The file is read by `read_toml`, decimals as `Decimal`. It holds one table a model, named by it, with `input`,
    `output` and, where cached input is cheaper, `cached_input`, in US dollars a million tokens. `flex` and `batch`
    stand there where the server has these lanes: their share of that price, as 0.5. A free engine costs nothing,
    whatever the source. Raises `UsageError` for a file that cannot be used.
    """
    if is_free:
        return _free
    if source == "none":
        return _unknown
    if source == "openai":
        return partial(_openai_price, model)
    rates = {name: _parse_model(name, table, shown=source) for name, table in read_toml(Path(source)).items()}
    return rates[model].price if model in rates else _unknown


def serves(source: str, model: str, lane: Lane) -> bool | None:
    """Return whether OpenAI's `lane` has `model`.

    None where that is not known, as for other servers and for models without a price.
    """
    if lane == "standard" or source != "openai":
        return True if lane == "standard" else None
    if _SERVED[lane].fullmatch(model):
        return True
    return None if _openai_price(model, Usage(1, 0, 1)) is None else False


def context_window(source: str, model: str) -> int | None:
    """Return how many tokens OpenAI's `model` reads and writes at once.

    None where that is not known, as for other servers.
    """
    if source != "openai":
        return None
    import genai_prices

    try:
        window = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1), model, provider_id="openai"
        ).model.context_window
    except (LookupError, ValueError):  # no such model
        return None
    return window


def _free(_usage: Usage, _lane: Lane) -> Decimal:
    return Decimal(0)


def _unknown(usage: Usage, _lane: Lane) -> Decimal | None:
    """Return None, but zero for tokens that were never used: an attempt without an answer costs nothing anywhere."""
    return None if usage.input_tokens or usage.output_tokens else Decimal(0)


def _openai_price(model: str, usage: Usage, lane: Lane = "standard") -> Decimal | None:
    if not (usage.input_tokens or usage.output_tokens):
        return Decimal(0)
    if lane != "standard":
        if not _SERVED[lane].fullmatch(model):
            return None
        if lane == "batch" and not _CACHED_IN_BATCH.match(model):
            usage = usage._replace(cached_input_tokens=0)
        standard = _openai_price(model, usage)
        return None if standard is None else standard * LANE_SHARE
    import genai_prices

    try:
        counted = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            # A server that counts more cached tokens than tokens would make the library raise.
            cache_read_tokens=min(usage.cached_input_tokens, usage.input_tokens),
            output_tokens=usage.output_tokens,
        )
        return genai_prices.calc_price(counted, model, provider_id="openai").total_price
    except (LookupError, ValueError):  # no such model; counts of a server that no price fits, as negative ones
        return None


@dataclass(frozen=True, slots=True)
class _Rates:
    """US dollars a million tokens, and each lane's share of them."""

    input: Decimal
    cached_input: Decimal
    output: Decimal
    shares: Mapping[str, Decimal]

    def price(self, usage: Usage, lane: Lane) -> Decimal | None:
        if lane not in self.shares:
            return _unknown(usage, lane)
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        spent = (
            (usage.input_tokens - cached) * self.input + cached * self.cached_input + usage.output_tokens * self.output
        )
        return spent / _MILLION * self.shares[lane]


def _parse_model(model: str, table: object, *, shown: str) -> _Rates:
    where = f"price file {shown!r}, model {model!r}"
    if not isinstance(table, dict) or not {"input", "output"} <= table.keys() <= {*_RATES, *_SERVED}:
        message = f"{where}: must have input and output, and may have cached_input, flex and batch"
        raise UsageError(
            message, hint="prices are US dollars a million tokens; flex and batch are shares of them, as 0.5"
        )
    for name, rate in table.items():
        if isinstance(rate, bool) or not isinstance(rate, int | Decimal) or not Decimal(rate).is_finite() or rate < 0:
            raise UsageError(f"{where}: {name} = {rate!s:.40} must be a number of zero or more")
    rates = {name: Decimal(rate) for name, rate in table.items()}
    shares: dict[str, Decimal] = {"standard": Decimal(1), **{lane: rates[lane] for lane in _SERVED if lane in rates}}
    return _Rates(rates["input"], rates.get("cached_input", rates["input"]), rates["output"], shares)
