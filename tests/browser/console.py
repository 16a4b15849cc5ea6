"""A page of the console, and what every spec wants of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
TIMEOUT_MS = 20_000  # for a page on a machine with much else to do
WIDE = {"width": 1360, "height": 860}
RULES = "wcag2a wcag2aa wcag21a wcag21aa wcag22aa best-practice".split()
NARROW = "document.documentElement.scrollWidth <= innerWidth"
HAD_SESSION = "localStorage.setItem('chargeplane.session', 'begun')"

expect.set_options(timeout=TIMEOUT_MS)


@dataclass(frozen=True)
class Server:
    """Where the program is, and how to log in."""

    address: str
    stations: str
    name: str
    password: str
    token: str
    data: Path = ROOT
    """The folder of its database."""

    def get(self, path: str) -> Any:
        """What the REST interface says, to an administrator."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"{self.address}/api/v1/{path}", headers=headers, timeout=20)
        return answer.raise_for_status().json()

    def remove(self, path: str) -> None:
        """What a spec has made goes again, if it is there: other specs share the server."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.delete(f"{self.address}/api/v1/{path}", headers=headers, timeout=20)
        assert answer.status_code in (204, 404), answer.text

    def ids(self, text: str = "") -> list[str]:
        """The ids of the stations that have a text in theirs, in order."""
        found = self.get("stations?limit=1000")["items"]
        return sorted(each["id"] for each in found if text in each["id"])

    def wait_for_a_session(self) -> None:
        """Until virtual stations charge, so that no screen is empty."""
        self.wait_for("transactions?active=true", 60)

    def wait_for(self, path: str, timeout_s: float = 40) -> Any:
        """The first item of a list, as soon as it has one."""
        ends_at = time.monotonic() + timeout_s
        while not (items := self.get(path)["items"]):
            assert time.monotonic() < ends_at, f"nothing in {path}"
            time.sleep(0.1)
        return items[0]

    def a_station(self, version: str) -> str:
        """A connected station of a version, that is one of the well-behaved."""
        ids = [
            str(each["id"])
            for each in self.get("stations")["items"]
            if each["ocpp_version"] == version and each["connected"] and "ODD" not in each["id"]
        ]
        return ids[0]


@dataclass
class Console:
    """One page."""

    page: Page
    server: Server
    pictures: Path
    faults: list[str] = field(default_factory=list)

    def log_in(self) -> None:
        self.page.goto(self.server.address)
        self.page.fill("input[name=name]", self.server.name)
        self.page.fill("input[name=password]", self.server.password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("main#content h1")

    def open(self, path: str, *, ready: str = "main h1") -> Page:
        """Go to a screen, and wait for what it shows."""
        self.page.goto(self.server.address + path)
        self.page.wait_for_selector(ready)
        return self.page

    def look(self, name: str, *, schemes: Sequence[str] = ("light", "dark")) -> None:
        """Take a picture in each scheme, and have axe judge it. Nothing may run off the page."""
        if not AXE.is_file():
            raise FileNotFoundError("axe-core is missing: python hatch_build.py install")
        page = self.page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        run = {"type": "tag", "values": RULES}
        for scheme in schemes:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.screenshot(path=self.pictures / f"{name}-{scheme}.png")
            found = page.evaluate(
                "(run) => axe.run(document, {runOnly: run, resultTypes: ['violations']})", run
            )
            # The other scheme has the same elements: what differs is the colours.
            run = {"type": "rule", "values": ["color-contrast"]}
            told = [
                f"{each['id']}: {node['html'][:160]}: {node['failureSummary']}"
                for each in found["violations"]
                for node in each["nodes"]
            ]
            assert not told, f"{name}, {scheme}:\n" + "\n".join(told)
        # Waited for: a row that comes by the stream may stand for a moment before it is laid out.
        page.wait_for_function(NARROW)

    def judge(self) -> None:
        """Nothing was asked of another host, and the browser had nothing to complain of."""
        assert not self.faults, "\n".join(self.faults)

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text} ({message.location.get('url')})")

    def asked(self, request: Request) -> None:
        if not request.url.startswith((self.server.address, "blob:")):
            self.faults.append(f"asked another host: {request.url}")


@contextmanager
def opened(
    browser: Browser,
    server: Server,
    pictures: Path,
    *,
    cookies: Sequence[dict[str, object]] = (),
    **options: Any,
) -> Iterator[Console]:
    """A page in a context of its own."""
    pictures.mkdir(exist_ok=True)
    context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
    context.set_default_timeout(TIMEOUT_MS)
    if cookies:
        given: Any = list(cookies)
        context.add_cookies(given)
        context.add_init_script(HAD_SESSION)
    console = Console(context.new_page(), server, pictures)
    console.page.on("console", console.heard)
    console.page.on("pageerror", lambda error: console.faults.append(f"fault: {error}"))
    console.page.on("request", console.asked)
    try:
        yield console
    finally:
        context.close()
