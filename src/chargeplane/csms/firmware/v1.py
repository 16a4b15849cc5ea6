"""Firmware as 1.x says it: UpdateFirmware, and SignedUpdateFirmware of the security whitepaper.

Without a signature 1.x knows only when to fetch: a window for the installation is kept by fetching
no earlier than it begins (1.6, 5.19).
"""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.firmware.service import Firmware, Say, Sent
from chargeplane.csms.outcomes import outcome_of
from chargeplane.domain.commands import Accepted, Refused, Unsupported, UpdateFirmware
from chargeplane.ocpp import v16
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, Response, UnsetType

__all__ = ["Handlers"]

_DONE: Final = frozenset({"Accepted", "AcceptedCanceled"})
_PLAIN: Final = v16.FirmwareStatusNotificationResponse()
_SIGNED: Final = v16.SignedFirmwareStatusNotificationResponse()


class Handlers:
    """What a 1.x station may say, and what is asked of it."""

    def __init__(self, service: Firmware) -> None:
        self._service = service

    async def status(self, heard: Heard) -> Decision:
        """FirmwareStatusNotification (1.6, 4.5)."""
        request: v16.FirmwareStatusNotificationRequest = heard.request
        return await self._service.progress.hear(heard, None, str(request.status), _PLAIN)

    async def signed_status(self, heard: Heard) -> Decision:
        """SignedFirmwareStatusNotification. Without a request id it can only be idle."""
        request: v16.SignedFirmwareStatusNotificationRequest = heard.request
        if request.request_id is UNSET:
            return Decision(_SIGNED, durable=False)
        return await self._service.progress.hear(
            heard, request.request_id, str(request.status), _SIGNED
        )

    async def update(self, station: Station, command: UpdateFirmware) -> Ask | Unsupported:
        """UpdateFirmware or SignedUpdateFirmware."""
        can_sign = station.version is Version.V1_6
        return await self._service.ask(station, command, can_sign, _say, _read, bool)


def _say(is_signed: bool) -> Say:
    return _signed if is_signed else _plain


def _plain(sent: Sent) -> v16.UpdateFirmwareRequest:
    update = sent.update
    return v16.UpdateFirmwareRequest(
        location=sent.address.url,
        retrieve_date=max(update.retrieve_at, update.install_at or update.retrieve_at),
        retries=update.retries,
        retry_interval=_interval(sent),
    )


def _signed(sent: Sent) -> v16.SignedUpdateFirmwareRequest:
    image, update = sent.image, sent.update
    return v16.SignedUpdateFirmwareRequest(
        retries=update.retries,
        retry_interval=_interval(sent),
        request_id=sent.request_id,
        firmware=v16.FirmwareType(
            location=sent.address.url,
            retrieve_date_time=update.retrieve_at,
            install_date_time=update.install_at or UNSET,
            signing_certificate=image.signing_certificate or "",
            signature=image.signature or "",
        ),
    )


def _interval(sent: Sent) -> int | UnsetType:
    interval_s = sent.update.retry_interval_s
    return UNSET if interval_s is None else interval_s


def _read(response: Response) -> Accepted | Refused:
    """A plain answer has no status: the station does it (1.6, 6.54)."""
    return outcome_of(response, _DONE)
