"""A Chromium without a screen, and what it looks at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.page.screen import Screen
from tests.page.stage import Stage, echo_bot

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--lang=en-US"),
    "--force-prefers-reduced-motion",
)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with Stage() as stage, echo_bot(stage):
        yield stage


@pytest.fixture(scope="session")
def open_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., webdriver.Chrome]]:
    binary = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    chromedriver = shutil.which("chromedriver")
    if binary is None or chromedriver is None:
        pytest.fail("the page's tests need Chromium and its chromedriver (Debian: chromium, chromium-driver)")
    opened = []

    def open_one(*flags: str) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        for flag in (*FLAGS, *flags, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        opened.append(webdriver.Chrome(options=options, service=Service(chromedriver)))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.quit()


@pytest.fixture(scope="session")
def browser(open_browser: Callable[..., webdriver.Chrome]) -> webdriver.Chrome:
    return open_browser("--window-size=1200,850")


@pytest.fixture
def screen(browser: webdriver.Chrome, stage: Stage) -> Iterator[Screen]:
    screen = Screen(browser, stage.url)
    yield screen
    stage.clear_faults()
    # What the page itself did wrong stands in the browser's console; so does everything that the CSP stopped.
    logged: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in logged if entry["level"] == "SEVERE"] == []
