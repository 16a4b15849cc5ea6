"""OCPP 1.x: StartTransaction, StopTransaction, and the MeterValues of transactions.

1.6 4.7, 4.8, 4.10: these are answered whatever they contain, since a station repeats what is not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from chargeplane.csms.contract import Authorize, Decision, FindRemoteStart, Handler, Heard
from chargeplane.csms.meter_values_v1 import values_of
from chargeplane.csms.token_info import id_tag_info, token_of_1x
from chargeplane.csms.transactions.deciding import decided, decision
from chargeplane.csms.transactions.service import Taken, Transactions
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.domain.metering import BEGIN, END, MeterValue
from chargeplane.domain.tokens import Authorization, IdToken
from chargeplane.domain.transactions import StopReason
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import Request, given

__all__ = ["TransactionsV1"]

_R = v16.Reason
_REASONS: Final = {
    _R.EMERGENCY_STOP: StopReason.EMERGENCY_STOP,
    _R.EV_DISCONNECTED: StopReason.EV_DISCONNECTED,
    _R.HARD_RESET: StopReason.HARD_RESET,
    _R.LOCAL: StopReason.LOCAL,
    _R.OTHER: StopReason.OTHER,
    _R.POWER_LOSS: StopReason.POWER_LOSS,
    _R.REBOOT: StopReason.REBOOT,
    _R.REMOTE: StopReason.REMOTE,
    _R.SOFT_RESET: StopReason.SOFT_RESET,
    _R.UNLOCK_COMMAND: StopReason.UNLOCK_COMMAND,
    _R.DE_AUTHORIZED: StopReason.DEAUTHORIZED,
}


class TransactionsV1:
    """The handlers for 1.x."""

    def __init__(
        self, transactions: Transactions, authorize: Authorize, remote_start: FindRemoteStart
    ) -> None:
        self._transactions = transactions
        self._authorize = authorize
        self._remote_start = remote_start

    @property
    def handlers(self) -> Mapping[type[Request], Handler]:
        """By request. MeterValues are shared with the block metering: see ``meter_values``."""
        return {v16.StartTransactionRequest: self.start, v16.StopTransactionRequest: self.stop}

    async def start(self, heard: Heard) -> Decision:
        """StartTransaction: every one is kept, also of a token that may not charge."""
        request: v16.StartTransactionRequest = heard.request
        station, token = heard.station, token_of_1x(heard.whole("$.idTag", request.id_tag))
        evse = EvseAddress.of_connector(request.connector_id)
        entry = _entry(
            heard,
            EntryKind.STARTED,
            request.timestamp,
            evse=evse,
            id_token=token,
            meter_values=(_register(request.timestamp, request.meter_start, BEGIN),),
            reservation_id=_text(given(request.reservation_id)),
        )
        # The key does not contain the id, which is our answer (``domain.ledger.entry``).
        got = await self._transactions.given(station, entry.key)
        remote_start_id: str | None = None
        if got is None:
            authorization = await self._authorize(station, token, evse)
            got = await self._transactions.give(
                station, entry.key, authorization.status, heard.received_at
            )
            remote_start_id = self._remote_start(station, token, evse, None)
        else:
            # It repeats a start that it has no answer to, and gets that answer. What has caused it
            # was found the first time: a remote start that waits now is not for this one.
            authorization = Authorization(got.status)
        entry = replace(entry, transaction_id=str(got.wire_id))
        taken = self._transactions.take(heard, entry, remote_start_id=remote_start_id)
        response = v16.StartTransactionResponse(
            transaction_id=got.wire_id, id_tag_info=id_tag_info(authorization)
        )
        return await decided(response, taken)

    def stop(self, heard: Heard) -> Decision | Awaitable[Decision]:
        """StopTransaction: never refused, whatever it names."""
        request: v16.StopTransactionRequest = heard.request
        id_tag, reason = given(request.id_tag), given(request.reason)
        register = _register(request.timestamp, request.meter_stop, END)
        entry = _entry(
            heard,
            EntryKind.ENDED,
            request.timestamp,
            transaction_id=str(request.transaction_id),
            id_token=None if id_tag is None else token_of_1x(id_tag),
            meter_values=(register, *values_of(given(request.transaction_data) or ())),
            stop_reason=_REASONS[reason or _R.LOCAL],  # 1.6 4.8: left out, it is Local
        )
        taken = self._transactions.take(heard, entry)
        token = entry.id_token
        is_whole = token is not None and heard.whole("$.idTag", token.value) == token.value
        if token is None or not token.is_known or not is_whole:
            return decision(v16.StopTransactionResponse(), taken)  # 1.6, 6.50: the info is optional
        return self._with_token(heard, entry, token, taken)

    async def _with_token(
        self,
        heard: Heard,
        entry: LedgerEntry,
        token: IdToken,
        taken: Taken | Awaitable[Taken],
    ) -> Decision:
        """A stop is never refused. The station is told how its token stands (1.6, 4.10)."""
        authorization = await self._authorize(
            heard.station, token, wire_id=entry.transaction_id, starts=False
        )
        response = v16.StopTransactionResponse(id_tag_info=id_tag_info(authorization))
        return await decided(response, taken)

    def meter_values(self, heard: Heard) -> Decision | Awaitable[Decision | None]:
        """MeterValues of a transaction; None if they name none and none goes on there."""
        request: v16.MeterValuesRequest = heard.request
        values = values_of(request.meter_value)
        transaction_id = given(request.transaction_id)
        entry = _entry(
            heard,
            EntryKind.METER,
            values[0].sampled_at if values else heard.received_at,
            transaction_id=_text(transaction_id),
            evse=EvseAddress.of_connector(request.connector_id),
            meter_values=values,
        )
        if transaction_id is None:
            return self._unnamed(heard, entry)
        return decision(v16.MeterValuesResponse(), self._transactions.take(heard, entry))

    async def _unnamed(self, heard: Heard, entry: LedgerEntry) -> Decision | None:
        wire_id = await self._transactions.going_on_at(heard, entry)
        if wire_id is None:
            return None
        taken = self._transactions.take(heard, replace(entry, transaction_id=wire_id, key=""))
        return await decided(v16.MeterValuesResponse(), taken)


def _entry(heard: Heard, kind: EntryKind, reported_at: datetime, **said: Any) -> LedgerEntry:
    return LedgerEntry(
        tenant_id=heard.station.tenant,
        station_id=heard.station.id,
        family=1,
        kind=kind,
        reported_at=reported_at,
        received_at=heard.received_at,
        frame_id=heard.frame,
        **said,
    )


def _register(at: datetime, value_wh: int, context: str) -> MeterValue:
    """``meterStart`` or ``meterStop``, which are Wh by definition."""
    return MeterValue(sampled_at=at, value=Decimal(value_wh), context=context)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
