"""Transactions: when they start and end, and what is told of them (E01-E12; 1.6 4.8, 4.10).

``sessions`` has the rules of both families: what a driver, a cable or the central system does
changes which of the points of TxStartPoint hold on an EVSE; a transaction starts when one of them
comes to hold, and ends when one of TxStopPoint ceases to. 1.x is the case in which the start is
PowerPathClosed and the end is EVConnected or Authorized. ``v1`` and ``v2`` tell of it.
``admitting`` decides who may start and stop, ``refusals`` acts on tokens that are refused
afterwards, ``limits`` on limits in cost, energy, time and state of charge (2.1 E16).
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.transactions import v1, v2
from chargeplane.station.transactions.admitting import Admitting
from chargeplane.station.transactions.limits import Limits
from chargeplane.station.transactions.records import Records
from chargeplane.station.transactions.recovery import Recovery
from chargeplane.station.transactions.refusals import Refusals
from chargeplane.station.transactions.sessions import Sessions

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    records = Records(hub)
    if hub.family is Version.V1_6:
        sessions = Sessions(hub, v1.Teller(hub, records))
    else:
        sessions = Sessions(hub, v2.Teller(hub, records))
    sessions.install()
    Admitting(hub, sessions)
    Refusals(hub, sessions)
    Recovery(hub, records, sessions)
    if hub.version is Version.V2_1:
        Limits(hub, records, sessions)
