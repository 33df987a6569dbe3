"""A real headless Chromium, driven through its own driver; pages come from files, and nothing is fetched."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-US"),
)


@contextmanager
def opened_chromium() -> Iterator[Any]:
    """Yield a driver with a profile of its own; `ImportError` or `FileNotFoundError` where the machine has none."""
    from selenium import webdriver

    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        raise FileNotFoundError("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(prefix="meetcli-chromium-", ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900"):
            options.add_argument(flag)
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            opened.get("about:blank")  # the browser's own first page would go on to load into the first test's log
            yield opened
        finally:
            opened.quit()


class Page:
    """One report in the browser."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path) -> Page:
        """Load a page and wait until it can be used."""
        self.driver.get(path.as_uri())
        return self.wait_for("document.documentElement.dataset.ready")

    def wait_for(self, condition: str) -> Page:
        """Wait until an expression is true."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 20, poll_frequency=0.02).until(
            lambda driver: driver.execute_script(f"return Boolean({condition})")
        )
        return self

    def get(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def one(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def every(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        return self.get(f"document.querySelector({selector!r}).textContent.trim()")

    def texts(self, selector: str) -> list[str]:
        return self.get(f"Array.from(document.querySelectorAll({selector!r}), (node) => node.textContent.trim())")

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def choose(self, selector: str, value: str) -> None:
        from selenium.webdriver.support.select import Select

        Select(self.one(selector)).select_by_value(value)

    def type(self, selector: str, text: str) -> None:
        self.one(selector).send_keys(text)

    def tile(self, name: str) -> str:
        return self.text(f'[data-tile="{name}"] dd')

    def command(self, name: str, **parameters: Any) -> Any:
        """Send a command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def complaints(self) -> list[str]:
        """What the browser had to say: errors, blocked scripts and styles."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Page]:
    """A browser for all tests of this process."""
    opening = opened_chromium()
    try:
        driver = opening.__enter__()
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(f"no browser to test with: {error}")
    try:
        yield Page(driver)
    finally:
        opening.__exit__(None, None, None)
