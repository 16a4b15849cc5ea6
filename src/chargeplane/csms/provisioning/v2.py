"""Provisioning as 2.x says it: BootNotification, Heartbeat, NotifyReport, Reset."""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Ask, Decision, Heard, Registration, Station
from chargeplane.csms.outcomes import reads
from chargeplane.csms.provisioning.device_model import DeviceModel, Part
from chargeplane.csms.provisioning.names_v2 import attribute_word, variable_of
from chargeplane.csms.provisioning.service import Introduction, Provisioning
from chargeplane.csms.provisioning.tables import Reading
from chargeplane.domain.commands import Reset, ResetType
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType, given

__all__ = ["Handlers", "reset"]

_REGISTRATION: Final = {
    Registration.ACCEPTED: v21.RegistrationStatusEnumType.ACCEPTED,
    Registration.PENDING: v21.RegistrationStatusEnumType.PENDING,
    Registration.REJECTED: v21.RegistrationStatusEnumType.REJECTED,
}
_RESET: Final = {
    ResetType.IMMEDIATE: v21.ResetEnumType.IMMEDIATE,
    ResetType.ON_IDLE: v21.ResetEnumType.ON_IDLE,
}
_DONE: Final = frozenset({"Accepted", "Scheduled"})


class Handlers:
    """What a 2.x station may say."""

    def __init__(self, service: Provisioning, model: DeviceModel) -> None:
        self._service = service
        self._model = model

    async def boot(self, heard: Heard) -> Decision:
        """BootNotification (B01 to B03)."""
        request: v21.BootNotificationRequest = heard.request
        station = request.charging_station
        verdict = await self._service.booted(
            heard,
            Introduction(
                station.vendor_name,
                station.model,
                station.serial_number or None,
                station.firmware_version or None,
                str(request.reason),
            ),
        )
        response = v21.BootNotificationResponse(
            status=_REGISTRATION[verdict.registration],
            current_time=verdict.now,
            interval=verdict.interval_s,
        )
        return self._service.decision(heard, verdict, response)

    def heartbeat(self, heard: Heard) -> Decision:
        """Heartbeat (G02). That the station lives, the gateway has seen already."""
        response = v21.HeartbeatResponse(current_time=self._service.now())
        return Decision(response, durable=False)

    async def report(self, heard: Heard) -> Decision:
        """NotifyReport (B07, B08)."""
        request: v21.NotifyReportRequest = heard.request
        readings = [reading for data in request.report_data or () for reading in _readings(data)]
        part = Part(
            request.request_id,
            request.seq_no,
            not request.tbc,
            request.generated_at,
            readings,
        )
        return await self._model.reported(heard, part, v21.NotifyReportResponse())


def _readings(data: v21.ReportDataType) -> list[Reading]:
    nature = given(data.variable_characteristics)
    return [
        Reading(
            variable_of(data.component, data.variable, attribute_word(each.type)),
            given(each.value),
            str(each.mutability or v21.MutabilityEnumType.READ_WRITE),
            str(nature.data_type) if nature else None,
            given(nature.unit) if nature else None,
            _number(nature.min_limit) if nature else None,
            _number(nature.max_limit) if nature else None,
            given(nature.values_list) if nature else None,
        )
        for each in data.variable_attribute
    ]


def _number(value: float | UnsetType) -> str | None:
    if value is UNSET:
        return None
    whole = float(value)
    return str(int(whole)) if whole.is_integer() and abs(whole) < 1e15 else repr(whole)


def reset(station: Station, command: Reset) -> Ask:
    """Reset of the station or of one EVSE (B11, B12)."""
    request = v21.ResetRequest(type=_RESET[command.type], evse_id=command.evse_id or UNSET)
    return Ask(request, reads(_DONE))
