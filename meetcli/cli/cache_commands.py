"""The cache commands; what happens is told in `commands`, in one module a family."""

from __future__ import annotations

from meetcli.cli.rows import Argument, Command, Flags, Group, OwnOption

KEY = Argument("key", "KEY", "An idempotency key, or its first digits.")
TASK = OwnOption("task", "Only this task.", "NAME")
MODEL = OwnOption("model", "Only this model.", "NAME")
YES = OwnOption("yes", "Do not ask.", short="-y")
JSON = OwnOption("json", "Print JSON.")
STORES = ("cache_dir", "cache_url")


def _explain(flags: Flags, *, files: list[str], task: str | None, json: bool) -> None:
    from meetcli.commands.cache_explain import explain

    explain(files, flags, task=task, is_json=json)


def _list(flags: Flags, *, json: bool, **filters: str | None) -> None:
    from meetcli.commands.cache_entries import Filters, list_entries

    list_entries(Filters.of(**filters), flags, is_json=json)


def _show(flags: Flags, *, key: str, task: str | None, model: str | None, json: bool) -> None:
    from meetcli.commands.cache_entries import show_entries

    show_entries(key, flags, task=task, model=model, is_json=json)


def _remove(flags: Flags, *, results: str | None, yes: bool, **named: str | None) -> None:
    from meetcli.commands.cache_removal import Doomed, remove_doomed

    remove_doomed(Doomed.of(**named), flags, results=results, is_confirmed=yes)


def _prune(flags: Flags, *, max_size: str | None, yes: bool) -> None:
    from meetcli.commands.cache import prune

    prune(flags, max_size=max_size, is_confirmed=yes)


def _clear(flags: Flags, *, shared: bool, yes: bool) -> None:
    from meetcli.commands.cache import clear, clear_shared

    (clear_shared if shared else clear)(flags, is_confirmed=yes)


def _stats(flags: Flags, *, zero: bool, json: bool) -> None:
    from meetcli.commands.cache_stats import stats

    stats(flags, is_zero=zero, is_json=json)


def _path(flags: Flags) -> None:
    from meetcli.commands.cache_folder import path

    path(flags)


CACHE = Group(
    "Manage the cache of paid answers.",
    {
        "explain": Command(
            _explain,
            "Say what a run with these settings would do with each meeting, and why. "
            "Calls nothing and changes nothing.",
            short="Say what a run would do with each meeting, and why.",
            arguments=(Argument("files", "FILE...", "Transcripts, folders, globs.", is_list=True),),
            options=(OwnOption("task", "Only this task.", "NAME", default="extract and analyze"), JSON),
            settings=(
                *("engine", "model", "base_url", "language", "ttl", "on_change", "key_fallback", "patterns"),
                *("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type"),
                *STORES,
            ),
        ),
        "list": Command(
            _list,
            "List what was bought: answers, remembered failures, kept replies; the oldest first.",
            short="List what was bought, the oldest first.",
            options=(
                TASK,
                MODEL,
                OwnOption("customer", "Only this customer.", "ID"),
                OwnOption("older_than", "Only older entries, as 30d.", "DURATION"),
                OwnOption("newer_than", "Only newer entries, as 24h.", "DURATION"),
                JSON,
            ),
            settings=("ttl", *STORES),
        ),
        "show": Command(
            _show,
            "Show the entries of one meeting with their results, the newest first.",
            short="Show the entries of one meeting with their results.",
            arguments=(KEY,),
            options=(TASK, MODEL, JSON),
            settings=("ttl", *STORES),
        ),
        "remove": Command(
            _remove,
            "Forget a meeting or a customer: answers, remembered failures, kept replies and all that leads to them.",
            short="Forget a meeting or a customer.",
            arguments=(KEY._replace(is_required=False),),
            options=(
                OwnOption("meeting", "Everything about this meeting.", "ID"),
                OwnOption("customer", "Everything about this customer.", "ID"),
                OwnOption("results", "Remove the results below this folder too.", "DIR"),
                YES,
            ),
            settings=STORES,
        ),
        "prune": Command(
            _prune,
            "Remove what has expired from the disk cache.",
            options=(OwnOption("max_size", "Then the oldest, until so much is left: 500MB.", "SIZE"), YES),
            settings=("ttl", "cache_dir"),
        ),
        "clear": Command(
            _clear,
            "Remove every paid answer from the disk cache.",
            options=(OwnOption("shared", "Empty the shared Redis cache instead, for everybody."), YES),
            settings=STORES,
        ),
        "stats": Command(
            _stats,
            "Show what the disk cache holds and what it was worth so far.",
            options=(OwnOption("zero", "Count anew from now on; the lifetime is kept."), JSON),
            settings=("cache_dir",),
        ),
        "path": Command(_path, "Print the folder of the disk cache.", settings=("cache_dir",)),
    },
)
