"""A process whose files may not grow: what a full disk is to SQLite, without a disk to fill.

It writes until units wait, checks that a late one is not acknowledged, lifts the limit, and says
how long the store then took to go on and whether it holds what was acknowledged, once each.
"""

import asyncio
import json
import resource
import sys
import time

from chargeplane.runtime.store import Function, Settings, Store, StoreUnavailable
from tests.runtime.store.ledger import WITH_LEDGER, Entry, entries, make_tenant
from tests.waiting import until

ROOM_BYTES = 400_000


async def main(url: str) -> dict[str, object]:
    acknowledged: list[tuple[str, int]] = []

    async def write(station_id: str, seq: int, deadline_s: float) -> None:
        await store.write(Entry(station_id, seq, "x" * 2_000), deadline_s=deadline_s)
        acknowledged.append((station_id, seq))

    async with Store(Settings(url), WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
        patient = [asyncio.create_task(write("patient", n, 30)) for n in range(1_000)]
        await until(lambda: store.health.trouble is not None)
        held, trouble = len(acknowledged), store.health.trouble
        late = 0
        try:
            await write("hasty", 0, 0.5)
        except StoreUnavailable:
            late += 1
        while_full = len(acknowledged)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
        lifted_s = time.monotonic()
        await asyncio.gather(*patient)
        took_s = time.monotonic() - lifted_s
        stored = await store.read(entries)
        well = store.health.trouble is None
    return {
        "trouble": trouble,
        "acknowledged while full": while_full - held,
        "late": late,
        "recovered after, s": took_s,
        "same": sorted(acknowledged) == stored,
        "well": well,
        "rows": len(stored),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1]))))
