"""Virtual stations send their logs, and people read them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from chargeplane.domain.events import LogStatusChanged
from chargeplane.runtime.audit import entries
from chargeplane.runtime.store import Store
from tests.csms.making import TENANT_ID
from tests.csms.yard import VERSIONS, opened

CASES = [(version, kind) for version in VERSIONS for kind in ("diagnostics", "security")]


@pytest.mark.parametrize(("version", "kind"), CASES, ids=["-".join(each) for each in CASES])
async def test_a_station_sends_its_log_and_people_read_it(
    sqlite_store: Store, tmp_path: Path, version: str, kind: str
) -> None:
    async with opened(sqlite_store, tmp_path) as yard:
        yard.listen(LogStatusChanged)
        async with yard.station(version) as station:
            answer = await yard.command(station, "get-log", kind=kind)
            assert answer["outcome"] == "accepted", answer
            log_id = answer["response"]["log_id"]
            await yard.until(LogStatusChanged, lambda event: event.state == "uploaded")
        path = f"/stations/{station.identity}/logs"
        (row,) = (await yard.rest.get(path)).json()["items"]
        assert (row["id"], row["state"], row["kind"]) == (log_id, "uploaded", kind)
        assert row["file_name"].startswith(kind)
        answer = await yard.rest.get(f"{path}/{log_id}/content")
        assert answer.status_code == 200
        assert b"Connected" in answer.content
        assert row["sha256"] == hashlib.sha256(answer.content).hexdigest()
        assert row["size_bytes"] == len(answer.content)
    told: list[Any] = await sqlite_store.read(
        lambda c: entries(c, TENANT_ID, after=0, count_max=50)
    )
    assert {"send_command", "show_log_content"} <= {each.action for each in told}
