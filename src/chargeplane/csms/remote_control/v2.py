"""Remote control in 2.x."""

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
from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, UnsetType, decode_custom

__all__ = ["start_charging", "stop_charging", "trigger_message", "unlock_connector"]

CENTRAL: Final = "Central"
"""The type of a token that is ours, and of every group (C05, C09.FR.13)."""
_CUSTOM: Final = v21.MessageTriggerEnumType.CUSTOM_TRIGGER
_STATUS: Final = v21.MessageTriggerEnumType.STATUS_NOTIFICATION
_TRIGGERS: Final = frozenset(v21.MessageTriggerEnumType) - {_CUSTOM}


def start_charging(starts: RemoteStarts) -> Translate:
    """RequestStartTransaction (F01, F02)."""

    def translate(station: Station, command: StartCharging) -> Ask | Unsupported:
        if no_evse(command.evse_id):
            return Unsupported(reason=f"EVSE {command.evse_id} is none that can charge")
        try:
            profile = command.charging_profile and msgspec.convert(
                in_wire_names(command.charging_profile),
                v21.ChargingProfileType,
                dec_hook=decode_custom,
            )
        except msgspec.ValidationError as error:
            return Unsupported(reason=f"no charging profile of 2.x: {error}")
        fault = profile and fault_of_profile(
            profile.charging_profile_purpose, profile.transaction_id
        )
        if fault:
            return Unsupported(reason=fault)
        start = starts.begin(station, command)
        request = v21.RequestStartTransactionRequest(
            evse_id=UNSET if command.evse_id is None else command.evse_id,
            id_token=_token(command.id_token.value, command.id_token.type),
            group_id_token=_group(command.id_token),
            remote_start_id=start.id,
            charging_profile=profile or UNSET,
        )
        return Ask(request, starts.reads(start))

    return translate


def stop_charging(wire_id: WireId) -> Translate:
    """RequestStopTransaction (F03)."""

    async def translate(station: Station, command: StopCharging) -> Ask | Unsupported:
        found = await wire_id(station, command.transaction_id)
        if found is None:
            return no_transaction(station, command)
        return Ask(v21.RequestStopTransactionRequest(transaction_id=found), reads())

    return translate


def unlock_connector(_: Station, command: UnlockConnector) -> Ask | Unsupported:
    """UnlockConnector (F05)."""
    if no_evse(command.evse_id):
        return Unsupported(reason=f"EVSE {command.evse_id} has no connector")
    request = v21.UnlockConnectorRequest(evse_id=command.evse_id, connector_id=command.connector_id)
    return Ask(request, reads({"Unlocked"}))


def trigger_message(station: Station, command: TriggerMessage) -> Ask | Unsupported:
    """TriggerMessage (F06). 2.1 takes any other name as a custom trigger.

    Without an EVSE it is about all of them (F06.FR.11), but for a status (F06.FR.13).
    """
    if command.message == _STATUS and (command.evse_id is None or no_evse(command.evse_id)):
        return Unsupported(reason="2.x asks for the status of one connector; name its EVSE")
    evse: v21.EVSEType | UnsetType = UNSET
    if command.evse_id is not None and not no_evse(command.evse_id):
        evse = v21.EVSEType(id=command.evse_id, connector_id=_connector_id(command))
    if command.message in _TRIGGERS:
        message = v21.MessageTriggerEnumType(command.message)
        return Ask(v21.TriggerMessageRequest(requested_message=message, evse=evse), reads())
    if station.version is Version.V2_1:
        request = v21.TriggerMessageRequest(
            requested_message=_CUSTOM, custom_trigger=command.message, evse=evse
        )
        return Ask(request, reads())
    names = ", ".join(sorted(_TRIGGERS))
    return Unsupported(reason=f"2.0.1 cannot ask for {command.message}, only for {names}")


def _connector_id(command: TriggerMessage) -> int | UnsetType:
    """For a status the connector must be named (F06.FR.13)."""
    if command.connector_id is not None:
        return command.connector_id
    return 1 if command.message == _STATUS else UNSET


def _token(value: str, type_: str) -> v21.IdTokenType:
    return v21.IdTokenType(id_token=value, type=type_ or CENTRAL)


def _group(id_token: IdToken) -> v21.IdTokenType | UnsetType:
    return _token(id_token.group_id, CENTRAL) if id_token.group_id else UNSET
