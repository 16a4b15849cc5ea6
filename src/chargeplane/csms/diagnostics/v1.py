"""Logs as 1.x says it: GetDiagnostics, and GetLog of the 1.6 security whitepaper."""

from __future__ import annotations

from typing import Final

from chargeplane.csms.contract import Ask, Decision, Heard, Station
from chargeplane.csms.diagnostics.service import Diagnostics
from chargeplane.csms.exchange import FileAddress
from chargeplane.csms.outcomes import outcome_of
from chargeplane.domain.commands import Accepted, GetLog, LogKind, Refused, Unsupported
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET, given

__all__ = ["Handlers"]

_DONE: Final = frozenset({"Accepted", "AcceptedCanceled"})
_DIAGNOSTICS: Final = v16.DiagnosticsStatusNotificationResponse()
_LOG: Final = v16.LogStatusNotificationResponse()


class Handlers:
    """What a 1.x station may say, and what is asked of it."""

    def __init__(self, service: Diagnostics) -> None:
        self._service = service

    async def diagnostics_status(self, heard: Heard) -> Decision:
        """DiagnosticsStatusNotification (1.6, 4.3)."""
        request: v16.DiagnosticsStatusNotificationRequest = heard.request
        return await self._service.progress.hear(heard, None, str(request.status), _DIAGNOSTICS)

    async def log_status(self, heard: Heard) -> Decision:
        """LogStatusNotification (whitepaper). Without a request id it can only be idle."""
        request: v16.LogStatusNotificationRequest = heard.request
        if request.request_id is UNSET:
            return Decision(_LOG, durable=False)
        return await self._service.progress.hear(
            heard, request.request_id, str(request.status), _LOG
        )

    async def get_log(self, station: Station, command: GetLog) -> Ask | Unsupported:
        """GetDiagnostics (1.6, 5.8) or GetLog."""
        retry_interval = UNSET if command.retry_interval_s is None else command.retry_interval_s

        def diagnostics(address: FileAddress, _: int) -> v16.GetDiagnosticsRequest:
            return v16.GetDiagnosticsRequest(
                location=f"{address.url}/",  # a directory: the station names the file
                start_time=command.oldest_at or UNSET,
                stop_time=command.latest_at or UNSET,
                retries=command.retries,
                retry_interval=retry_interval,
            )

        def security(address: FileAddress, request_id: int) -> v16.GetLogRequest:
            return v16.GetLogRequest(
                log=v16.LogParametersType(
                    remote_location=address.url,
                    oldest_timestamp=command.oldest_at or UNSET,
                    latest_timestamp=command.latest_at or UNSET,
                ),
                log_type=v16.LogEnumType.SECURITY_LOG,
                request_id=request_id,
                retries=command.retries,
                retry_interval=retry_interval,
            )

        if command.kind is LogKind.DIAGNOSTICS:
            return await self._service.ask(station, command, diagnostics, _sent, has_id=False)
        if command.kind is LogKind.SECURITY:
            return await self._service.ask(station, command, security, _answered)
        return Unsupported(reason=f"OCPP {station.version} has no log of its data collector")


def _sent(response: v16.GetDiagnosticsResponse) -> Accepted | Refused:
    """There is no status. No name of a file says that there is nothing to send (1.6, 6.26)."""
    outcome = outcome_of(response)
    if given(response.file_name) or isinstance(outcome, Refused):
        return outcome
    reason = "the station names no file: it may have nothing to send"
    return Accepted(status=outcome.status, reason=reason, response=outcome.response)


def _answered(response: v16.GetLogResponse) -> Accepted | Refused:
    return outcome_of(response, _DONE)
