"""What is kept of meter values that belong to no transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chargeplane.csms.contract import Decision, Heard
from chargeplane.csms.metering import tables
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import MeterSampled
from chargeplane.domain.metering import MeterValue
from chargeplane.domain.times import moment
from chargeplane.ocpp.wire import Response

__all__ = ["decide", "otherwise"]


def otherwise(
    found: Decision | Awaitable[Decision | None], alone: Callable[[], Decision]
) -> Decision | Awaitable[Decision]:
    """What was found, or what values alone come to if nothing was."""
    return found if isinstance(found, Decision) else _otherwise(found, alone)


async def _otherwise(
    finding: Awaitable[Decision | None], alone: Callable[[], Decision]
) -> Decision:
    found = await finding
    return alone() if found is None else found


def decide(
    heard: Heard, evse: EvseAddress, values: tuple[MeterValue, ...], response: Response
) -> Decision:
    """One row and one event for a message; neither if it holds no value.

    A message with values of several times stands at the last of them. If the station's clock cannot
    be believed, it stands at its arrival; the values keep the times that the station gave.
    """
    if not values:
        return Decision(response, durable=False)
    station = heard.station
    sampled_at = (
        max([each.sampled_at for each in values]) if len(values) > 1 else values[0].sampled_at
    )
    at = moment(sampled_at, heard.received_at).at
    frame = heard.frame_id, heard.received_at
    row = tables.row(station.tenant_id, station.id, evse.evse_id, at, frame, values)
    event = MeterSampled(
        tenant_id=station.tenant,
        station_id=station.id,
        reported_at=sampled_at,
        received_at=heard.received_at,
        frame_id=heard.frame,
        evse=evse,
        meter_values=values,
    )
    return Decision(response, (row,), (event,), durable=False)
