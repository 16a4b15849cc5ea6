"""The status of connectors in the inventory, as rows and as reports."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, select

from chargeplane.csms.inventory import CONNECTOR_SINK, connectors
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.status import ConnectorStatus, StatusReport
from chargeplane.runtime.store import Row

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
    query = select(*_REPORT).where(
        connectors.c.tenant_id == tenant_id, connectors.c.station_id == station_id
    )
    return {
        (row.evse_id, row.connector_id): StatusReport(
            status=ConnectorStatus(row.status),
            reported_at=row.reported_at,
            received_at=row.received_at,
            error_code=row.error_code,
            info=row.info,
            vendor_error_code=row.vendor_error_code,
        )
        for row in connection.execute(query)
    }
