"""Asks the person at the terminal."""

from __future__ import annotations

import typer


def ask(question: str, *, err: bool = False) -> bool | None:
    """Ask for a yes or a no, on standard error with `err`.

    Return None where nobody answers: at Ctrl-C, at a signal, at the end of the input.
    """
    try:
        return typer.confirm(question, err=err)
    except typer.Abort:
        return None
