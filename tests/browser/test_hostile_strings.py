"""No text of a station runs in the console, and none is a formula in what it saves."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened
from tests.browser.hostile_station import WORDS, connected, speak_1_6, speak_2_1
from tests.cli.calling import lines_until, ports, process, told

TOKEN, NAME, PASSWORD = "a-token-of-this-test", "eve", "correct horse battery"
MARKED = "HOSTILE <svg onload=hit()>"
STATIONS = {MARKED: ("ocpp1.6", speak_1_6), "HOSTILE-21": ("ocpp2.1", speak_2_1)}
SPY = """
window.hits = [];
window.hit = () => window.hits.push(location.href);
window.asked = 0;
const plain = window.fetch;
window.fetch = async (...all) => {
    window.asked += 1;
    try { return await plain(...all); } finally { window.asked -= 1; }
};
"""
ALL_THERE = "() => document.querySelector('h1') && !document.querySelector('.waiting') && !asked"
UNFOLD = (
    "[...document.querySelectorAll('main summary')].slice(0, 5).forEach((each) => each.click())"
)
# What a station wrote must be text. Elements of these kinds are not ours.
PLANTED = "[onload], [onerror], [onclick], [href^='javascript:' i], [src='x'], main script"
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@pytest.fixture(scope="module")
def attacked(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, to which hostile stations have said everything."""
    folder = tmp_path_factory.mktemp("hostile")
    options = ("--data", "data", "--min-security-profile", "0", *ports())
    with (
        (folder / "log").open("w") as log,
        process(folder, "serve", *options, errors=log, CHARGEPLANE_API_TOKEN=TOKEN) as running,
    ):
        lines = lines_until(running, "Ctrl-C")
        stations = told(lines, "Stations").replace("<station id>", "")
        server = Server(told(lines, "Console").rstrip("/"), stations, NAME, PASSWORD, TOKEN)
        furnish(server)
        for identity, (subprotocol, speak) in STATIONS.items():
            with connected(stations, identity, subprotocol) as station:
                speak(station)
        yield server


def furnish(server: Server) -> None:
    """The stations, and what a user with bad intentions would name things."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Reason": WORDS[2]}
    made: list[tuple[str, dict[str, Any]]] = [
        ("users", {"name": NAME, "password": PASSWORD, "role": "admin"}),
        ("users", {"name": WORDS[0], "password": PASSWORD, "role": "viewer"}),
        ("api-tokens", {"name": WORDS[4], "role": "viewer"}),
        *(
            ("id-tokens", {"token": word[:20], "note": word})
            for word in WORDS
            if word.isprintable()
        ),
        *(
            ("id-tokens", {"token": f"BEGINS-{ord(sign)}", "note": f"{sign}hit()"})
            for sign in FORMULA
        ),
        *(("stations", {"id": name, "name": WORDS[2], "security_profile": 0}) for name in STATIONS),
    ]
    with httpx.Client(base_url=f"{server.address}/api/v1/", headers=headers) as client:
        for place, body in made:
            answer = client.post(place, json=body)
            assert answer.status_code == 201, answer.text


@pytest.fixture
def console(browser: Browser, attacked: Server) -> Iterator[Console]:
    with opened(browser, attacked, PICTURES) as console:
        console.page.add_init_script(SPY)
        console.log_in()
        yield console


def judge(console: Console, path: str) -> None:
    """Nothing ran, nothing that could run is there, and the browser had to stop nothing."""
    hits, planted = console.page.evaluate(
        "(planted) => [window.hits, document.querySelectorAll(planted).length]", PLANTED
    )
    assert (hits, planted) == ([], 0), path
    console.judge()


def go(console: Console, path: str) -> None:
    """Open a screen, wait until nothing is on its way to it any more, and unfold what it folds."""
    page = console.open(path, ready="h1")
    page.wait_for_function(ALL_THERE)
    page.evaluate(UNFOLD)


def links(page: Page, beginning: str) -> list[str]:
    found: list[str] = page.locator(f"a[href^='{beginning}']").evaluate_all(
        "links => [...new Set(links.map(each => each.getAttribute('href')))]"
    )
    return found


def test_no_screen_runs_what_a_station_wrote(console: Console) -> None:
    page = console.open("/", ready="nav a")
    paths = links(page, "/")
    for name in STATIONS:
        place = f"/stations/{quote(name, safe='')}"
        go(console, place)
        paths += [place, *(each for each in links(page, "/stations/") if each.startswith(place))]
    sessions = console.server.get("transactions")["items"]
    assert len(sessions) == len(STATIONS)
    paths += [f"/transactions/{each['id']}" for each in sessions]
    paths += ["/users", "/api-tokens", "/id-tokens", "/status"]
    shown = 0
    for path in dict.fromkeys(paths):
        go(console, path)
        judge(console, path)
        shown += "hit()" in page.inner_text("body")
    assert shown >= 10


@pytest.mark.parametrize("path", ["/stations", "/id-tokens", "/transactions", "/users"])
def test_no_cell_that_is_saved_is_a_formula(console: Console, path: str, tmp_path: Path) -> None:
    page = console.open(path, ready="tbody tr[data-row]")
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV").click()
    saving.value.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.reader(file)]
    assert len(rows) > 2
    assert [cell for row in rows for cell in row if cell.startswith(FORMULA)] == []
    assert any("hit()" in cell for row in rows for cell in row)


def test_what_is_exported_as_json_lines_stays_json_lines(attacked: Server) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    places = [f"stations/{quote(name, safe='')}/frames/export" for name in STATIONS]
    for place in [*places, "audit-log/export"]:
        answer = httpx.get(f"{attacked.address}/api/v1/{place}", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/")
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        lines = answer.text.removesuffix("\n").split("\n")
        assert all(isinstance(json.loads(line), dict) for line in lines)
        assert "hit()" in answer.text
        assert not any(each in answer.text for each in "\x00\x07\x1b\r")
