"""Text for people without color or layout: names made safe to print, numbers with their units.

Prints nothing, imports no rich.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal


def printable(text: str) -> str:
    r"""Return `text` with everything that could move the cursor, hide or reorder text written as an escape, as `\n`.

    File names may hold newlines, terminal sequences, bidirectional marks and bytes that are not UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def duration_text(seconds: float | None) -> str:
    """Return a setting's duration as people write it: `24h`, `30d`, `90s`, and `none` for None."""
    if seconds is None:
        return "none"
    # A day is written in hours, as the default and the older setting count it.
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= (2 * unit if name == "d" else unit) and seconds % unit == 0:
            return f"{seconds / unit:.0f}{name}"
    return f"{seconds:g}s"


def elapsed_text(seconds: float) -> str:
    """Return a measured time in three or four characters of meaning: `0.4s`, `12.3s`, `4m05s`, `2h10m`."""
    if seconds < 99.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def money_text(amount: Decimal | None) -> str:
    """Return dollars, finer the smaller they are, and `unknown` for None: a price that is not known is never zero."""
    if amount is None:
        return "unknown"
    if amount == 0:
        return "$0"
    if amount >= 10:
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"
    rounded = amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return f"${rounded:f}" if rounded else "<$0.0001"


def decimal_text(amount: Decimal | None) -> str | None:
    """Return an amount without exponent and without closing zeros, None for an unknown one."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def sum_text(amounts: Iterable[Decimal | None]) -> str:
    """Return the sum of amounts as `money_text`; where some are unknown it is `at least` the sum of the others."""
    known, is_complete = Decimal(0), True
    for amount in amounts:
        known, is_complete = known + (amount or 0), is_complete and amount is not None
    if is_complete:
        return money_text(known)
    return f"at least {money_text(known)}" if known else money_text(None)


def count_text(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun, as `1 meeting` or `1,234 meetings`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"


def bytes_text(size: int) -> str:
    """Return a size in decimal units, as `812 B`, `4.2 kB` or `1.3 GB`."""
    if size < 1000:
        return f"{size} B"
    if size < 999_950:  # what rounds to 1,000 is one of the next unit
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB" if size < 999_950_000 else f"{size / 1e9:,.1f} GB"


def age_text(seconds: float) -> str:
    """Return an age or what is left of a life, rounded down to its largest unit: `45s`, `12m`, `3h`, `12d`."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= (2 * unit if name == "d" else unit):
            return f"{int(seconds // unit)}{name}"
    return f"{int(max(seconds, 0))}s"


def failure_text(label: str, error: str) -> str:
    """Return an error with the file or place that it is about, which is safe to print then; the error need not be."""
    return f"{printable(label)}: {error}"


def error_text(message: str, hint: str | None = None) -> str:
    """Return an error as printed: `error: ...`, and `hint: ...` on a line of its own."""
    lines = [f"error: {printable(message)}"]
    if hint:
        lines.append(f"hint: {printable(hint)}")
    return "\n".join(lines)
