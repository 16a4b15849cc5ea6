"""Quirks of what a station does, and not of how it says it."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp.versions import Version
from chargeplane.station.evse import ChargingState
from chargeplane.station.hub import Hub
from chargeplane.station.quirks.quirk import Quirk, Reaction
from chargeplane.station.signals import (
    Cause,
    LimitWanted,
    Registered,
    Restarting,
    Signal,
    StopWanted,
)

__all__ = ["BEHAVING", "REACTED_TO"]

REACTED_TO: tuple[type[Signal], ...] = (LimitWanted, Registered, Restarting)
"""What reactions are told of, after the blocks."""


def _boots_once() -> Reaction:
    """What was accepted once stays so, whatever restarts."""
    state = {"accepted": False}

    def reaction(hub: Hub, signal: Signal) -> None:
        if isinstance(signal, Registered):
            state["accepted"] |= signal.status == "Accepted"
        elif isinstance(signal, Restarting) and state["accepted"]:
            hub.registration = "Accepted"

    return reaction


def _ends_below_minimum(hub: Hub, signal: Signal) -> None:
    """A limit that leaves nothing ends the transaction, soon: an answer in hand comes first."""
    if isinstance(signal, LimitWanted) and signal.by_profiles:
        evse = hub.evses[signal.evse_id]
        if evse.transaction is not None and evse.charging_state is ChargingState.SUSPENDED_EVSE:
            stop = StopWanted(evse.id, Cause.RATE_CHANGED)
            hub.after(0.0, ("below minimum", evse.id), partial(hub.tell, stop))


BEHAVING = (
    Quirk(
        "boots-once",
        19,
        "registers once, and neither after a reconnect nor after a restart again",
        reaction=_boots_once,
    ),
    Quirk(
        "ends-below-minimum",
        74,
        "ends a transaction when its limit falls below what a vehicle can be offered",
        reaction=lambda: _ends_below_minimum,
        family=Version.V1_6,
    ),
)
"""Every one."""
