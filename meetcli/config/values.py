"""Values as people write them in options, variables and files: durations, sizes, numbers, choices, folders, endpoints.

Each parser takes a string, or the value a TOML file already typed, and raises ValueError with what the value must be.
It never repeats the value: the caller knows whether it is a secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*", re.ASCII)
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def parse_duration(value: object) -> float:
    """Return seconds from `90s`, `10m`, `24h`, `30d`, `1h30m` or a bare number of seconds."""
    text = _text_of(value)
    parts = list(_DURATION_PART.finditer(text.lower()))
    if parts and sum(len(part[0]) for part in parts) == len(text):
        seconds = math.fsum(float(part[1]) * _SECONDS[part[2]] for part in parts)
    else:
        seconds = _number_of(text, "must be a duration as 90s, 10m, 24h or 30d")
    if not (0 <= seconds < math.inf):
        raise ValueError("must be a duration of zero or more")
    return seconds


def parse_positive_duration(value: object) -> float:
    """Return seconds as `parse_duration`, refusing zero."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise ValueError("must be a duration above zero")
    return seconds


def parse_ttl(value: object) -> float | None:
    """Return seconds, or None for `none`.

    A bare number is refused: an older setting counts the same in hours, and 24 read as seconds would buy every answer
    again.
    """
    text = _text_of(value)
    if text.lower() == "none":
        return None
    if text != "0" and not text[-1:].isalpha():
        raise ValueError("must be a duration with its unit, as 24h or 30d, or none")
    return parse_duration(text)


def parse_ttl_hours(value: object) -> float | None:
    """Return seconds from a number of hours, or None for `none`."""
    text = _text_of(value)
    if text.lower() == "none":
        return None
    hours = _number_of(text, "must be a number of hours, or none")
    if not (0 <= hours < math.inf):
        raise ValueError("must be a number of hours, or none")
    return hours * 3600


def parse_size(value: object) -> int:
    """Return bytes from `50MB` (decimal), `1.5GiB` (binary) or a bare number of bytes."""
    match = _SIZE.fullmatch(_text_of(value).lower())
    if match is None or match[2] not in _BYTES:
        raise ValueError("must be a size as 500kB, 50MB or 1GiB")
    size = float(match[1]) * _BYTES[match[2]]
    if not (1 <= size < math.inf):
        raise ValueError("must be a size of at least one byte")
    return int(size)


def parse_flag(value: object) -> bool:
    """Return a truth value from `1`, `true`, `yes`, `on` and their opposites."""
    if isinstance(value, bool):
        return value
    truth = _TRUTH.get(value.strip().lower()) if isinstance(value, str) else None
    if truth is None:
        raise ValueError("must be true or false")
    return truth


def parse_money(value: object) -> Decimal:
    """Return an amount in US dollars, zero or more, from `5`, `0.25` or `$5`."""
    text = _text_of(value).removeprefix("$")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,12})?", text, re.ASCII):
        raise ValueError("must be an amount in US dollars, as 5 or 0.25")
    return Decimal(text)


def whole_number(least: int, most: int | None = None) -> Callable[[object], int]:
    """Return a parser of whole numbers from `least` to `most`, both inclusive."""
    wanted = (
        f"must be a whole number of at least {least}"
        if most is None
        else f"must be a whole number from {least} to {most}"
    )

    def parse(value: object) -> int:
        text = _text_of(value)
        # Python refuses to convert thousands of digits with an error of its own; no setting needs twenty.
        if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
            raise ValueError(wanted)
        number = int(text)
        if number < least or (most is not None and number > most):
            raise ValueError(wanted)
        return number

    return parse


class OneOf:
    """A parser that takes one of `choices`, whatever its case."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def __call__(self, value: object) -> str:
        """Return the choice that was made."""
        text = _text_of(value).lower()
        if text not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return text


class SomeOf:
    """A parser of a list, or of a text with commas, of different `choices`."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def __call__(self, value: object) -> tuple[str, ...]:
        """Return the choices that were made, each once."""
        parse_one = OneOf(self.choices)
        parts = value if isinstance(value, list | tuple) else _text_of(value).split(",")
        return tuple(dict.fromkeys(parse_one(part) for part in parts)) or (parse_one(""),)


def parse_path(value: object) -> Path:
    """Return a path with `~` expanded; relative ones stay relative to the working folder."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be a path")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("must be a path without ~: the home folder is not known") from error


def parse_text(value: object) -> str:
    """Return a name without control characters, trimmed."""
    if not isinstance(value, str) or not value.strip() or not value.strip().isprintable():
        raise ValueError("must be a text of printable characters")
    return value.strip()


def parse_patterns(value: object) -> tuple[str, ...]:
    """Return patterns of paths: a list in a file, one a line in a variable."""
    parts = value.split("\n") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a list of texts")
    return tuple(parse_text(part) for part in parts if part.strip())


def parse_date(value: object) -> str:
    """Return a date in ISO 8601 as given; TOML has dates of its own."""
    text = value.isoformat() if isinstance(value, date) else parse_text(value)
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be an ISO 8601 date such as 2025-10-15 or 2025-10-15T10:00:00Z") from error
    return text


def parse_api_key(value: object) -> str:
    """Return a key as it can stand in an HTTP header."""
    return _header_of(value, "a key")


def parse_header(value: object) -> str:
    """Return an id as it can stand in an HTTP header."""
    return _header_of(value, "an id")


def _header_of(value: object, what: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"must be {what} of printable ASCII characters")
    return text


def parse_language(value: object) -> str:
    """Return `auto` or a language code as `pt` or `pt-BR`."""
    text = _text_of(value)
    if text.lower() == "auto":
        return "auto"
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("must be auto or a language code as pt or pt-BR")
    return text


def parse_base_url(value: object) -> str:
    """Return an http(s) address without its last slash.

    An address with a user, a password or a query is refused, so that none of them can reach a log, a result or a cache
    key.
    """
    text = parse_text(value)
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:  # a broken port or IPv6 address
        is_address = False
    if not is_address:
        raise ValueError("must be an address as https://host/v1")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("must be an address without user, password, query or fragment")
    return text.rstrip("/")


def parse_cache_url(value: object) -> str:
    """Return the address of a shared cache; it may carry a password, which is why nobody shows it."""
    text = parse_text(value)
    try:
        parts = urlsplit(text)
        is_server = parts.scheme in {"redis", "rediss"} or (parts.scheme == "unix" and bool(parts.path))
        # Anything but a number would be database 0 to the client, and may be what an unescaped slash leaves of a
        # password.
        is_place = parts.scheme == "unix" or re.fullmatch(r"/?[0-9]*/?", parts.path) is not None
        is_address = is_server and parts.port != 0 and " " not in text and is_place
    except ValueError:  # a broken port or IPv6 address
        is_address = False
    if not is_address:
        raise ValueError(
            "must be an address as redis://[user:password@]host[:port][/database], rediss://... or unix:///path"
        )
    return text


def parse_prices(value: object) -> str:
    """Return `openai`, `none` or the path of a price file."""
    text = _text_of(value)
    return text.lower() if text.lower() in {"openai", "none"} else str(parse_path(text))


def _text_of(value: object) -> str:
    """Return the text of a string or number; bool is a number only to Python."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("must be a text or a number")  # noqa: TRY004  # every parser here refuses with ValueError
    return str(value).strip()


def _number_of(text: str, wanted: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        raise ValueError(wanted)
    return float(text)
