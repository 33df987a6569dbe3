"""What `meetcli doctor` looks at: whether a run could work as the settings say. Sends no text, and keeps
nothing it changes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from meetcli.cache import open_cache, open_shared
from meetcli.cache.lifetime import Lifetime, read_lifetime
from meetcli.cache.upkeep import unusable_rows
from meetcli.config import LoadedSettings, Settings
from meetcli.config.settings import LEAST_WINDOW
from meetcli.engines import abilities_of, ask_for_model, ask_for_window, is_azure, open_engine
from meetcli.errors import CacheError, MeetcliError, UsageError
from meetcli.meetings.missing_ids import IDS, way_to_ids
from meetcli.models import Source
from meetcli.plain_text import bytes_text, count_text
from meetcli.wiring.inputs import open_identity, refuse_unstreamed
from meetcli.wiring.lanes import options_of
from meetcli.wiring.money import open_budget, open_settings_window, refuse_unserved
from meetcli.writers.replace import is_writable, nearest_place

ROOM_BYTES = 1_000_000_000


class Check(NamedTuple):
    """One thing that was looked at. `hint` is what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail", "skip"]
    says: str
    hint: str | None = None


def checks(loaded: LoadedSettings, *, is_offline: bool) -> Iterator[Check]:
    """Yield what was found, one check after the other."""
    settings = loaded.settings
    yield from _check_settings(loaded)
    yield from _check_cache(settings, loaded.origins["no_cache"])
    if settings.cache_url is not None and not settings.no_cache:
        yield from _check_shared(
            settings.cache_url,
            is_offline=is_offline,
            is_required=settings.cache_required,
            patience_s=settings.max_wait_s,
        )
    yield _check_ids(settings)
    yield from _check_places(settings)
    endpoint = _check_engine(settings, is_offline=is_offline)
    yield endpoint
    if endpoint.state == "ok" and abilities_of(settings.engine).uses_base_url:
        yield from _check_window(settings)
    if settings.metrics_file is not None:
        yield _check_metrics(settings)


def _check_settings(loaded: LoadedSettings) -> Iterator[Check]:
    """Tell what is odd about the settings, and what a run would refuse before its first call."""
    refused: list[UsageError] = []
    for look in (
        open_budget,
        refuse_unserved,
        partial(open_identity, ()),
        refuse_unstreamed,
        _refuse_files_from,
        _refuse_log_file,
    ):
        try:
            look(loaded.settings)
        except UsageError as error:
            refused.append(error)
    for warning in (*loaded.announcements, *loaded.warnings):
        yield Check("settings", "warn", warning)
    for refusal in refused:
        yield Check("settings", "fail", refusal.message, refusal.hint or "correct that setting")
    if not (loaded.announcements or loaded.warnings or refused):
        yield Check("settings", "ok", "all understood")


def _refuse_files_from(settings: Settings) -> None:
    path = settings.files_from
    if path is None or str(path) == "-" or (os.access(path, os.R_OK) and not path.is_dir()):
        return
    raise UsageError(
        f"the list {str(path)!r} cannot be read (--files-from)", hint="name a file with a path on each line"
    )


def _refuse_log_file(settings: Settings) -> None:
    path = settings.log_file
    if (
        path is None
        or (os.access(path, os.W_OK) and not path.is_dir())
        or (not path.exists() and is_writable(path.parent))
    ):
        return
    raise UsageError(
        f"cannot write the log {str(path)!r} (--log-file)", hint="name a file in a folder you can write to"
    )


def _check_cache(settings: Settings, no_cache_origin: str) -> Iterator[Check]:
    folder = settings.cache_dir
    if settings.no_cache or folder is None:
        yield Check(
            "cache",
            "warn",
            "not used: every run pays for everything again",
            f"take no_cache out of where it is set: {no_cache_origin}",
        )
        return
    if not folder.exists():  # a look must not make it
        place = nearest_place(folder)
        if is_writable(place):
            yield Check("cache", "ok", f"{folder} is not there yet, the first run makes it")
        else:
            yield Check(
                "cache",
                "fail",
                f"{folder} cannot be made: {place} cannot be written",
                "choose another folder with --cache-dir",
            )
        return
    try:
        cache = open_cache(folder)
        try:
            answers, unreadable = cache.size() or 0, len(unusable_rows(cache))
        finally:
            cache.close()
    except MeetcliError as error:
        yield Check("cache", "fail", error.message, error.hint or "choose another folder with --cache-dir")
        return
    size = sum(path.stat().st_size for path in folder.glob("cache.db*"))
    lifetime = read_lifetime(folder)
    yield Check(
        "cache", "ok", f"{folder}: {count_text(answers, 'answer')}, {bytes_text(size)}{_last_success(lifetime)}"
    )
    for notice in (*cache.notices, *([lifetime.notice] if lifetime.notice else [])):
        yield Check("cache", "warn", notice)
    if unreadable:
        yield Check(
            "cache", "warn", f"{count_text(unreadable, 'entry', 'entries')} cannot be read and will be bought again"
        )


def _last_success(lifetime: Lifetime) -> str:
    at = lifetime.last_success_at
    return f", last success {at:%Y-%m-%d %H:%M} UTC" if at else ""


def _check_ids(settings: Settings) -> Check:
    """Tell what becomes of meetings without ids, and what would give them some."""
    example = Source(Path("q3.vtt"), "q3.vtt", "q3.vtt", "q3.vtt", is_named=False)
    way = f"{', '.join(IDS)} come from the transcript or from {way_to_ids(IDS, example)}"
    if settings.key_fallback == "none":
        says = f"a meeting without all of {', '.join(IDS)} is called in every run anew (--key-fallback none)"
        return Check("ids", "warn", says, f"--key-fallback content recognizes it by its content; {way}")
    patterns = f", patterns: {', '.join(settings.patterns)}" if settings.patterns else f"; {way}"
    return Check("ids", "ok", f"a meeting without all three ids is known by its content{patterns}")


def _check_shared(url: str, *, is_offline: bool, is_required: bool, patience_s: float) -> Iterator[Check]:
    """Try all that a run does with the shared cache."""
    if is_offline:
        yield Check("redis", "skip", "not asked (--offline)")
        return
    try:
        shared = open_shared(url, patience_s=patience_s)
        try:
            shared.ping()
            refused = shared.examine()
            kind = shared.kind()
        finally:
            shared.close()
    except MeetcliError as error:
        hint = error.hint or "start it, correct --cache-url, or leave it out"
        if isinstance(error, CacheError) and not is_required:
            yield Check("redis", "warn", f"{error.message}; a run goes on with the disk cache alone", hint)
        else:
            yield Check("redis", "fail", error.message, hint)
        return
    yield Check("redis", "ok", f"answers: a {kind}")
    for said in refused:
        yield Check("redis", "warn", said, "give this account GET, SET, DEL, SCAN and EVAL for the keys idem:meetcli:*")


def _check_places(settings: Settings) -> Iterator[Check]:
    """Check that results can be written, and that there is room for them and for the cache."""
    output = None if settings.is_streaming else nearest_place(settings.output)
    if output is not None:
        if is_writable(output):
            yield Check("output", "ok", f"{settings.output} can be written")
        else:
            yield Check("output", "fail", f"{settings.output} cannot be written", "choose another folder with --output")
    for place in {
        str(folder): folder for folder in (output, settings.cache_dir and nearest_place(settings.cache_dir)) if folder
    }.values():
        free = shutil.disk_usage(place).free
        is_enough = free >= ROOM_BYTES
        yield Check(
            "disk",
            "ok" if is_enough else "warn",
            f"{bytes_text(free)} free at {place}",
            None if is_enough else "make room there",
        )


def _check_engine(settings: Settings, *, is_offline: bool) -> Check:
    able = abilities_of(settings.engine)
    if able.needs_key and settings.api_key is None:
        hint = (
            f"set {settings.key_variable} in the environment or in .env (any value for "
            "a server that needs none), or use --engine local"
        )
        return Check("endpoint", "fail", f"{settings.key_variable} is not set", hint)
    options = options_of(settings)
    if not able.uses_base_url:  # nothing there lists models
        try:
            open_engine(settings.engine, options)
        except MeetcliError as error:
            return Check("engine", "fail", error.message, error.hint)
        return Check("engine", "ok", f"the {settings.engine} engine is installed")
    if is_offline:
        return Check("endpoint", "skip", f"{settings.endpoint} was not asked (--offline)")
    try:
        refusal: MeetcliError | None = ask_for_model(options)
    except MeetcliError as error:  # a key that nobody could send
        refusal = error
    if refusal is not None:
        return Check("endpoint", "fail", f"{settings.endpoint}: {refusal.message}", refusal.hint)
    if is_azure(settings.base_url):
        says = f"{settings.endpoint} takes the key; whether it has the deployment {settings.model} only a call tells"
        return Check("endpoint", "ok", says)
    return Check("endpoint", "ok", f"{settings.endpoint} takes the key and has the model {settings.model}")


def _check_window(settings: Settings) -> Iterator[Check]:
    """Tell how much a server of one's own reads and writes at once, and what to set where a run would send more."""
    found = ask_for_window(options_of(settings))
    if found is None:
        return
    window = open_settings_window(settings)
    most = f" of the {found.most:,} that its model could" if found.most and found.most != found.tokens else ""
    if found.tokens is None:
        says = f"{found.server} does not say how much it reads and writes at once{most}: 4,096 tokens if nothing is set"
        yield Check("window", "warn", says, f"{found.remedy}, and say its size with --context-tokens")
        return
    says = f"{found.server} reads and writes {found.tokens:,} tokens at once{most}"
    if window is None or window.tokens <= found.tokens:
        yield Check("window", "ok", says)
        return
    least = f"; --context-tokens takes no less than {LEAST_WINDOW:,}" if found.tokens < LEAST_WINDOW else ""
    remedy = f"--context-tokens {max(found.tokens, LEAST_WINDOW)}, so that longer meetings are sent in parts"
    yield Check("window", "warn", f"{says}, a run sends up to {window.tokens:,}", f"{remedy}; or {found.remedy}{least}")


def _check_metrics(settings: Settings) -> Check:
    from meetcli.wiring.counters import check_metrics_file

    try:
        check_metrics_file(settings)
    except MeetcliError as error:
        return Check("metrics", "fail", error.message, error.hint)
    return Check("metrics", "ok", f"{settings.metrics_file} can be written")
