"""Firmware as 2.x says it: UpdateFirmware, with a signature (L01) or without (L02)."""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.firmware.service import Firmware, Say, Sent
from chargeplane.csms.outcomes import outcome_of
from chargeplane.domain.commands import Accepted, Refused, Unsupported, UpdateFirmware
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, Response

__all__ = ["Handlers"]

_DONE: Final = frozenset({"Accepted", "AcceptedCanceled"})
_RESPONSE: Final = v21.FirmwareStatusNotificationResponse()


class Handlers:
    """What a 2.x station may say, and what is asked of it."""

    def __init__(self, service: Firmware) -> None:
        self._service = service

    async def status(self, heard: Heard) -> Decision:
        """FirmwareStatusNotification. Without a request id it can only be idle (L01.FR.20)."""
        request: v21.FirmwareStatusNotificationRequest = heard.request
        if request.request_id is UNSET:
            return Decision(_RESPONSE, durable=False)
        return await self._service.progress.hear(
            heard, request.request_id, str(request.status), _RESPONSE
        )

    async def update(self, station: Station, command: UpdateFirmware) -> Ask | Unsupported:
        """UpdateFirmware."""
        return await self._service.ask(station, command, True, _say, _read, lambda _: True)


def _say(is_signed: bool) -> Say:
    def say(sent: Sent) -> v21.UpdateFirmwareRequest:
        image, update = sent.image, sent.update
        return v21.UpdateFirmwareRequest(
            retries=update.retries,
            retry_interval=UNSET if update.retry_interval_s is None else update.retry_interval_s,
            request_id=sent.request_id,
            firmware=v21.FirmwareType(
                location=sent.address.url,
                retrieve_date_time=update.retrieve_at,
                install_date_time=update.install_at or UNSET,
                signing_certificate=(image.signing_certificate if is_signed else None) or UNSET,
                signature=(image.signature if is_signed else None) or UNSET,
            ),
        )

    return say


def _read(response: Response) -> Accepted | Refused:
    return outcome_of(response, _DONE)
