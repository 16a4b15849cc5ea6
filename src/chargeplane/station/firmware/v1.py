"""Firmware as 1.x says it: UpdateFirmware, and SignedUpdateFirmware of the security whitepaper."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET, Request, given
from chargeplane.station.firmware.images import may_sign
from chargeplane.station.firmware.updating import RETRY_S, Job, Updating
from chargeplane.station.hub import Hub
from chargeplane.station.keystore import MANUFACTURER
from chargeplane.station.signals import SecurityEventWanted

__all__ = ["install"]

_Status = v16.UpdateFirmwareStatusEnumType
_PLAIN = {each.value for each in v16.FirmwareStatus}


def install(hub: Hub) -> None:
    """Answer what 1.x asks of this block."""
    updating = Updating(hub, partial(_tell, hub))
    hub.answers(v16.UpdateFirmwareRequest, partial(_update, updating))
    hub.answers(v16.SignedUpdateFirmwareRequest, partial(_update_signed, hub, updating))


def _tell(hub: Hub, status: str, request_id: int | None) -> None:
    """Signed updates have ids and more words."""
    request: Request
    if request_id is not None:
        request = v16.SignedFirmwareStatusNotificationRequest(
            status=v16.FirmwareStatusEnumType(status), request_id=request_id
        )
    elif status in _PLAIN:
        request = v16.FirmwareStatusNotificationRequest(status=v16.FirmwareStatus(status))
    elif status == "InstallVerificationFailed":
        request = v16.FirmwareStatusNotificationRequest(
            status=v16.FirmwareStatus.INSTALLATION_FAILED
        )
    else:
        return
    hub.ask(request, early=True)


def _update(updating: Updating, request: v16.UpdateFirmwareRequest) -> v16.UpdateFirmwareResponse:
    updating.begin(
        Job(
            request.location,
            request.retrieve_date,
            retries=given(request.retries) or 0,
            retry_s=given(request.retry_interval) or RETRY_S,
        )
    )
    return v16.UpdateFirmwareResponse()


def _update_signed(
    hub: Hub, updating: Updating, request: v16.SignedUpdateFirmwareRequest
) -> v16.SignedUpdateFirmwareResponse:
    firmware = request.firmware
    if not may_sign(firmware.signing_certificate, hub.keys.roots(MANUFACTURER), hub.time()):
        event = SecurityEventWanted("InvalidFirmwareSigningCertificate", firmware.location)
        hub.afterwards(lambda: hub.tell(event))
        return v16.SignedUpdateFirmwareResponse(status=_Status.INVALID_CERTIFICATE)
    cancels = updating.begin(
        Job(
            firmware.location,
            firmware.retrieve_date_time,
            request.request_id,
            None if firmware.install_date_time is UNSET else firmware.install_date_time,
            given(request.retries) or 0,
            given(request.retry_interval) or RETRY_S,
            firmware.signing_certificate,
            firmware.signature,
        )
    )
    status = _Status.ACCEPTED_CANCELED if cancels else _Status.ACCEPTED
    return v16.SignedUpdateFirmwareResponse(status=status)
