"""A whole central system with a TLS port: ``python -m bench.tls.central FOLDER PORT STATIONS``.

What is in the folder stays: started again, it is the same one after a restart.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from bench.path.load import PASSWORD
from bench.tls.pki import STATION, certificates_in, trusted_in
from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import new_event_loop, raise_open_files_max, server_context
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.process import tune
from chargeplane.runtime.store import Function, Settings, Store, tenants, upgrade

TENANT_ID = tenants.DEFAULT_TENANT_ID


def _fill(connection: Connection, stations: int, profile: int) -> None:
    now = datetime.now(UTC)
    tenants.ensure(connection, TENANT_ID, "bench", now)
    password = Passwords().hashed(PASSWORD.encode())
    for number in range(stations):
        name = f"CP{number:06d}"
        known = Known(TENANT_ID, name, profile, password, Registration.ACCEPTED, 0)
        register(connection, known._replace(serial_number=STATION), now)


async def _serve(folder: Path, port: int, stations: int, profile: int) -> None:
    raise_open_files_max()
    settings = Settings(f"sqlite:///{folder / 'store.db'}")
    upgrade(settings)
    async with Store(settings) as store:
        if port == 0:
            await store.write(Function(partial(_fill, stations=stations, profile=profile)))
        central = CentralSystem(store, SystemClock())
        await central.start()
        tls = server_context(certificates_in(folder), trusted=trusted_in(folder))
        listening = await central.listen("127.0.0.1", port, tls)
        tune()
        sys.stdout.write(f"{listening}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    folder, *numbers = sys.argv[1:]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(Path(folder), *(int(each) for each in numbers)))
