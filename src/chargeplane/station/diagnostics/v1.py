"""Logs as 1.x says it: GetDiagnostics, and GetLog of the security whitepaper."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.diagnostics.uploading import RETRY_S, Uploading
from chargeplane.station.hub import Hub

__all__ = ["install"]

_Plain = v16.DiagnosticsStatus
_PLAIN = {"Uploading": _Plain.UPLOADING, "Uploaded": _Plain.UPLOADED, "Idle": _Plain.IDLE}
_Log = v16.LogStatusEnumType


def install(hub: Hub, uploading: Uploading) -> None:
    """Answer what 1.x asks of this block."""
    hub.answers(v16.GetDiagnosticsRequest, partial(_diagnostics, hub, uploading))
    hub.answers(v16.GetLogRequest, partial(_log, hub, uploading))
    uploading.idle = partial(_tell, hub, "Idle", None)


def _tell(hub: Hub, status: str, _request_id: int | None) -> None:
    """What 1.x has no word for has failed."""
    word = _PLAIN.get(status, _Plain.UPLOAD_FAILED)
    hub.ask(v16.DiagnosticsStatusNotificationRequest(status=word), early=True)


def _tell_log(hub: Hub, status: str, request_id: int | None) -> None:
    word = "UploadFailure" if status == "AcceptedCanceled" else status
    request = v16.LogStatusNotificationRequest(
        status=v16.UploadLogStatusEnumType(word),
        request_id=UNSET if request_id is None else request_id,
    )
    hub.ask(request, early=True)


def _diagnostics(
    hub: Hub, uploading: Uploading, request: v16.GetDiagnosticsRequest
) -> v16.GetDiagnosticsResponse:
    file_name, _ = uploading.begin(
        "diagnostics",
        request.location,
        partial(_tell, hub),
        retries=given(request.retries) or 0,
        retry_s=given(request.retry_interval) or RETRY_S,
    )
    return v16.GetDiagnosticsResponse(file_name=file_name)


def _log(hub: Hub, uploading: Uploading, request: v16.GetLogRequest) -> v16.GetLogResponse:
    file_name, cancels = uploading.begin(
        request.log_type.value.lower(),
        request.log.remote_location,
        partial(_tell_log, hub),
        request_id=request.request_id,
        retries=given(request.retries) or 0,
        retry_s=given(request.retry_interval) or RETRY_S,
    )
    status = _Log.ACCEPTED_CANCELED if cancels else _Log.ACCEPTED
    return v16.GetLogResponse(status=status, filename=file_name)
