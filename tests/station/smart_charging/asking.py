"""Requests of smart charging, written short, the same for both families."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from chargeplane.ocpp import v16, v21
from tests.station.stage import Stage

PERIODS = Sequence[tuple[float, ...]]
"""(start_s, limit) or (start_s, limit, phases)."""


def profile(stage: Stage, periods: PERIODS, **said: Any) -> dict[str, Any]:
    """A profile as it stands on the wire; ``said`` adds members or replaces them.

    ``schedule`` does so in its schedule. Without more it is a relative TxDefaultProfile in amperes.
    """
    is_1x = stage.version.newest_of_family == "1.6"
    schedule: dict[str, Any] = {"chargingRateUnit": "A"}
    schedule["chargingSchedulePeriod"] = [
        dict(zip(("startPeriod", "limit", "numberPhases"), each, strict=False)) for each in periods
    ]
    if not is_1x:
        schedule["id"] = 1
    schedule |= said.pop("schedule", {})
    purpose = said.pop("purpose", "TxDefaultProfile")
    if is_1x and purpose == "ChargingStationMaxProfile":
        purpose = "ChargePointMaxProfile"
    found = {
        "chargingProfileId" if is_1x else "id": said.pop("id", 1),
        "stackLevel": said.pop("level", 0),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": said.pop("kind", "Relative"),
        "chargingSchedule": schedule if is_1x else [schedule],
    }
    if purpose == "TxProfile":
        transaction = stage.core.evse(1).transaction
        if transaction is not None:
            found["transactionId"] = transaction.wire_id if is_1x else transaction.id
    found |= said
    return {key: each for key, each in found.items() if each is not None}


def install(stage: Stage, evse_id: int, periods: PERIODS, **said: Any) -> str:
    """Send SetChargingProfile; the status, in 2.x with the reason behind a colon."""
    sent = profile(stage, periods, **said)
    request: v16.SetChargingProfileRequest | v21.SetChargingProfileRequest
    if stage.core.is_1x:
        wire = {"connectorId": evse_id, "csChargingProfiles": sent}
        request = msgspec.convert(wire, v16.SetChargingProfileRequest, strict=False)
    else:
        wire = {"evseId": evse_id, "chargingProfile": sent}
        request = msgspec.convert(wire, v21.SetChargingProfileRequest, strict=False)
    answer = stage.ask(request)
    assert isinstance(answer, v16.SetChargingProfileResponse | v21.SetChargingProfileResponse)
    if isinstance(answer, v21.SetChargingProfileResponse) and answer.status_info:
        return f"{answer.status.value}: {answer.status_info.reason_code}"
    return answer.status.value


def clear(stage: Stage, **criteria: Any) -> str:
    """Send ClearChargingProfile with ``id``, ``evse_id``, ``purpose`` and ``level``."""
    profile_id = criteria.pop("id", msgspec.UNSET)
    evse_id = criteria.pop("evse_id", msgspec.UNSET)
    purpose, level = criteria.pop("purpose", None), criteria.pop("level", msgspec.UNSET)
    request: v16.ClearChargingProfileRequest | v21.ClearChargingProfileRequest
    if stage.core.is_1x:
        request = v16.ClearChargingProfileRequest(
            id=profile_id,
            connector_id=evse_id,
            charging_profile_purpose=(
                v16.ChargingProfilePurposeType(purpose) if purpose else msgspec.UNSET
            ),
            stack_level=level,
        )
    else:
        named = v21.ChargingProfilePurposeEnumType(purpose) if purpose else msgspec.UNSET
        request = v21.ClearChargingProfileRequest(
            charging_profile_id=profile_id,
            charging_profile_criteria=v21.ClearChargingProfileType(
                evse_id=evse_id, charging_profile_purpose=named, stack_level=level
            ),
        )
    return str(getattr(stage.ask(request), "status", ""))


Rows = list[tuple[int, float, int | None]]


def composite(
    stage: Stage, evse_id: int, duration_s: int, unit: str | None = None
) -> tuple[str, datetime, int, Rows] | None:
    """Send GetCompositeSchedule: unit, start, duration and periods; None if it is rejected."""
    said: dict[str, Any] = {"duration": duration_s}
    if unit is not None:
        said["chargingRateUnit"] = unit
    if stage.core.is_1x:
        answer = stage.ask(
            msgspec.convert(said | {"connectorId": evse_id}, v16.GetCompositeScheduleRequest)
        )
        assert isinstance(answer, v16.GetCompositeScheduleResponse)
        if answer.status == "Rejected":
            return None
        assert answer.connector_id == evse_id
        found: Any = answer.charging_schedule
        start: Any = answer.schedule_start
    else:
        answer2 = stage.ask(
            msgspec.convert(said | {"evseId": evse_id}, v21.GetCompositeScheduleRequest)
        )
        assert isinstance(answer2, v21.GetCompositeScheduleResponse)
        if answer2.status == "Rejected":
            return None
        found = answer2.schedule
        assert found.evse_id == evse_id
        start = found.schedule_start
    rows = [
        (each.start_period, float(each.limit), each.number_phases or None)
        for each in found.charging_schedule_period
    ]
    return found.charging_rate_unit.value, start, found.duration, rows
