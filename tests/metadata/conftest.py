"""What tests of metadata share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from gateway.contract.typeinfo import Contract, describe
from tests.metadata import tools
from tests.servers import Gateway
from tests.sessions_api import catalog

# Tests are made for each operation of the catalog, so it is filled before they are collected.

Browser = webdriver.Chrome

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,1000",
)


def chromium(profile: Path) -> Iterator[Browser]:
    """Chromium without a window, with a profile of its own."""
    tools.needs("chromium", "chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = tools.find_program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=tools.find_program("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def browser(lasting_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, ended before the gateway, to which it keeps connections."""
    yield from chromium(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The product's contract."""
    return describe(catalog)
