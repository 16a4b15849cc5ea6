"""What both families ask of a command before it becomes a message."""

from __future__ import annotations

from typing import Any

from chargeplane.csms.contract import Station
from chargeplane.domain.commands import StopCharging, Unsupported
from chargeplane.ocpp.wire import UNSET

__all__ = ["fault_of_profile", "in_wire_names", "no_evse", "no_transaction"]


def no_evse(evse_id: int | None) -> bool:
    """True for a number that stands for the station as a whole, or for nothing."""
    return evse_id is not None and evse_id < 1


def no_transaction(station: Station, command: StopCharging) -> Unsupported:
    """What is said of a transaction that the station cannot be asked to stop."""
    return Unsupported(reason=f"{station.id} has no transaction {command.transaction_id}")


def fault_of_profile(purpose: str, transaction_id: object) -> str | None:
    """Why a profile cannot come with a remote start (F01.FR.09, F01.FR.11; 1.6, 5.11, 5.16.2)."""
    if purpose != "TxProfile":
        return f"the charging profile of a remote start is a TxProfile, and this a {purpose}"
    if transaction_id not in {None, UNSET}:
        return "the charging profile of a remote start names no transaction: there is none yet"
    return None


def in_wire_names(value: Any) -> Any:
    """``charging_rate_unit`` as ``chargingRateUnit``, at any depth; wire names stay as they are."""
    if isinstance(value, dict):
        return {_camel(str(name)): in_wire_names(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [in_wire_names(inner) for inner in value]
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in others)
