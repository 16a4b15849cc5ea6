"""Firmware as 2.x says it: UpdateFirmware with or without a signature (L01, L02)."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.firmware.images import may_sign
from chargeplane.station.firmware.updating import RETRY_S, Job, Updating
from chargeplane.station.hub import Hub
from chargeplane.station.keystore import MANUFACTURER
from chargeplane.station.signals import SecurityEventWanted

__all__ = ["install"]

_Status = v21.UpdateFirmwareStatusEnumType


def install(hub: Hub) -> None:
    """Answer what 2.x asks of this block."""
    updating = Updating(hub, partial(_tell, hub))
    hub.answers(v21.UpdateFirmwareRequest, partial(_update, hub, updating))


def _tell(hub: Hub, status: str, request_id: int | None) -> None:
    hub.ask(
        v21.FirmwareStatusNotificationRequest(
            status=v21.FirmwareStatusEnumType(status),
            request_id=UNSET if request_id is None else request_id,
        ),
        early=True,
    )


def _update(
    hub: Hub, updating: Updating, request: v21.UpdateFirmwareRequest
) -> v21.UpdateFirmwareResponse:
    firmware = request.firmware
    certificate = given(firmware.signing_certificate) or ""
    roots = hub.keys.roots(MANUFACTURER)
    if certificate and not may_sign(certificate, roots, hub.time()):  # L01.FR.22, L01.FR.02
        event = SecurityEventWanted("InvalidFirmwareSigningCertificate", firmware.location)
        hub.afterwards(lambda: hub.tell(event))
        return v21.UpdateFirmwareResponse(status=_Status.INVALID_CERTIFICATE)
    cancels = updating.begin(
        Job(
            firmware.location,
            firmware.retrieve_date_time,
            request.request_id,
            given(firmware.install_date_time),
            given(request.retries) or 0,
            given(request.retry_interval) or RETRY_S,
            certificate,
            given(firmware.signature) or "",
        )
    )
    status = _Status.ACCEPTED_CANCELED if cancels else _Status.ACCEPTED
    return v21.UpdateFirmwareResponse(status=status)
