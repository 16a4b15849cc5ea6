"""One server with virtual stations and one browser, for all specs of a process.

They end with this folder, not with the session: while Playwright runs, its event loop does, and no
test of coroutines can begin.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.console import Console, Server, opened
from tests.cli.calling import lines_until, ports, process, told

PICTURES = Path(__file__).parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


TIMEOUT_S = 240
"""Of one spec: many waits, each of which may take long on a machine with much else to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the specs their time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no browser here: install Chromium (Debian: chromium fonts-dejavu-core)")
    with sync_playwright() as playwright:
        # A container has no user namespaces for Chromium's own sandbox.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with (
        (folder / "log").open("w") as log,
        process(folder, "demo", "--data", "data", *ports(), errors=log) as running,
    ):
        lines = lines_until(running, "Ctrl-C")
        name, password = told(lines, "Log in").split()
        server = Server(
            told(lines, "Console").rstrip("/"),
            told(lines, "Stations").replace("<station id>", ""),
            name,
            password,
            told(lines, "API token"),
            folder / "data",
        )
        server.wait_for_a_session()
        yield server


@pytest.fixture(scope="package")
def cookies(browser: Browser, server: Server) -> list[dict[str, object]]:
    """Of one session, for the specs that are not about logging in."""
    with opened(browser, server, PICTURES) as console:
        console.log_in()
        return [dict(each) for each in console.page.context.cookies()]


@pytest.fixture
def console(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> Iterator[Console]:
    """A page of somebody who is logged in. Afterwards it must have seen no fault."""
    with opened(browser, server, PICTURES, cookies=cookies) as console:
        yield console
        console.judge()


@pytest.fixture
def made(server: Server) -> Iterator[list[str]]:
    """A spec puts here the paths of what it makes, which is gone afterwards."""
    paths: list[str] = []
    yield paths
    for path in paths:
        server.remove(path)


@pytest.fixture
def stranger(browser: Browser, server: Server) -> Iterator[Console]:
    """A page of somebody who is not logged in."""
    with opened(browser, server, PICTURES) as console:
        yield console
