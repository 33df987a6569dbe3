"""The options that several commands take, each declared once; what their values mean is `config`'s."""

from collections.abc import Callable
from typing import Annotated

import typer


def offers(*values: str) -> Callable[[str], list[str]]:
    """Return what completes an option that takes these values; of several with commas, the last."""

    def complete(incomplete: str) -> list[str]:
        given, comma, begun = incomplete.rpartition(",")
        return [f"{given}{comma}{value}" for value in values if value.startswith(begun)]

    return complete


Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH...", help="Files, folders, globs, or - for standard input.")
]
FilesFrom = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Take paths from a list, one a line or NUL-separated; - for standard input."),
]
MaxFileSize = Annotated[str | None, typer.Option(metavar="SIZE", help="Refuse larger files. [default: 50MB]")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="DIR", help="Folder for results; - streams JSON Lines. [default: results]"),
]

Engine = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="openai, or local: no key, no network. [default: openai]",
        autocompletion=offers("openai", "local"),
    ),
]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="The model. [default: gpt-4o]")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="Any OpenAI-compatible server. [default: OpenAI]")]
Language = Annotated[
    str | None, typer.Option(metavar="CODE", help="Language of the prose. [default: auto, the transcript's]")
]

Ttl = Annotated[
    str | None,
    typer.Option(metavar="DURATION", help="An answer is valid while younger: 24h, 30d, none. [default: 24h]"),
]
CacheDir = Annotated[str | None, typer.Option(metavar="DIR", help="The disk cache. [default: the user's cache folder]")]
CacheUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="A shared Redis cache in front of the disk cache: redis://host:6379/0."),
]
OnChange = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="A known meeting with other content, task or model: reprocess, keep, fail. [default: reprocess]",
        autocompletion=offers("reprocess", "keep", "fail"),
    ),
]
KeyFallback = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="A meeting without all three ids: known by its content, or none: asked again each run. [default: content]",
        autocompletion=offers("content", "none"),
    ),
]

MeetingId = Annotated[str | None, typer.Option(metavar="ID", help="The meeting's id, for one file without it.")]
CustomerId = Annotated[str | None, typer.Option(metavar="ID", help="The customer's id, for files without one.")]
MeetDate = Annotated[
    str | None, typer.Option(metavar="DATE", help="The meeting's date in ISO 8601, for files without one.")
]
CustomerName = Annotated[str | None, typer.Option(metavar="NAME", help="The customer's name, for files without one.")]
BankerId = Annotated[str | None, typer.Option(metavar="ID", help="The banker's id, for files without one.")]
BankerName = Annotated[str | None, typer.Option(metavar="NAME", help="The banker's name, for files without one.")]
MeetType = Annotated[str | None, typer.Option(metavar="KIND", help="The kind of meeting, for files without one.")]
Patterns = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="What a path says: {customer_id}/{meet_date}_{meeting_id}.vtt")
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MetricsFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write Prometheus metrics there, for node_exporter's textfile collector."),
]
