"""Provisioning as 1.x says it: BootNotification, Heartbeat, configuration keys, Reset."""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Ask, Decision, Heard, Registration, Station
from chargeplane.csms.outcomes import reads
from chargeplane.csms.provisioning.device_model import DeviceModel, Item, outcome_of_items
from chargeplane.csms.provisioning.service import Introduction, Provisioning
from chargeplane.csms.provisioning.tables import READ_ONLY, READ_WRITE, Reading
from chargeplane.domain.commands import (
    GetBaseReport,
    GetVariables,
    Outcome,
    ReportBase,
    Reset,
    ResetType,
    SetVariables,
    Unsupported,
    Variable,
)
from chargeplane.ocpp import v16
from chargeplane.ocpp.codec import payload_of
from chargeplane.ocpp.wire import UNSET, given

__all__ = ["Commands", "Handlers", "reset"]

_REGISTRATION: Final = {
    Registration.ACCEPTED: v16.RegistrationStatus.ACCEPTED,
    Registration.PENDING: v16.RegistrationStatus.PENDING,
    Registration.REJECTED: v16.RegistrationStatus.REJECTED,
}
_RESET: Final = {
    ResetType.IMMEDIATE: v16.ResetType.HARD,
    ResetType.ON_IDLE: v16.ResetType.SOFT,
}
_SET: Final = frozenset({v16.ConfigurationStatus.ACCEPTED, v16.ConfigurationStatus.REBOOT_REQUIRED})
_KEYS_ONLY = "a 1.x station has configuration keys: a name alone, without component or attribute"


class Handlers:
    """What a 1.x station may say."""

    def __init__(self, service: Provisioning) -> None:
        self._service = service

    async def boot(self, heard: Heard) -> Decision:
        """BootNotification (1.6, 4.2)."""
        request: v16.BootNotificationRequest = heard.request
        verdict = await self._service.booted(
            heard,
            Introduction(
                request.charge_point_vendor,
                request.charge_point_model,
                request.charge_point_serial_number or request.charge_box_serial_number or None,
                request.firmware_version or None,
            ),
        )
        response = v16.BootNotificationResponse(
            status=_REGISTRATION[verdict.registration],
            current_time=verdict.now,
            interval=verdict.interval_s,
        )
        return self._service.decision(heard, verdict, response)

    def heartbeat(self, heard: Heard) -> Decision:
        """Heartbeat (1.6, 4.6). That the station lives, the gateway has seen already."""
        response = v16.HeartbeatResponse(current_time=self._service.now())
        return Decision(response, durable=False)


class Commands:
    """Reading and writing configuration keys."""

    def __init__(self, model: DeviceModel) -> None:
        self._model = model

    def get(self, station: Station, command: GetVariables) -> Ask | Unsupported:
        """GetConfiguration (1.6, 5.8); without names, all keys."""
        if not all(map(_is_key, command.variables)):
            return Unsupported(reason=_KEYS_ONLY)
        names = [each.name for each in command.variables]
        request = v16.GetConfigurationRequest(key=names or UNSET)

        def read(response: v16.GetConfigurationResponse) -> Outcome:
            return self._got(station, response)

        return Ask(request, read)

    def report(self, station: Station, command: GetBaseReport) -> Ask | Unsupported:
        """All keys: 1.x has no other report."""
        if command.report_base is ReportBase.SUMMARY:
            return Unsupported(reason="1.x has no report of what is available or in trouble")
        return self.get(station, GetVariables())

    def set(self, station: Station, command: SetVariables) -> Ask | Unsupported:
        """ChangeConfiguration (1.6, 5.3), which takes one key."""
        if len(command.values) != 1:
            return Unsupported(reason="1.x changes one key at a time; send a command for each")
        [wanted] = command.values
        variable, value = wanted.variable, wanted.value
        if not _is_key(variable):
            return Unsupported(reason=_KEYS_ONLY)

        def read(response: v16.ChangeConfigurationResponse) -> Outcome:
            is_done = response.status in _SET
            if is_done:
                self._model.was_set(station, [(variable, value)])
            item = Item(variable, str(response.status), is_done)
            return outcome_of_items([item], payload_of(response))

        return Ask(v16.ChangeConfigurationRequest(key=variable.name, value=value), read)

    def _got(self, station: Station, response: v16.GetConfigurationResponse) -> Outcome:
        items: list[Item] = []
        readings: list[Reading] = []
        for each in response.configuration_key or ():
            variable, value = Variable(name=each.key), given(each.value)
            items.append(Item(variable, "Accepted", True, value))
            readings.append(Reading(variable, value, READ_ONLY if each.readonly else READ_WRITE))
        items += [
            Item(Variable(name=key), "UnknownKey", False) for key in response.unknown_key or ()
        ]
        self._model.was_read(station, readings)
        return outcome_of_items(items, payload_of(response))


def _is_key(variable: Variable) -> bool:
    plain = Variable(name=variable.name)
    return variable == plain


def reset(station: Station, command: Reset) -> Ask | Unsupported:
    """Reset (1.6, 5.14): Hard does not wait for anything, Soft ends transactions first."""
    if command.evse_id:
        return Unsupported(reason="a 1.x station can only be reset as a whole")

    return Ask(v16.ResetRequest(type=_RESET[command.type]), reads())
