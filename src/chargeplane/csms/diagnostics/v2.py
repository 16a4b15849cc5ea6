"""Logs as 2.x says it: GetLog (N01)."""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.diagnostics.service import Diagnostics
from chargeplane.csms.exchange import FileAddress
from chargeplane.csms.outcomes import outcome_of
from chargeplane.domain.commands import Accepted, GetLog, LogKind, Refused, Unsupported
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET

__all__ = ["Handlers"]

_DONE: Final = frozenset({"Accepted", "AcceptedCanceled"})
_RESPONSE: Final = v21.LogStatusNotificationResponse()
_KINDS: Final = {
    LogKind.DIAGNOSTICS: v21.LogEnumType.DIAGNOSTICS_LOG,
    LogKind.SECURITY: v21.LogEnumType.SECURITY_LOG,
    LogKind.DATA_COLLECTOR: v21.LogEnumType.DATA_COLLECTOR_LOG,
}


class Handlers:
    """What a 2.x station may say, and what is asked of it."""

    def __init__(self, service: Diagnostics) -> None:
        self._service = service

    async def log_status(self, heard: Heard) -> Decision:
        """LogStatusNotification (N01). Without a request id it can only be idle (N01.FR.13)."""
        request: v21.LogStatusNotificationRequest = heard.request
        if request.request_id is UNSET:
            return Decision(_RESPONSE, durable=False)
        return await self._service.progress.hear(
            heard, request.request_id, str(request.status), _RESPONSE
        )

    async def get_log(self, station: Station, command: GetLog) -> Ask | Unsupported:
        """GetLog (N01)."""
        if command.kind is LogKind.DATA_COLLECTOR and station.version is not Version.V2_1:
            return Unsupported(reason=f"OCPP {station.version} has no log of its data collector")

        def say(address: FileAddress, request_id: int) -> v21.GetLogRequest:
            return v21.GetLogRequest(
                log=v21.LogParametersType(
                    remote_location=address.url,
                    oldest_timestamp=command.oldest_at or UNSET,
                    latest_timestamp=command.latest_at or UNSET,
                ),
                log_type=_KINDS[command.kind],
                request_id=request_id,
                retries=command.retries,
                retry_interval=(
                    UNSET if command.retry_interval_s is None else command.retry_interval_s
                ),
            )

        return await self._service.ask(station, command, say, _answered)


def _answered(response: v21.GetLogResponse) -> Accepted | Refused:
    return outcome_of(response, _DONE)
