"""What a central system has stored of a station, in the words of a story."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.inventory import connectors, stations
from chargeplane.csms.metering.tables import after
from chargeplane.csms.provisioning.tables import variables
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.runtime.store import Function
from tests.csms.making import TENANT_ID
from tests.quirks.corpus_reader import Stored

__all__ = ["differences"]

TEXTS = {"error_code", "info", "vendor_error_code"}
"""An empty one in a story is none in the store."""


async def differences(central: CentralSystem, station_id: str, wanted: Stored) -> list[str]:
    """Where the store and the counters are not as they must be."""
    store = central.gateway.store
    central.gateway.tray.flush()
    await store.write(Function(lambda _: None))  # behind all that nobody has waited for
    found = await store.read(lambda connection: _rows(connection, station_id))
    meter = central.gateway.meter
    refused = {
        f"{action} {outcome}": count
        for (action, outcome), count in meter.messages.items()
        if outcome != "answered"
    }
    pairs: dict[str, tuple[object, object]] = {
        "repairs": (wanted.repairs, dict(meter.repairs)),
        "unreadable": (wanted.unreadable, dict(meter.refusals)),
        "refused": (wanted.refused, refused),
        "loose_values": (wanted.loose_values, tuple(found["values"])),
        "connected": (wanted.connected, central.is_connected(TENANT_ID, station_id)),
    }
    if wanted.ledger_entries is not None:
        pairs["ledger_entries"] = (wanted.ledger_entries, len(found["ledger"]))
    told = [
        f"{name}: {here!r}\n    and not {there!r}"
        for name, (there, here) in pairs.items()
        if there != here
    ]
    return told + _of_sessions(wanted, found["sessions"]) + _of_rows(wanted, found)


def _rows(connection: Connection, station_id: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, table, key in (
        ("sessions", transactions, transactions.c.station_id),
        ("ledger", ledger, ledger.c.station_id),
        ("connectors", connectors, connectors.c.station_id),
        ("variables", variables, variables.c.station_id),
        ("station", stations, stations.c.id),
    ):
        rows = connection.execute(select(table).where(key == station_id))
        found[name] = [row._asdict() for row in rows]
    found["sessions"].sort(key=lambda row: (row["started_at"], row["id"]))
    found["values"] = [
        " ".join(
            [str(sample.evse_id), each.measurand, str(each.value), each.unit, each.phase or ""]
        ).strip()
        for sample in after(connection, TENANT_ID, station_id, count_max=100)
        for each in sample.values
    ]
    return found


def _of_sessions(wanted: Stored, rows: list[dict[str, Any]]) -> list[str]:
    told = []
    for row in rows:
        remarks = msgspec.json.decode(row["remarks"])
        row["remarks"] = tuple(sorted(each["kind"] for each in remarks))
    if len(rows) != len(wanted.sessions):
        told.append(f"there are {len(rows)} sessions and not {len(wanted.sessions)}")
    for number, row in enumerate(rows, 1):
        session = wanted.sessions[number - 1] if number <= len(wanted.sessions) else None
        looked_at = msgspec.structs.asdict(session) if session else {}
        there = {name: value for name, value in looked_at.items() if value is not None}
        there["remarks"] = tuple(sorted(there.get("remarks", ())))
        here = {name: row[name] for name in there or row}
        if session is None or there != here:
            told.append(f"session {number}: {here}\n    and not {there}")
    return told


def _of_rows(wanted: Stored, found: dict[str, list[Any]]) -> list[str]:
    told = []
    statuses = {(row["evse_id"], row["connector_id"]): row for row in found["connectors"]}
    for each in wanted.connectors:
        row = statuses.get((each.evse_id, each.connector_id), {})
        there = {
            name: value for name, value in msgspec.structs.asdict(each).items() if value is not None
        }
        here = {name: row.get(name) or "" if name in TEXTS else row.get(name) for name in there}
        if there != here:
            told.append(f"connector: {here}\n    and not {there}")
    values = {row["name"]: row["value"] for row in found["variables"]}
    here = {name: values.get(name) for name in wanted.variables}
    if here != wanted.variables:
        told.append(f"variables: {here}\n    and not {wanted.variables}")
    [station] = found["station"]
    here = {name: station[name] for name in wanted.station}
    if here != wanted.station:
        told.append(f"station: {here}\n    and not {wanted.station}")
    return told
