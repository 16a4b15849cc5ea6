"""The status of connectors in the inventory, as rows and as reports."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from chargeplane.csms.inventory import CONNECTOR_SINK, connectors
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.status import ConnectorStatus, StatusReport
from chargeplane.runtime.store import Prepared, Row

__all__ = ["key_of", "row_of", "statuses"]

_REPORT = (
    connectors.c.evse_id,
    connectors.c.connector_id,
    connectors.c.status,
    connectors.c.reported_at,
    connectors.c.received_at,
    connectors.c.error_code,
    connectors.c.info,
    connectors.c.vendor_error_code,
)

# Every station that comes back asks once.
_OF_STATION: Final = Prepared(
    select(*_REPORT).where(
        connectors.c.tenant_id == bindparam("of_tenant"),
        connectors.c.station_id == bindparam("of_station"),
    )
)

Key = tuple[int, int]
"""EVSE and connector; connector 0: the EVSE itself."""


def key_of(evse: EvseAddress) -> Key:
    """The key of an address among those of its station."""
    return (0, 0) if evse.is_station else (evse.evse_id, evse.connector_id or 0)


def row_of(tenant_id: UUID, station_id: str, key: Key, report: StatusReport) -> Row:
    """A report as a row."""
    return CONNECTOR_SINK, (
        tenant_id,
        station_id,
        *key,
        str(report.status),
        report.error_code,
        report.info,
        report.vendor_error_code,
        report.reported_at,
        report.received_at,
    )


def statuses(connection: Connection, tenant_id: UUID, station_id: str) -> dict[Key, StatusReport]:
    """The newest report of each connector of a station."""
    found = _OF_STATION.rows(connection, {"of_tenant": tenant_id, "of_station": station_id})
    return {
        (evse_id, connector_id): StatusReport(
            status=ConnectorStatus(status),
            reported_at=reported_at,
            received_at=received_at,
            error_code=error_code,
            info=info,
            vendor_error_code=vendor_error_code,
        )
        for (
            evse_id, connector_id, status, reported_at, received_at,
            error_code, info, vendor_error_code,
        ) in found
    }  # fmt: skip
