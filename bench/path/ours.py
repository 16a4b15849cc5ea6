"""Our central system, as far as stations see it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from bench.path.load import PASSWORD
from bench.path.servers import Serving, serve
from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import new_event_loop
from chargeplane.runtime.passwords import hashed_password
from chargeplane.runtime.process import tune
from chargeplane.runtime.store import Committed, Function, Settings, Store, tenants, upgrade

TENANT_ID = tenants.DEFAULT_TENANT_ID
NOW = datetime.now(UTC)


async def start(stations: int, folder: Path) -> Serving:
    """Stations that are known, and the port they dial."""
    settings = Settings(f"sqlite:///{folder / 'store.db'}")
    upgrade(settings)
    commits: list[Committed] = []
    store = await Store(settings, on_commit=commits.append).__aenter__()

    def fill(connection: Connection) -> None:
        tenants.ensure(connection, TENANT_ID, "bench", NOW)
        password = hashed_password(PASSWORD.encode())
        for n in range(stations):
            known = Known(TENANT_ID, f"CP{n:06d}", 1, password, Registration.ACCEPTED, 0)
            register(connection, known, NOW)

    await store.write(Function(fill))
    central = CentralSystem(store, SystemClock())
    await central.start()
    port = await central.listen("127.0.0.1", 0)
    tune()
    return Serving(port, lambda: len(commits))


if __name__ == "__main__":
    serve(start, new_event_loop)
