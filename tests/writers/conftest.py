"""Pages to look at, and the browser that looks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meetcli.writers.html_report import make_page
from meetcli.writers.report_payload import Payload, make_payload
from tests.chromium import Page, chromium
from tests.synthetic_results import synthetic_results

__all__ = ["chromium"]


def today():
    return datetime.now(UTC).astimezone().date()


def payload_of(results: Any, *, is_full: bool = False) -> Payload:
    return make_payload(((made, None) for made in results), is_full=is_full)


def write_page(path: Path, payload: Payload, *, language: str | None = "en", is_full: bool = False) -> Path:
    path.write_bytes(make_page(payload, today=today(), language=language, is_full=is_full))
    return path


@pytest.fixture(scope="session")
def payload() -> Payload:
    """Some 150 meetings, enough for more rows than are drawn at once."""
    return payload_of(synthetic_results(150), is_full=True)


@pytest.fixture(scope="session")
def page_file(payload: Payload, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("page") / "report.html", payload, is_full=True)


@pytest.fixture
def page(chromium: Page, page_file: Path) -> Page:
    """The page in English, just opened, about which the browser has nothing to say."""
    chromium.complaints()
    chromium.open(page_file)
    assert chromium.complaints() == []
    return chromium
