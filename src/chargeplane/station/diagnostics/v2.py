"""Logs and customer information as 2.x says it (N01, N09)."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.diagnostics.uploading import RETRY_S, Uploading
from chargeplane.station.hub import Hub
from chargeplane.station.tokens_2x import token_of_2x

__all__ = ["install"]

DATA_CHARS_MAX = 512
"""Of one NotifyCustomerInformation."""
_Log = v21.LogStatusEnumType
_Customer = v21.CustomerInformationStatusEnumType


def install(hub: Hub, uploading: Uploading) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.GetLogRequest, partial(_log, hub, uploading))
    hub.answers(v21.CustomerInformationRequest, partial(_customer, hub))
    uploading.idle = partial(_tell, hub, "Idle", None)


def _tell(hub: Hub, status: str, request_id: int | None) -> None:
    if status == "AcceptedCanceled" and hub.version is not Version.V2_1:
        status = "UploadFailure"  # 2.0.1 as it was published has no other word
    request = v21.LogStatusNotificationRequest(
        status=v21.UploadLogStatusEnumType(status),
        request_id=UNSET if request_id is None else request_id,
    )
    hub.ask(request, early=True)


def _log(hub: Hub, uploading: Uploading, request: v21.GetLogRequest) -> v21.GetLogResponse:
    if request.log_type is v21.LogEnumType.DATA_COLLECTOR_LOG:
        return v21.GetLogResponse(status=_Log.REJECTED)  # N01.FR.05
    file_name, cancels = uploading.begin(
        request.log_type.value.lower(),
        request.log.remote_location,
        partial(_tell, hub),
        request_id=request.request_id,
        retries=given(request.retries) or 0,
        retry_s=given(request.retry_interval) or RETRY_S,
    )
    status = _Log.ACCEPTED_CANCELED if cancels else _Log.ACCEPTED
    return v21.GetLogResponse(status=status, filename=file_name)


def _customer(hub: Hub, request: v21.CustomerInformationRequest) -> v21.CustomerInformationResponse:
    """The station knows of a customer what it does for him at the moment, and keeps no more."""
    named = (request.id_token, request.customer_certificate, request.customer_identifier)
    if sum(each is not UNSET for each in named) != 1:  # N09.FR.09
        return v21.CustomerInformationResponse(status=_Customer.INVALID)
    if not request.report and not request.clear:  # N09.FR.07
        return v21.CustomerInformationResponse(status=_Customer.REJECTED)
    token = token_of_2x(request.id_token) if request.id_token else None
    found = [
        f"EVSE {evse.id}: transaction {evse.transaction.id} since {evse.transaction.started_at}"
        for evse in hub.transactions()
        if token and evse.transaction and evse.transaction.token
        if evse.transaction.token.same_as(token)
    ]
    text = "; ".join(found) or "no data"  # N09.FR.06
    parts = [text[start : start + DATA_CHARS_MAX] for start in range(0, len(text), DATA_CHARS_MAX)]

    def send() -> None:
        for number, part in enumerate(parts):
            hub.ask(
                v21.NotifyCustomerInformationRequest(
                    data=part,
                    tbc=True if number + 1 < len(parts) else UNSET,
                    seq_no=number,
                    generated_at=hub.time(),
                    request_id=request.request_id,
                )
            )

    hub.afterwards(send)
    return v21.CustomerInformationResponse(status=_Customer.ACCEPTED)
