"""Makes the report: one page that holds everything it shows and loads nothing from anywhere.

Nothing from a transcript is ever markup: the totals go through the template's escaping, everything else is a deflated
payload that the page's scripts put into text nodes, and the page's policy runs no script and no style but its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from meetcli import __version__
from meetcli.errors import UsageError
from meetcli.minutes.words import date_text
from meetcli.plain_text import money_text
from meetcli.writers.report_payload import TEXT_FIELDS, Payload, Totals
from meetcli.writers.word_coding import code_words

if TYPE_CHECKING:
    import jinja2

LANGUAGES = ("en", "pt")
_ASSETS = "report_page"
_PLAIN_DIGITS = str.maketrans("<>&", ",.:")
_STYLES = ("uplot/uPlot.min.css", "page.css")
_SCRIPTS = (
    "meetings.js",
    "words.js",
    "elements.js",
    "charts.js",
    "dialogs.js",
    "lists.js",
    "overview.js",
    "costs.js",
    "page.js",
)


@dataclass(frozen=True, slots=True)
class Savings:
    """What all runs on this machine took from the cache instead of buying it again."""

    usd: Decimal
    hits: int
    since: date


def make_page(
    payload: Payload, *, today: date, language: str | None, is_full: bool, savings: Savings | None = None
) -> bytes:
    """Return the page. `language` is `en` or `pt`; None leaves the choice to the reader's browser.

    Raises `UsageError` where the extra `report` is not installed.
    """
    shown = language or _commonest_language(payload)
    words = _labels()[shown]
    style = "\n".join(_asset(name) for name in _STYLES)
    # The library stays outside of the function that holds our own names.
    script = (
        _asset("uplot/uPlot.iife.min.js")
        + '\n(() => {\n"use strict";\n'
        + "\n".join(_asset(name) for name in _SCRIPTS)
        + "})();\n"
    )
    texts: list[str] = []
    meetings = _without_texts(payload.meetings, texts)
    word_list, codes = code_words(texts)
    content = {
        "today": today.isoformat(),
        "is_full": is_full,
        "words": word_list,
        "meetings": meetings,
        "savings": _saved(savings),
    }
    page = _template().render(
        version=__version__,
        language=shown,
        chosen=language or "",
        words=words,
        labels=_labels(),
        tiles=_tiles(payload.totals(today.isoformat()), words, shown, today),
        period=_period(payload.totals(today.isoformat()), shown),
        made=f"{words['made']} {date_text(today.isoformat(), shown)}",
        results=payload.results,
        results_text=_number(f"{payload.results:,}", shown),
        older=payload.older,
        older_text=_number(f"{payload.older:,}", shown),
        style=style,
        script=script,
        policy=_policy(style, script),
        payload=_packed(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()),
        texts=_packed(codes),
    )
    return page.encode()


def _template() -> jinja2.Template:
    try:
        import jinja2
    except ImportError as error:
        raise UsageError("the report needs jinja2", hint="install it with: pip install 'meetcli[report]'") from error
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("page.html.jinja"))


def _asset(name: str) -> str:
    return files("meetcli.writers").joinpath(_ASSETS, name).read_text(encoding="utf-8")


def _labels() -> dict[str, dict[str, Any]]:
    labels: dict[str, dict[str, Any]] = json.loads(_asset("labels.json"))
    return labels


def _commonest_language(payload: Payload) -> str:
    counts = Counter(meeting.get("language") for meeting in payload.meetings)
    return max(LANGUAGES, key=lambda language: counts[language])


def _saved(savings: Savings | None) -> dict[str, object] | None:
    return {"usd": f"{savings.usd:f}", "hits": savings.hits, "since": savings.since.isoformat()} if savings else None


def _without_texts(value: Any, texts: list[str]) -> Any:  # noqa: ANN401  # JSON is anything
    """Return `value` with a 0 in place of each text, which goes to `texts` in the order of a walk through it."""
    if isinstance(value, dict):
        return {
            name: _taken(inner, texts) if name in TEXT_FIELDS else _without_texts(inner, texts)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_texts(inner, texts) for inner in value]
    return value


def _taken(text: str, texts: list[str]) -> int:
    texts.append(text)
    return 0


def _packed(content: bytes) -> str:
    """Return bytes deflated and in base 85, of which nothing can end the element it stands in.

    That is a sixteenth less than base64. Its three digits that mean something in HTML are replaced by three that do
    not.
    """
    return base64.b85encode(zlib.compress(content, 9)).decode().translate(_PLAIN_DIGITS)


def _policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy under which the page's own script and style run, and nothing else happens."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _tiles(totals: Totals, words: dict[str, Any], language: str, today: date) -> list[tuple[str, str, str, str]]:
    """Return (name, label, value, note) of each total."""
    unknown = (
        words["unknown_prices"][totals.unknown_costs != 1].format(n=totals.unknown_costs)
        if totals.unknown_costs
        else ""
    )
    as_of = words["as_of"].format(date=date_text(today.isoformat(), language))
    numbers = [
        ("meetings", totals.meetings, ""),
        ("customers", totals.customers, ""),
        ("decisions", totals.decisions, ""),
        ("actions", totals.actions, ""),
        ("overdue", totals.overdue, as_of),
        ("high_risks", totals.high_risks, ""),
    ]
    tiles = [(name, words[name], _number(f"{value:,}", language), note) for name, value, note in numbers]
    mood = "–" if totals.sentiment is None else _number(f"{totals.sentiment:.2f}", language)
    tiles.append(("sentiment", words["sentiment"], mood, words["average"]))
    cost = words["unknown"] if totals.cost_usd is None else _cost(totals.cost_usd, language)
    tiles.append(("cost", words["cost"], cost, unknown))
    return tiles


def _cost(amount: Decimal, language: str) -> str:
    """Return an amount as the page's scripts write it, so that a total does not change when they start."""
    text = _number(money_text(amount) if amount else "$0.00", language)
    return text.replace("$", "US$\u00a0") if language == "pt" else text


def _number(text: str, language: str) -> str:
    """Return a number as the language writes it, given as English does."""
    return text.translate(str.maketrans(",.", ".,")) if language == "pt" else text


def _period(totals: Totals, language: str) -> str:
    if not totals.first_date:
        return ""
    return " – ".join(date_text(day, language) for day in dict.fromkeys((totals.first_date, totals.last_date)))
