"""Writes ``ui/openapi.json``: the REST interface of the program, as the console is typed by it.

    python -m tools.openapi            write it
    python -m tools.openapi --check    fail if it is not what the program says

Run it (or ``make generate``) after a route has changed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from chargeplane.cli.options import store_settings
from chargeplane.cli.simulation import simulator
from chargeplane.csms.central import CentralSystem
from chargeplane.runtime.access import Accounts, routes
from chargeplane.runtime.audit import api as audit_api
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import Store
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import Parts, addresses, configuration, create_app

TARGET = Path(__file__).resolve().parents[1] / "ui" / "openapi.json"
VERSION = "0"
"""The types do not depend on it, and a release must not make the file stale."""


async def document() -> Any:
    """The description of a program that is put together and never started."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(store_settings(Settings(data=Path(folder))))
        clock, metrics = SystemClock(), Metrics()
        accounts = Accounts(store, clock)
        blocks = CentralSystem(store, clock).routes
        offered = [routes(accounts), audit_api.routes(), *blocks, addresses.routes({})]
        shown = configuration.configuration(Settings(), {}, {})
        offered += [configuration.routes(shown), simulator.routes(None)]
        app = create_app(Parts(store, clock, metrics, accounts.authenticate, offered, VERSION))
        asgi: Any = app  # the two name the same protocol differently
        transport = httpx.ASGITransport(app=asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            return (await client.get("/api/openapi.json")).raise_for_status().json()


def text() -> str:
    """What the file shall hold."""
    described = asyncio.run(document())
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def main(words: list[str]) -> None:
    """The command line; see the module."""
    if words == ["--check"]:
        if not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text():
            raise SystemExit(f"{TARGET.name} is stale: run `make generate`")
    elif words:
        raise SystemExit(__doc__)
    else:
        TARGET.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
