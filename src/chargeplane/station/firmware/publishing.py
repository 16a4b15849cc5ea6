"""Images that a station hands on to others in its local network (L03, L04)."""

from __future__ import annotations

from functools import partial
from hashlib import md5

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.firmware.updating import RETRY_S
from chargeplane.station.hub import Hub
from chargeplane.station.signals.files import (
    DownloadWanted,
    PublishStatusWanted,
    PublishWanted,
    UnpublishWanted,
)

__all__ = ["PUBLISHED_MAX", "Publishing"]

PUBLISHED_MAX = 4
_Status = v21.PublishFirmwareStatusEnumType
_Un = v21.UnpublishFirmwareStatusEnumType


class Publishing:
    """Downloads, checks and publishes, and takes back again."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._published: dict[str, bytes] = {}
        """By MD5 checksum."""
        self._ongoing = ""
        self._last: tuple[v21.PublishFirmwareStatusEnumType, int] | None = None
        self._attempt = 0
        hub.answers(v21.PublishFirmwareRequest, self._on_publish)
        hub.answers(v21.UnpublishFirmwareRequest, self._on_unpublish)
        hub.hears(PublishStatusWanted, lambda _: self._tell_last())

    def _on_publish(self, request: v21.PublishFirmwareRequest) -> v21.PublishFirmwareResponse:
        full = len(self._published) >= PUBLISHED_MAX
        status = v21.GenericStatusEnumType.REJECTED
        if not self._ongoing and not full:
            status = v21.GenericStatusEnumType.ACCEPTED
            self._ongoing, self._attempt = request.checksum.lower(), 0
            self._hub.afterwards(partial(self._download, request))
        return v21.PublishFirmwareResponse(status=status)

    def _download(self, request: v21.PublishFirmwareRequest) -> None:
        self._attempt += 1
        self._tell(_Status.DOWNLOADING, request.request_id)
        self._hub.tell(DownloadWanted(request.location, partial(self._on_download, request)))

    def _on_download(self, request: v21.PublishFirmwareRequest, data: bytes | str) -> None:
        """L03.FR.06 to L03.FR.09."""
        request_id = request.request_id
        if isinstance(data, str):
            if self._attempt <= (given(request.retries) or 0):
                wait_s = given(request.retry_interval) or RETRY_S
                self._hub.after(wait_s, "publish", partial(self._download, request))
            else:
                self._end(_Status.DOWNLOAD_FAILED, request_id)
            return
        self._tell(_Status.DOWNLOADED, request_id)
        if md5(data, usedforsecurity=False).hexdigest() != self._ongoing:
            self._end(_Status.INVALID_CHECKSUM, request_id)
            return
        self._tell(_Status.CHECKSUM_VERIFIED, request_id)
        name, self._published[self._ongoing] = self._ongoing, data
        self._hub.tell(PublishWanted(name, data, partial(self._on_published, request_id)))

    def _on_published(self, request_id: int, addresses: list[str]) -> None:
        if addresses:
            self._end(_Status.PUBLISHED, request_id, addresses)
        else:
            self._published.pop(self._ongoing, None)
            self._end(_Status.PUBLISH_FAILED, request_id)

    def _on_unpublish(self, request: v21.UnpublishFirmwareRequest) -> v21.UnpublishFirmwareResponse:
        """L04; nobody is told whether others are downloading at the moment."""
        checksum = request.checksum.lower()
        if checksum == self._ongoing:
            return v21.UnpublishFirmwareResponse(status=_Un.DOWNLOAD_ONGOING)
        if self._published.pop(checksum, None) is None:
            return v21.UnpublishFirmwareResponse(status=_Un.NO_FIRMWARE)
        self._hub.tell(UnpublishWanted(checksum))
        return v21.UnpublishFirmwareResponse(status=_Un.UNPUBLISHED)

    def _end(
        self,
        status: v21.PublishFirmwareStatusEnumType,
        request_id: int,
        addresses: list[str] | None = None,
    ) -> None:
        self._ongoing = ""
        self._tell(status, request_id, addresses)

    def _tell(
        self,
        status: v21.PublishFirmwareStatusEnumType,
        request_id: int,
        addresses: list[str] | None = None,
    ) -> None:
        self._last = status, request_id
        self._hub.ask(
            v21.PublishFirmwareStatusNotificationRequest(
                status=status, location=addresses or UNSET, request_id=request_id
            )
        )

    def _tell_last(self) -> None:
        """L03.FR.10, L03.FR.11."""
        if self._last is None or self._last[0] is _Status.PUBLISHED:
            request = v21.PublishFirmwareStatusNotificationRequest(status=_Status.IDLE)
            self._hub.ask(request, early=True)
        else:
            self._tell(*self._last)
