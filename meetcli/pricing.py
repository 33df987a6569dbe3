"""From a model and its tokens to money. A model whose price is not known is None, never zero.

Prices come from the snapshot that genai-prices ships: nothing is downloaded, and its updater is never started. The library is
imported with the first call that has a price, so that a run of hits never pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from meetcli.errors import UsageError
from meetcli.models import Usage

Prices = Callable[[str, Usage], Decimal | None]
"""From a model's name and what it used to US dollars, None where the price is not known."""

_MILLION = Decimal(1_000_000)
_RATES = ("input", "cached_input", "output")


def open_prices(source: str, *, engine: str, read_toml: Callable[[Path], Mapping[str, object]]) -> Prices:
    """Return the prices that `source` names: `openai`, `none`, or the path of a file read by `read_toml`, decimals as `Decimal`.

    The file holds one table a model, named by it, with `input`, `output` and, where cached input is cheaper, `cached_input`: US
    dollars a million tokens. The local engine costs nothing, whatever the source. Raises `UsageError` for a file that cannot be used.
    """
    if engine == "local":
        return _free
    if source == "none":
        return _unknown
    if source == "openai":
        return _openai_price
    rates = {model: _parse_model(model, table, shown=source) for model, table in read_toml(Path(source)).items()}
    return lambda model, usage: rates[model].price(usage) if model in rates else _unknown(model, usage)


def _free(_model: str, _usage: Usage) -> Decimal:
    return Decimal(0)


def _unknown(_model: str, usage: Usage) -> Decimal | None:
    """Return None, but zero for tokens that were never used: an attempt without an answer costs nothing anywhere."""
    return None if usage.input_tokens or usage.output_tokens else Decimal(0)


def _openai_price(model: str, usage: Usage) -> Decimal | None:
    if not (usage.input_tokens or usage.output_tokens):
        return Decimal(0)
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
    """US dollars a million tokens."""

    input: Decimal
    cached_input: Decimal
    output: Decimal

    def price(self, usage: Usage) -> Decimal:
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        spent = (usage.input_tokens - cached) * self.input + cached * self.cached_input + usage.output_tokens * self.output
        return spent / _MILLION


def _parse_model(model: str, table: object, *, shown: str) -> _Rates:
    where = f"price file {shown!r}, model {model!r}"
    if not isinstance(table, dict) or not {"input", "output"} <= table.keys() <= set(_RATES):
        raise UsageError(f"{where}: must have input and output, and may have cached_input", hint="prices are US dollars a million tokens")
    for name, rate in table.items():
        if isinstance(rate, bool) or not isinstance(rate, int | Decimal) or not Decimal(rate).is_finite() or rate < 0:
            raise UsageError(f"{where}: {name} = {rate!s:.40} must be a number of zero or more")
    rates = {name: Decimal(rate) for name, rate in table.items()}
    return _Rates(rates["input"], rates.get("cached_input", rates["input"]), rates["output"])
