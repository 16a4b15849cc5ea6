"""OCPP 2.x: TransactionEvent (block E)."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Final

from msgspec.structs import replace

from chargeplane.csms.contract import Authorize, Decision, FindRemoteStart, Handler, Heard
from chargeplane.csms.meter_values_v2 import values_of
from chargeplane.csms.token_info import id_token_info, token_of_2x
from chargeplane.csms.transactions.deciding import decided, decision
from chargeplane.csms.transactions.service import Taken, Transactions
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import ChargingState, StopReason
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import Request, given
from chargeplane.runtime.store import storable

__all__ = ["TransactionsV2"]

_K = v21.TransactionEventEnumType
_KINDS: Final = {
    _K.STARTED: EntryKind.STARTED,
    _K.UPDATED: EntryKind.UPDATED,
    _K.ENDED: EntryKind.ENDED,
}
_C = v21.ChargingStateEnumType
_CHARGING: Final = {
    _C.IDLE: ChargingState.IDLE,
    _C.EV_CONNECTED: ChargingState.EV_CONNECTED,
    _C.CHARGING: ChargingState.CHARGING,
    _C.SUSPENDED_EV: ChargingState.SUSPENDED_EV,
    _C.SUSPENDED_EVSE: ChargingState.SUSPENDED_EVSE,
}
_R = v21.ReasonEnumType
_REASONS: Final = {
    _R.DE_AUTHORIZED: StopReason.DEAUTHORIZED,
    _R.EMERGENCY_STOP: StopReason.EMERGENCY_STOP,
    _R.ENERGY_LIMIT_REACHED: StopReason.ENERGY_LIMIT_REACHED,
    _R.EV_DISCONNECTED: StopReason.EV_DISCONNECTED,
    _R.GROUND_FAULT: StopReason.GROUND_FAULT,
    _R.IMMEDIATE_RESET: StopReason.IMMEDIATE_RESET,
    _R.LOCAL: StopReason.LOCAL,
    _R.LOCAL_OUT_OF_CREDIT: StopReason.LOCAL_OUT_OF_CREDIT,
    _R.MASTER_PASS: StopReason.MASTER_PASS,
    _R.OTHER: StopReason.OTHER,
    _R.OVERCURRENT_FAULT: StopReason.OVERCURRENT_FAULT,
    _R.POWER_LOSS: StopReason.POWER_LOSS,
    _R.POWER_QUALITY: StopReason.POWER_QUALITY,
    _R.REBOOT: StopReason.REBOOT,
    _R.REMOTE: StopReason.REMOTE,
    _R.REQ_ENERGY_TRANSFER_REJECTED: StopReason.ENERGY_TRANSFER_REJECTED,
    _R.SOC_LIMIT_REACHED: StopReason.SOC_LIMIT_REACHED,
    _R.STOPPED_BY_EV: StopReason.STOPPED_BY_EV,
    _R.TIME_LIMIT_REACHED: StopReason.TIME_LIMIT_REACHED,
    _R.TIMEOUT: StopReason.TIMEOUT,
}
TRANSACTION_ID_LENGTH_MAX: Final = 255
"""More than the 36 characters of the standard, which not all stations keep to."""
_NOTHING: Final = v21.TransactionEventResponse()
_T = v21.TriggerReasonEnumType
_BEGINS: Final = frozenset({_T.AUTHORIZED, _T.REMOTE_START})
"""Why a token is shown that begins to charge, also where the transaction began with the cable
(E02.FR.20, F02.FR.21). All others go on, or stop."""


class TransactionsV2:
    """The handler for 2.x."""

    def __init__(
        self, transactions: Transactions, authorize: Authorize, remote_start: FindRemoteStart
    ) -> None:
        self._transactions = transactions
        self._authorize = authorize
        self._remote_start = remote_start

    @property
    def handlers(self) -> Mapping[type[Request], Handler]:
        """By request."""
        return {v21.TransactionEventRequest: self.event}

    def event(self, heard: Heard) -> Decision | Awaitable[Decision]:
        """TransactionEvent: never refused, whatever it says (E04.FR.03: it would be repeated)."""
        request: v21.TransactionEventRequest = heard.request
        id_token = given(request.id_token)
        token: IdToken | None = None
        if id_token is not None:
            token = token_of_2x(id_token, heard.whole("$.idToken.idToken", id_token.id_token))
        entry = _entry(heard, request, token)
        taken = self._take(heard, request, entry)
        if token is None:
            return decision(_NOTHING, taken)
        starts = entry.kind is EntryKind.STARTED or (
            entry.kind is EntryKind.UPDATED and request.trigger_reason in _BEGINS
        )
        return self._with_token(heard, entry, token, taken, starts=starts)

    async def meter_values(self, heard: Heard) -> Decision | None:
        """MeterValues of an EVSE, as of the transaction that goes on there; None if none does."""
        request: v21.MeterValuesRequest = heard.request
        values = values_of(request.meter_value)
        entry = LedgerEntry(
            tenant_id=heard.station.tenant,
            station_id=heard.station.id,
            family=2,
            kind=EntryKind.METER,
            reported_at=values[0].sampled_at,
            received_at=heard.received_at,
            frame_id=heard.frame,
            evse=EvseAddress(request.evse_id),
            meter_values=values,
        )
        wire_id = await self._transactions.going_on_at(heard, entry)
        if wire_id is None:
            return None
        taken = self._transactions.take(heard, replace(entry, transaction_id=wire_id, key=""))
        return await decided(v21.MeterValuesResponse(), taken)

    def _take(
        self, heard: Heard, request: v21.TransactionEventRequest, entry: LedgerEntry
    ) -> Taken | Awaitable[Taken]:
        info = request.transaction_info
        said = given(info.remote_start_id)
        remote_start_id = None if said is None else str(said)
        if remote_start_id and entry.id_token:
            remote_start_id = self._remote_start(
                heard.station, entry.id_token, entry.evse, remote_start_id
            )
        state = given(info.charging_state)
        return self._transactions.take(
            heard, entry, None if state is None else _CHARGING[state], remote_start_id
        )

    async def _with_token(
        self,
        heard: Heard,
        entry: LedgerEntry,
        token: IdToken,
        taken: Taken | Awaitable[Taken],
        *,
        starts: bool,
    ) -> Decision:
        """A token was shown, so the answer says how it stands (E05, C01; E01.FR.11)."""
        authorization = await self._authorize(
            heard.station,
            token,
            entry.evse,
            wire_id=entry.transaction_id,
            starts=starts,
        )
        response = v21.TransactionEventResponse(id_token_info=id_token_info(authorization))
        return await decided(response, taken)


def _whole_id(heard: Heard, transaction_id: str) -> str:
    """All of an id that is too long for the message: what is left of two may be the same."""
    return heard.whole("$.transactionInfo.transactionId", transaction_id)[
        :TRANSACTION_ID_LENGTH_MAX
    ]


def _entry(
    heard: Heard, request: v21.TransactionEventRequest, token: IdToken | None
) -> LedgerEntry:
    evse, info = given(request.evse), request.transaction_info
    reason, reservation_id = given(info.stopped_reason), given(request.reservation_id)
    kind = _KINDS[request.event_type]
    if reason is None and kind is EntryKind.ENDED:
        reason = _R.LOCAL  # 2.x Part 2, TransactionType: left out, it is Local
    return LedgerEntry(
        tenant_id=heard.station.tenant,
        station_id=heard.station.id,
        family=2,
        kind=kind,
        reported_at=request.timestamp,
        received_at=heard.received_at,
        frame_id=heard.frame,
        transaction_id=storable(_whole_id(heard, info.transaction_id)),
        seq_no=request.seq_no,
        evse=None if evse is None else EvseAddress(evse.id, given(evse.connector_id)),
        id_token=token,
        meter_values=values_of(given(request.meter_value) or ()),
        offline=bool(given(request.offline)),
        stop_reason=None if reason is None else _REASONS[reason],
        reservation_id=None if reservation_id is None else str(reservation_id),
    )
