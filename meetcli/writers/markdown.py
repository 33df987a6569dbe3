"""Writes one Markdown file a meeting: minutes that a person would send. Nothing from a transcript acts as markup."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from meetcli.marks import MARKDOWN_MARK
from meetcli.minutes import Claim, Minutes, read_minutes, text_of
from meetcli.models import Source
from meetcli.writers import result_name
from meetcli.writers.replace import Folders

_SPECIAL = re.compile(r"[\\`*_\[\]<]|~(?=~)|&(?=#?\w+;)|^(?:[+>-]|#+|\d+[.)])")


class Markdown:
    """One result a file, mode 0600, beside where its JSON would be."""

    def __init__(self, folder: Path, task: str) -> None:
        self._folder = os.fspath(folder)
        self._task = task
        self._folders = Folders()

    def write(self, source: Source, text: str) -> str | None:
        """Write the minutes of one result unless the file holds them already; return its path."""
        page = minutes_page(read_minutes(json.loads(text)), self._task, source.name)
        return self._folders.put(f"{self._folder}/{result_name(source, self._task)}.md", page.encode())

    def close(self) -> None:
        """Nothing is open between writes."""


def minutes_page(minutes: Minutes, task: str, source_name: str) -> str:
    """Return minutes as Markdown. The last line says where they come from and keeps them out of later runs."""
    name = re.sub("-{2,}|[<>]", "-", text_of(source_name))  # two hyphens would end the comment
    return "\n".join([*_lines(minutes), f"{MARKDOWN_MARK}{task} of {name} -->"]) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _SPECIAL.sub(_with_backslash, text)


def _with_backslash(found: re.Match[str]) -> str:
    # A numbered list starts at its dot or bracket, everything else at its first character.
    return f"{found[0][:-1]}\\{found[0][-1]}" if found[0][0].isdigit() else f"\\{found[0]}"


def _lines(minutes: Minutes) -> Iterator[str]:
    yield from (f"# {escaped(minutes.title)}", "")
    if minutes.facts:
        yield from (f"- **{label}:** {escaped(value)}" for label, value in minutes.facts)
        yield ""
    if minutes.sentiment:
        yield from (
            f"**{minutes.sentiment.title}:** {escaped(minutes.sentiment.label)} ({minutes.sentiment.score:.2f})",
            "",
        )
    if minutes.summary:
        yield from (f"## {minutes.summary_title}", "", escaped(minutes.summary), "")
    for section in minutes.sections:
        yield from (f"## {escaped(section.title)}", "")
        for claim in section.claims:
            yield from _claim(claim, "- [ ] " if section.is_checklist else "- ")
        yield ""


def _claim(claim: Claim, bullet: str) -> Iterator[str]:
    details = f" ({escaped(', '.join(claim.details))})" if claim.details else ""
    yield f"{bullet}{escaped(claim.text)}{details}"
    if claim.quote:
        who = ", ".join(part for part in (claim.quote.speaker, claim.quote.time) if part)
        yield f"  > “{escaped(claim.quote.text)}”" + (f" — {escaped(who)}" if who else "")
