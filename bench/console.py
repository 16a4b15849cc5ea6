"""The console in a browser: its list of stations, while a large fleet reports.

10,000 stations are in the store and 5,000 updates/s go into the hub. Headless Chromium shows the
list with 200 live rows and scrolls through them. Run by hand, as ``python -m bench.console``: it
needs a browser and the built console.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, async_playwright

from bench.live import LASTS_S, STATIONS, STEPS_PER_S, TENANT_ID, UPDATES_PER_S, drawn, event, fill
from chargeplane.csms.central import CentralSystem
from chargeplane.runtime.access import Accounts, Role, routes
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.store import Settings, Store, upgrade
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import Parts, WebServer, create_app

PASSWORD = "correct horse battery staple"
WARM_S = 3.0
MEASURE = """
(seconds) => new Promise((done) => {
  const rows = document.querySelector(".scroll");
  const begin = performance.now();
  let frames = 0, patches = 0, worst = 0, last = begin;
  const seen = new MutationObserver(() => { patches += 1; });
  seen.observe(rows, { subtree: true, characterData: true, childList: true });
  const step = (now) => {
    frames += 1;
    worst = Math.max(worst, now - last);
    last = now;
    rows.scrollTop = (rows.scrollTop + 12) % (rows.scrollHeight - rows.clientHeight);
    if (now - begin < seconds * 1000) requestAnimationFrame(step);
    else done({ frames: frames / (now - begin) * 1000, patches, worst });
  };
  requestAnimationFrame(step);
})
"""


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(f"sqlite:///{Path(folder) / 'console.db'}")
        upgrade(settings)
        yield asyncio.run(_measured(settings))


async def _measured(settings: Settings) -> str:
    clock = SystemClock()
    async with Store(settings) as store:
        await fill(store)
        central = CentralSystem(store, clock)
        accounts = Accounts(store, clock)
        await accounts.add_user(TENANT_ID, "bench", Role.OPERATOR, PASSWORD)
        offered = [*central.routes, routes(accounts, Secrets([bytes(32)]), None)]
        parts = Parts(store, clock, Metrics(), accounts.authenticate, offered, "0", bus=central.bus)
        async with WebServer(create_app(parts), "127.0.0.1", 0) as server:
            load = asyncio.create_task(_report(central))
            try:
                found = await _watched(f"http://127.0.0.1:{server.port}")
            finally:
                load.cancel()
    return (
        f"  {STATIONS:,} stations, {UPDATES_PER_S:,} updates/s: first rows after"
        f" {found['first_ms']:.0f} ms, {found['frames']:.1f} frames/s while scrolling"
        f" (slowest {found['worst']:.0f} ms), {found['work_ms']:.1f} ms of work for each,"
        f" {found['patches']} changes of the page,"
        f" heap {found['heap_mb']:.1f} MB"
    )


async def _report(central: CentralSystem) -> None:
    """The fleet, until it is cancelled."""
    events = [[event(number) for number in drawn()] for _ in range(STEPS_PER_S)]
    begin_s, sent = time.perf_counter(), 0
    while True:
        due = int((time.perf_counter() - begin_s) * STEPS_PER_S)
        for step in range(sent, due):
            central.bus.publish(events[step % STEPS_PER_S])
        sent = due
        await asyncio.sleep(1 / STEPS_PER_S)


async def _watched(address: str) -> dict[str, Any]:
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
    # A container has no user namespaces for Chromium's own sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        page = await browser.new_page(viewport={"width": 1360, "height": 860})
        await page.goto(address)
        await page.fill("input[name=name]", "bench")
        await page.fill("input[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("main#content h1")
        begin_s = time.perf_counter()
        await page.goto(f"{address}/stations")
        await page.wait_for_selector("tbody tr[data-row]")
        first_ms = 1000 * (time.perf_counter() - begin_s)
        await page.wait_for_timeout(1000 * WARM_S)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before_s = await _work_s(session)
        measured: dict[str, Any] = await page.evaluate(MEASURE, LASTS_S)
        work_s = await _work_s(session) - before_s
        heap_mb = await _heap_mb(session)
        await browser.close()
    work_ms = 1000 * work_s / (measured["frames"] * LASTS_S)
    return {**measured, "first_ms": first_ms, "heap_mb": heap_mb, "work_ms": work_ms}


async def _work_s(session: CDPSession) -> float:
    """Processor time of the page's main thread: what counts when others use the machine too."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


async def _heap_mb(session: CDPSession) -> float:
    """What lives after a collection."""
    await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"]) / 1e6


if __name__ == "__main__":
    for line in run():
        print(line)
