"""All screens of the console, found as somebody would find them: by its own links."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.console import Console
from tests.soak import SOAKING

HELD = "() => document.querySelector('h1') && !document.querySelector('.waiting')"
"""Whether a screen has what it shows."""


def links(page: Page, beginning: str) -> list[str]:
    """The addresses of this console that the page links to."""
    found: list[str] = page.locator(f"a[href^='{beginning}']").evaluate_all(
        "links => [...new Set(links.map(each => each.getAttribute('href')))]"
    )
    return [each for each in found if not each.startswith(("/api/", "/status"))]


PARTS = 3


def every_screen(console: Console, part: int) -> list[str]:
    """The screens of the main menu, the parts of a station, and one of each thing.

    All of them in ``make soak``; otherwise one of three parts, so that specs which take different
    parts see all screens together.
    """
    server = console.server
    page = console.open("/", ready="nav li a")
    menu = links(page, "/")
    found = [each for each in menu if each.count("/") == 1 and "?" not in each]
    station = f"/stations/{server.a_station('2.1')}"
    console.open(station, ready=".tabs a")
    found += links(page, station)
    found.append(f"/transactions/{server.wait_for('transactions?limit=1')['id']}")
    found.append(f"/sites/{server.wait_for('sites')['id']}")
    found.append("/account")
    screens = [*dict.fromkeys(found)]
    return screens if SOAKING else screens[part % PARTS :: PARTS]
