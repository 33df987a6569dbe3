"""The batch commands; what happens is told in `commands.batch`."""

from __future__ import annotations

from meetcli.cli.rows import Argument, Command, Flags, Group, OwnOption

JSON = OwnOption("json", "Print JSON.")
BATCH_ID = Argument("batch_id", "BATCH", "The id of a batch.")
SETTINGS = ("base_url", "cache_dir", "cache_url")


def _list(flags: Flags, *, json: bool) -> None:
    from meetcli.commands.batch import list_batches

    list_batches(flags, is_json=json)


def _status(flags: Flags, *, batch_id: str, json: bool) -> None:
    from meetcli.commands.batch import show_status

    show_status(flags, batch_id, is_json=json)


def _collect(flags: Flags) -> None:
    from meetcli.commands.batch import collect

    collect(flags)


def _cancel(flags: Flags, *, batch_id: str) -> None:
    from meetcli.commands.batch import cancel

    cancel(flags, batch_id)


BATCH = Group(
    "Manage submitted batches.",
    {
        "list": Command(_list, "Keep what is ready and list what is pending.", options=(JSON,), settings=SETTINGS),
        "status": Command(
            _status, "Show how far one batch is.", arguments=(BATCH_ID,), options=(JSON,), settings=SETTINGS
        ),
        "collect": Command(
            _collect,
            "Keep what is ready; the next run over the meetings writes the results.",
            short="Keep what is ready; the next run writes the results.",
            settings=SETTINGS,
        ),
        "cancel": Command(
            _cancel,
            "End a batch; what it has answered is paid for and kept.",
            arguments=(BATCH_ID,),
            settings=SETTINGS,
        ),
    },
)
