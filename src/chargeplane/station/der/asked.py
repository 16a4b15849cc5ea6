"""SetDERControl, GetDERControl, ClearDERControl and the reports (R04)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.der.controls import CONTROLS_MAX, Control, Controls, body_of
from chargeplane.station.device_model.feature_table import DER_MODES
from chargeplane.station.hub import Hub

__all__ = ["install"]

B = TypeVar("B")

REPORTED_MAX = 10
"""Controls of one ReportDERControl."""
_Status = v21.DERControlStatusEnumType
_CURVES = frozenset(
    {
        "FreqWatt",
        "HFMustTrip",
        "HVMustTrip",
        "LFMustTrip",
        "LVMustTrip",
        "VoltVar",
        "VoltWatt",
        "WattPF",
        "WattVar",
    }
)
_BODIES: Mapping[str, type] = {
    "EnterService": v21.EnterServiceType,
    "FreqDroop": v21.FreqDroopType,
    "FixedPFAbsorb": v21.FixedPFType,
    "FixedPFInject": v21.FixedPFType,
    "FixedVar": v21.FixedVarType,
    "LimitMaxDischarge": v21.LimitMaxDischargeType,
} | dict.fromkeys(_CURVES, v21.DERCurveType)


def install(hub: Hub, controls: Controls) -> None:
    """Answer what the central system asks of this block."""
    hub.answers(v21.SetDERControlRequest, partial(_set, hub, controls))
    hub.answers(v21.GetDERControlRequest, partial(_get, hub, controls))
    hub.answers(v21.ClearDERControlRequest, partial(_clear, hub, controls))


def _is_supported(hub: Hub, control_type: v21.DERControlEnumType) -> bool:
    inverters = any(each.spec.discharge_w_max > 0 for each in hub.evses.values())
    return inverters and control_type.value in DER_MODES


def _set(
    hub: Hub, controls: Controls, request: v21.SetDERControlRequest
) -> v21.SetDERControlResponse:
    if not _is_supported(hub, request.control_type):  # R04.FR.01
        return v21.SetDERControlResponse(status=_Status.NOT_SUPPORTED)
    body = body_of(request)
    good = isinstance(body, _BODIES[request.control_type.value])
    good = good and not (isinstance(body, v21.DERCurveType) and not body.curve_data)
    known = any(each.id == request.control_id for each in controls)
    if not good or (len(controls) >= CONTROLS_MAX and not known):
        info = v21.StatusInfoType(reason_code="InvalidValue" if not good else "OutOfMemory")
        return v21.SetDERControlResponse(status=_Status.REJECTED, status_info=info)
    superseded = controls.set(request)
    hub.afterwards(controls.follow)
    return v21.SetDERControlResponse(status=_Status.ACCEPTED, superseded_ids=superseded or UNSET)


def _get(
    hub: Hub, controls: Controls, request: v21.GetDERControlRequest
) -> v21.GetDERControlResponse:
    wanted_type, wanted_id = request.control_type, request.control_id
    if wanted_type and not _is_supported(hub, wanted_type):  # R04.FR.36
        return v21.GetDERControlResponse(status=_Status.NOT_SUPPORTED)
    found = [
        each
        for each in controls
        if request.is_default in {UNSET, each.is_default}
        and wanted_type in {UNSET, each.type}
        and wanted_id in {UNSET, each.id}
    ]
    if not found:  # R04.FR.30
        return v21.GetDERControlResponse(status=_Status.NOT_FOUND)
    parts = [found[start : start + REPORTED_MAX] for start in range(0, len(found), REPORTED_MAX)]

    def send(number: int, _outcome: Outcome | None = None) -> None:
        if number < len(parts):
            more = number + 1 < len(parts)  # R04.FR.32
            hub.ask(_report(parts[number], request.request_id, more), partial(send, number + 1))

    hub.afterwards(lambda: send(0))
    return v21.GetDERControlResponse(status=_Status.ACCEPTED)


def _clear(
    hub: Hub, controls: Controls, request: v21.ClearDERControlRequest
) -> v21.ClearDERControlResponse:
    wanted_type, wanted_id = request.control_type, request.control_id
    if wanted_type and not wanted_id and not _is_supported(hub, wanted_type):  # R04.FR.43
        return v21.ClearDERControlResponse(status=_Status.NOT_SUPPORTED)
    gone = [
        each
        for each in controls
        if each.is_default == request.is_default
        and wanted_type in {UNSET, each.type}
        and wanted_id in {UNSET, each.id}
    ]
    if not gone and (wanted_type or wanted_id):  # R04.FR.41, R04.FR.42
        return v21.ClearDERControlResponse(status=_Status.NOT_FOUND)
    controls.clear(gone)
    hub.afterwards(controls.follow)
    return v21.ClearDERControlResponse(status=_Status.ACCEPTED)


def _report(controls: list[Control], request_id: int, more: bool) -> v21.ReportDERControlRequest:
    curves = [
        v21.DERCurveGetType(curve=body, curve_type=each.type, **_standing(each))
        for each, body in _having(controls, v21.DERCurveType, *_CURVES)
    ]
    enters = [
        v21.EnterServiceGetType(enter_service=body, id=each.id)
        for each, body in _having(controls, v21.EnterServiceType, "EnterService")
    ]
    absorbing, injecting = (
        [
            v21.FixedPFGetType(fixed_pf=body, **_standing(each))
            for each, body in _having(controls, v21.FixedPFType, name)
        ]
        for name in ("FixedPFAbsorb", "FixedPFInject")
    )
    reactive = [
        v21.FixedVarGetType(fixed_var=body, **_standing(each))
        for each, body in _having(controls, v21.FixedVarType, "FixedVar")
    ]
    droops = [
        v21.FreqDroopGetType(freq_droop=body, **_standing(each))
        for each, body in _having(controls, v21.FreqDroopType, "FreqDroop")
    ]
    limits = [
        v21.LimitMaxDischargeGetType(limit_max_discharge=body, **_standing(each))
        for each, body in _having(controls, v21.LimitMaxDischargeType, "LimitMaxDischarge")
    ]
    return v21.ReportDERControlRequest(
        request_id=request_id,
        tbc=True if more else UNSET,
        curve=curves or UNSET,
        enter_service=enters or UNSET,
        fixed_pf_absorb=absorbing or UNSET,
        fixed_pf_inject=injecting or UNSET,
        fixed_var=reactive or UNSET,
        freq_droop=droops or UNSET,
        limit_max_discharge=limits or UNSET,
    )


def _having(controls: list[Control], kind: type[B], *types: str) -> Iterator[tuple[Control, B]]:
    """The controls of these types, each with its body."""
    for each in controls:
        if each.type.value in types and isinstance(each.body, kind):
            yield each, each.body


def _standing(control: Control) -> dict[str, Any]:
    """What a report says of every control but of EnterService."""
    return {
        "id": control.id,
        "is_default": control.is_default,
        "is_superseded": control.is_superseded,
    }
