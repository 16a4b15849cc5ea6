"""Remote control in 1.x."""

from __future__ import annotations

from typing import Final

import msgspec

from chargeplane.csms.contract import Ask, Station, Translate
from chargeplane.csms.outcomes import reads
from chargeplane.csms.remote_control.naming import (
    fault_of_profile,
    in_wire_names,
    no_evse,
    no_transaction,
)
from chargeplane.csms.remote_control.service import RemoteStarts, WireId
from chargeplane.domain.commands import (
    StartCharging,
    StopCharging,
    TriggerMessage,
    UnlockConnector,
    Unsupported,
)
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET

__all__ = ["start_charging", "stop_charging", "trigger_message", "unlock_connector"]

_ONE_CONNECTOR: Final = Unsupported(
    reason="1.x knows one connector of an EVSE, with the number 1; name the EVSE instead"
)
_TRIGGERS: Final = frozenset(v16.MessageTrigger)
_EXTENDED_TRIGGERS: Final = frozenset(v16.MessageTriggerEnumType)


def start_charging(starts: RemoteStarts) -> Translate:
    """RemoteStartTransaction (1.6, 5.11)."""

    def translate(station: Station, command: StartCharging) -> Ask | Unsupported:
        if no_evse(command.evse_id):
            return Unsupported(reason=f"EVSE {command.evse_id} is none that can charge")
        if command.connector_id not in {None, 1}:
            return _ONE_CONNECTOR
        try:
            profile = command.charging_profile and msgspec.convert(
                in_wire_names(command.charging_profile), v16.ChargingProfile
            )
        except msgspec.ValidationError as error:
            return Unsupported(reason=f"no charging profile of 1.x: {error}")
        fault = profile and fault_of_profile(
            profile.charging_profile_purpose, profile.transaction_id
        )
        if fault:
            return Unsupported(reason=fault)
        start = starts.begin(station, command)
        request = v16.RemoteStartTransactionRequest(
            connector_id=command.evse_id or UNSET,
            id_tag=command.id_token.value,
            charging_profile=profile or UNSET,
        )
        return Ask(request, starts.reads(start))

    return translate


def stop_charging(wire_id: WireId) -> Translate:
    """RemoteStopTransaction (1.6, 5.12)."""

    async def translate(station: Station, command: StopCharging) -> Ask | Unsupported:
        found = await wire_id(station, command.transaction_id)
        if found is None:
            return no_transaction(station, command)
        try:
            number = int(found)
        except ValueError:
            return Unsupported(reason=f"1.x has numbers for transactions, and {found} is none")
        return Ask(v16.RemoteStopTransactionRequest(transaction_id=number), reads())

    return translate


def unlock_connector(_: Station, command: UnlockConnector) -> Ask | Unsupported:
    """UnlockConnector (1.6, 5.18)."""
    if no_evse(command.evse_id):
        return Unsupported(reason=f"EVSE {command.evse_id} has no connector")
    if command.connector_id != 1:
        return _ONE_CONNECTOR
    request = v16.UnlockConnectorRequest(connector_id=command.evse_id)
    return Ask(request, reads({"Unlocked"}))


def trigger_message(_: Station, command: TriggerMessage) -> Ask | Unsupported:
    """TriggerMessage (1.6, 5.17), or ExtendedTriggerMessage for what only that can ask for."""
    if command.connector_id not in {None, 1}:
        return _ONE_CONNECTOR
    connector_id = UNSET if no_evse(command.evse_id) else command.evse_id or UNSET
    if command.message in _TRIGGERS:
        return Ask(
            v16.TriggerMessageRequest(
                requested_message=v16.MessageTrigger(command.message), connector_id=connector_id
            ),
            reads(),
        )
    if command.message in _EXTENDED_TRIGGERS:
        return Ask(
            v16.ExtendedTriggerMessageRequest(
                requested_message=v16.MessageTriggerEnumType(command.message),
                connector_id=connector_id,
            ),
            reads(),
        )
    names = ", ".join(sorted(_TRIGGERS | _EXTENDED_TRIGGERS))
    return Unsupported(reason=f"1.x cannot ask for {command.message}, only for {names}")
