"""Door of the settings: loads them and says where each came from.

The sole reader of the environment and of settings files.

A value comes from the first of: flag, `MEETCLI_...` variable, the older variable, `.env` in the working folder,
`meetcli.toml` in the working folder, the user's `meetcli.toml`, the default. Nothing is ever written back to the
environment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from meetcli.config.options import Option
from meetcli.config.settings import FORMATS, OPTIONS, Settings
from meetcli.config.values import parse_patterns
from meetcli.engines import DEFAULT_ENGINE, abilities_of, is_openai
from meetcli.errors import UsageError
from meetcli.spelling import nearest

__all__ = [
    "FORMATS",
    "OPTIONS",
    "SETTINGS_FILE",
    "LoadedSettings",
    "Option",
    "Settings",
    "load_folder_patterns",
    "load_process_settings",
    "load_settings",
    "read_toml",
    "user_folder",
]

SETTINGS_FILE = "meetcli.toml"
FLEX_TIMEOUT_S = 900.0
"""What OpenAI's guide to flex processing uses (https://developers.openai.com/api/docs/guides/flex-processing, read
2026-11).
"""
_ALONE = ("no_cache", "refresh", "cache_only"), ("no_cache", "cache_required"), ("quiet", "verbose")


class LoadedSettings(NamedTuple):
    """Settings with the origin of each, by option name.

    An origin is `flag --ttl`, `variable CACHE_TTL_HOURS`, `.env`, `./meetcli.toml`, the path of the user's file, or
    `default`. `warnings` are for people, in order. So are `announcements`: what a file in the working folder decides
    about where data goes, to be said before it happens.
    """

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...]
    announcements: tuple[str, ...] = ()


class _Given(NamedTuple):
    """A value before it is parsed, and where it was found."""

    option: Option
    value: object
    origin: str
    parse: Callable[[object], object]
    is_older: bool = False

    def parsed(self) -> object:
        try:
            return self.parse(self.value)
        except ValueError as error:
            raise UsageError(f"{self.option.name} = {self._shown()} (from {self.origin}) {error}") from error

    def _shown(self) -> str:
        # An address may carry a password, and a key may have been pasted in its place.
        if self.option.name in {"api_key", "base_url", "cache_url"}:
            return f"a value of {len(str(self.value))} characters"
        shown = repr(str(self.value) if isinstance(self.value, Path) else self.value)
        return shown if len(shown) <= 120 else f"{shown[:120]}..."


def load_settings(
    flags: Mapping[str, object],
    *,
    environment: Mapping[str, str],
    working_folder: Path,
    user_config_folder: Path | None,
) -> LoadedSettings:
    """Return the settings of a run; `flags` by option name, None where not given.

    Raises `UsageError` for a value that cannot be used, naming setting, value and origin, for an unreadable settings
    file or an unknown key in one, and for settings that exclude each other.
    """
    dotenv = _read_dotenv(working_folder / ".env")
    found: dict[str, _Given] = {}
    for given in (
        *_given_by_flags(flags),
        *_given_by_variables(environment, "variable {}"),
        *_given_by_variables(dotenv, ".env"),
        *_given_by_file(working_folder / SETTINGS_FILE, f"./{SETTINGS_FILE}"),
        *_given_by_file(user_config_folder / SETTINGS_FILE if user_config_folder else None, None),
    ):
        found.setdefault(given.option.name, given)
    parsed: dict[str, Any] = {given.option.field: given.parsed() for given in found.values()}
    _refuse_contradictions(parsed, found)
    able = abilities_of(parsed.get("engine", DEFAULT_ENGINE))
    if "api_key" in found and found["api_key"].is_older and able.needs_key and not able.uses_base_url:
        del parsed["api_key"], found["api_key"]  # a key of OpenAI is nobody else's business
    # An engine with an address of its own has prices of its own, which nobody knows here.
    if "prices" not in parsed and not (is_openai(parsed.get("base_url")) and (able.uses_base_url or able.is_free)):
        parsed["prices"] = "none"
    if "timeout_s" not in parsed and parsed.get("lane") == "flex":
        parsed["timeout_s"] = FLEX_TIMEOUT_S
    if "cache_dir" not in parsed and (not parsed.get("no_cache") or "metrics_file" in parsed):
        parsed["cache_dir"] = user_folder("cache", environment)
    origins = {name: found[name].origin if name in found else "default" for name in OPTIONS}
    return LoadedSettings(
        Settings(**parsed),
        origins,
        (*_name_unknown_variables(environment), *_name_unknown_variables(dotenv)),
        tuple(_announce_places(parsed, origins)),
    )


def load_process_settings(flags: Mapping[str, object]) -> LoadedSettings:
    """Return the settings of this process: its environment, its working folder, its user."""
    from os import environ

    try:
        config_folder = user_folder("config", environ)
    except UsageError:  # a user without a home folder has no settings file; the cache says so where it matters
        config_folder = None
    return load_settings(flags, environment=environ, working_folder=Path(), user_config_folder=config_folder)


def load_folder_patterns(path: Path, shown: str) -> tuple[str, ...]:
    """Return the patterns in a settings file that came with the inputs; `UsageError` where it holds anything else."""
    table = read_toml(path, shown)
    if others := sorted(table.keys() - {"patterns"}):
        raise UsageError(
            f"{shown} came with the inputs and may hold patterns only, not {others[0]!r}",
            hint="settings belong in the folder you work in",
        )
    try:
        return parse_patterns(table.get("patterns", []))
    except ValueError as error:
        raise UsageError(f"patterns (from {shown}) {error}") from error


def user_folder(kind: Literal["cache", "config"], environment: Mapping[str, str]) -> Path:
    """Return the platform's folder of this user for meetcli's cache or settings.

    Raises `UsageError` when the user has no home folder.
    """
    base = environment.get(f"XDG_{kind.upper()}_HOME", ""), environment.get("HOME", "")
    if (
        sys.platform == "linux"
    ):  # the plain case by hand: the library that knows all others costs half of what Python takes to start
        if base[0].startswith("/"):
            return Path(base[0], "meetcli")
        if base[1].startswith("/"):
            return Path(base[1], f".{kind}", "meetcli")
    import platformdirs

    try:
        return platformdirs.user_cache_path("meetcli") if kind == "cache" else platformdirs.user_config_path("meetcli")
    except RuntimeError as error:
        raise UsageError(
            f"no {kind} folder: {error}", hint="set HOME, or name the cache folder with --cache-dir"
        ) from error


def read_toml(path: Path, shown: str | None = None) -> Mapping[str, Any]:
    """Return the table in a settings or price file, decimals as `Decimal`; `UsageError` names the file as `shown`."""
    import tomllib
    from decimal import Decimal

    shown = shown or repr(str(path))
    try:
        return tomllib.loads(_read_text(path, shown), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{shown} is not TOML: {error}") from error


def _read_text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"cannot read {shown}: {why}") from error


def _given_by_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    for name, value in flags.items():
        option = OPTIONS[name]
        if value is not None:
            yield _Given(option, value, f"flag {option.flag}", option.parse)


def _given_by_variables(variables: Mapping[str, str], origin: str) -> Iterator[_Given]:
    """Yield what variables give, own names before older ones.

    Empty ones count as absent: that is how scripts unset them.
    """
    for option in OPTIONS.values():
        for name, parse in ((option.variable, option.parse), *((option.older,) if option.older else ())):
            value = variables.get(name, "")
            if value.strip():
                yield _Given(option, value, origin.format(name), parse, is_older=name != option.variable)


def _given_by_file(path: Path | None, origin: str | None) -> Iterator[_Given]:
    if path is None or not path.is_file():
        return
    shown = origin or str(path)
    for key, value in read_toml(path, shown).items():
        if key not in OPTIONS:
            near = nearest(key, OPTIONS)
            raise UsageError(f"{shown}: unknown setting {key!r}", hint=f"did you mean {near}?" if near else None)
        yield _Given(OPTIONS[key], value, shown, OPTIONS[key].parse)


def _read_dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from io import StringIO

    from dotenv import dotenv_values

    # Without interpolation: a key may hold a `$`, and a value must not depend on the rest of the environment.
    pairs = dotenv_values(stream=StringIO(_read_text(path, ".env")), interpolate=False)
    return {name: value for name, value in pairs.items() if value is not None}


def _refuse_contradictions(parsed: Mapping[str, object], found: Mapping[str, _Given]) -> None:
    for group in _ALONE:
        on = [name for name in group if parsed.get(name)]
        if group == ("quiet", "verbose") and parsed.get("log_file"):
            continue  # one is about the screen, the other about the file
        if len(on) > 1:
            both = " and ".join(f"{name} (from {found[name].origin})" for name in on[:2])
            raise UsageError(f"{both} exclude each other", hint="leave one of them out")


def _announce_places(parsed: Mapping[str, Any], origins: Mapping[str, str]) -> Iterator[str]:
    """Say where data goes because a file in the working folder says so: it may be somebody else's."""

    def is_decided_here(name: str) -> bool:
        return origins[name] in {".env", f"./{SETTINGS_FILE}"} and parsed.get(OPTIONS[name].field) is not None

    able = abilities_of(parsed.get("engine", DEFAULT_ENGINE))
    if is_decided_here("base_url") and not is_openai(parsed["base_url"]) and able.uses_base_url:
        host = urlsplit(parsed["base_url"]).netloc
        yield f"transcripts go to {host}: the endpoint comes from {origins['base_url']} in the working folder"
    if is_decided_here("cache_url") and not parsed.get("no_cache"):
        host = urlsplit(parsed["cache_url"]).netloc.rpartition("@")[2]
        yield f"results go to Redis at {host}: cache_url comes from {origins['cache_url']} in the working folder"
    if is_decided_here("ca_file") and able.uses_base_url:
        yield (
            f"servers are trusted by the certificates in {parsed['ca_file']}: "
            f"ca_file comes from {origins['ca_file']} in the working folder"
        )
    for name, what in (("log_file", "the log goes"), ("metrics_file", "metrics go")):
        if is_decided_here(name):
            path = parsed[OPTIONS[name].field]
            yield f"{what} to {path}: {name} comes from {origins[name]} in the working folder"


def _name_unknown_variables(variables: Mapping[str, str]) -> Iterator[str]:
    known = {option.variable for option in OPTIONS.values()}
    for variable in sorted(name for name in variables if name.startswith("MEETCLI_") and name not in known):
        # Compared without the prefix that they all share, which would make any two look alike.
        near = nearest(variable.removeprefix("MEETCLI_").lower(), OPTIONS)
        yield f"variable {variable} is not a setting" + (f", did you mean {OPTIONS[near].variable}?" if near else "")
