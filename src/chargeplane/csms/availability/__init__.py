"""Availability: which connectors can be used, and taking them out of service.

Stations report the status of each connector (StatusNotification; in 2.1 also NotifyEvent about
``AvailabilityState``). The newest report counts: stations replay old ones when they connect, so a
report is ordered by the station's clock (``domain.status.newer``), and an older one is answered and
changes nothing.

What differs from before becomes durable with an event, ``ConnectorStatusChanged``, before it is
answered. A repetition is answered at once; the row's times follow at most every quarter of an hour,
with a commit of their own, so that no late row can take the place of a newer status.

States of a connector: ``domain.status.ConnectorStatus``. 1.x connector 0, and EVSE 0 of 2.x, are
the station as a whole.

Requirements: G01 (1.6: 4.9), B01.FR.05 of 2.1, and G03 and G04 (1.6: 5.2) by the command
``ChangeAvailability``. Of NotifyEvent only availability is looked at here: all else of it stays in
the flight recorder.
"""

from chargeplane.csms.availability import v1, v2
from chargeplane.csms.availability.service import Availability
from chargeplane.csms.contract import Block
from chargeplane.domain.commands import ChangeAvailability
from chargeplane.ocpp import v16, v21
from chargeplane.runtime.store import Store

__all__ = ["Availability", "block"]


def block(store: Store) -> Block:
    """The block for the central system."""
    service = Availability(store)
    first, second = v1.Handlers(service), v2.Handlers(service)
    return Block(
        "availability",
        v1={v16.StatusNotificationRequest: first.status},
        v2={
            v21.StatusNotificationRequest: second.status,
            v21.NotifyEventRequest: second.events,
        },
        commands_v1={ChangeAvailability: v1.change_availability},
        commands_v2={ChangeAvailability: v2.change_availability},
    )
