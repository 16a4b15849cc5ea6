"""Virtual stations send their logs, and people read them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chargeplane.domain.events import LogStatusChanged
from chargeplane.runtime.audit import entries
from chargeplane.runtime.store import Store
from tests.csms.making import TENANT_ID
from tests.csms.yard import VERSIONS, Yard, opened

CASES = [(version, "diagnostics") for version in VERSIONS]
CASES += [(version, "security") for version in VERSIONS[1:]]


async def test_stations_of_every_version_send_their_logs_and_people_read_them(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with opened(sqlite_store, tmp_path) as yard:
        yard.listen(LogStatusChanged)
        for version, kind in CASES:
            await read_a_log(yard, version, kind)
        async with yard.station("1.5") as station:
            answer = await yard.command(station, "get-log", kind="security")
            assert answer["outcome"] == "unsupported", answer
    noted = await sqlite_store.read(lambda c: entries(c, TENANT_ID, after=0, count_max=50))
    assert {"send_command", "show_log_content"} <= {each.action for each in noted}


async def read_a_log(yard: Yard, version: str, kind: str) -> None:
    async with yard.station(version) as station:
        answer = await yard.command(station, "get-log", kind=kind)
        assert answer["outcome"] == "accepted", answer
        log_id = answer["response"]["log_id"]
        await yard.until(LogStatusChanged, lambda e: e.log_id == log_id and e.state == "uploaded")
    path = f"/stations/{station.identity}/logs"
    row = (await yard.rest.get(path)).json()["items"][0]
    assert (row["id"], row["state"], row["kind"]) == (log_id, "uploaded", kind)
    assert row["file_name"].startswith(kind)
    answer = await yard.rest.get(f"{path}/{log_id}/content")
    assert answer.status_code == 200
    assert b"Virtual Station" in answer.content
    assert row["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert row["size_bytes"] == len(answer.content)
