"""Transactions as 1.x says them: StartTransaction, StopTransaction, MeterValues in between."""

from __future__ import annotations

import msgspec

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET, Request
from chargeplane.station.conversation import Outcome
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.outbox import Entry
from chargeplane.station.sampled_values import context_of, meter_value_1x
from chargeplane.station.signals import Cause, TokenInfoHeard, TokenRefused
from chargeplane.station.tokens_1x import known_of_1x
from chargeplane.station.transaction import Transaction
from chargeplane.station.transactions.records import Records

__all__ = ["UNKNOWN_ID", "Teller"]

UNKNOWN_ID = -1
"""The transaction id of a StopTransaction whose StartTransaction was given up."""

_REASONS = {
    Cause.UNPLUGGED: v16.Reason.EV_DISCONNECTED,
    Cause.LOCAL_STOP: v16.Reason.LOCAL,
    Cause.REMOTE_STOP: v16.Reason.REMOTE,
    Cause.RESET_HARD: v16.Reason.HARD_RESET,
    Cause.RESET_SOFT: v16.Reason.SOFT_RESET,
    Cause.REBOOTED: v16.Reason.REBOOT,
    Cause.POWER_LOST: v16.Reason.POWER_LOSS,
    Cause.MASTER_PASS: v16.Reason.LOCAL,
    Cause.UNLOCKED: v16.Reason.UNLOCK_COMMAND,
    Cause.DEAUTHORIZED: v16.Reason.DE_AUTHORIZED,
}


class Teller:
    """Tells of transactions."""

    start_points: frozenset[str] | None = frozenset({"PowerPathClosed"})
    stop_points: frozenset[str] | None = frozenset({"Authorized", "EVConnected"})

    def __init__(self, hub: Hub, records: Records) -> None:
        self._hub = hub
        self._records = records
        hub.outbox.carries(v16.StartTransactionRequest, self._on_start_answer)
        hub.outbox.carries(v16.MeterValuesRequest, self._on_end, self._with_id)
        hub.outbox.carries(v16.StopTransactionRequest, self._on_end, self._with_id)

    def started(self, evse: Evse, transaction: Transaction, _cause: Cause) -> None:
        hub = self._hub
        assert transaction.token is not None
        request = v16.StartTransactionRequest(
            connector_id=evse.id,
            id_tag=transaction.token.value,
            timestamp=transaction.started_at,
            meter_start=transaction.meter_start_wh,
            reservation_id=UNSET
            if transaction.reservation_id is None
            else transaction.reservation_id,
        )
        begun = self._meter_value(evse, "Transaction.Begin")
        if begun is not None:
            transaction.begun = msgspec.json.encode(begun).decode()
        self._records.keep(transaction)
        hub.outbox.put(Entry(request, transaction.id))

    def _on_start_answer(self, entry: Entry, outcome: Outcome) -> None:
        transaction = self._records.find(entry.transaction_id)
        if transaction is None or not isinstance(outcome, v16.StartTransactionResponse):
            return
        transaction.wire_id = outcome.transaction_id
        info = outcome.id_tag_info
        transaction.group_id = info.parent_id_tag or transaction.group_id
        self._records.keep(transaction)
        if transaction.token is not None:
            self._hub.tell(TokenInfoHeard(known_of_1x(transaction.token, info)))
        refused = info.status is not v16.AuthorizationStatus.ACCEPTED
        if refused and not transaction.has_ended:
            self._hub.tell(TokenRefused(transaction.evse_id))

    def _with_id(self, entry: Entry) -> Request:
        """The id that the central system gave meanwhile (1.6 section 4.8)."""
        transaction = self._records.find(entry.transaction_id)
        if transaction is None or transaction.wire_id is None:
            return entry.request
        return msgspec.structs.replace(entry.request, transaction_id=transaction.wire_id)

    def _on_end(self, entry: Entry, outcome: Outcome) -> None:
        if not isinstance(entry.request, v16.StopTransactionRequest):
            return
        self._records.tidy()
        info = outcome.id_tag_info if isinstance(outcome, v16.StopTransactionResponse) else UNSET
        if info and entry.request.id_tag:
            self._hub.tell(TokenInfoHeard(known_of_1x(IdToken(entry.request.id_tag), info)))

    def updated(
        self, evse: Evse, transaction: Transaction, cause: Cause, *, sampled: bool = False
    ) -> None:
        if not sampled:
            return  # 1.x tells of it with StatusNotification alone
        hub = self._hub
        aligned = cause is Cause.CLOCK
        component = "AlignedDataCtrlr" if aligned else "SampledDataCtrlr"
        variable = "Measurands" if aligned else "TxUpdatedMeasurands"
        readings = evse.readings(hub.variables.words(component, variable), hub.rng)
        if not readings:
            return
        values = [meter_value_1x(hub.time(), readings, context_of(cause))]
        request = v16.MeterValuesRequest(connector_id=evse.id, meter_value=values)
        hub.outbox.put(Entry(request, transaction.id, droppable=True))

    def ended(
        self, evse: Evse, transaction: Transaction, cause: Cause, token: IdToken | None
    ) -> None:
        begun = transaction.begun
        values = [
            msgspec.json.decode(begun, type=v16.MeterValue) if begun else None,
            self._meter_value(evse, "Transaction.End"),
        ]
        request = v16.StopTransactionRequest(
            transaction_id=UNKNOWN_ID,
            id_tag=token.value if token else UNSET,
            timestamp=self._hub.time(),
            meter_stop=evse.register_wh,
            reason=_REASONS.get(cause, v16.Reason.OTHER),
            transaction_data=[each for each in values if each is not None] or UNSET,
        )
        request = self._hub.completed(request, evse)
        transaction.has_ended = True
        self._records.keep(transaction)
        self._hub.outbox.put(Entry(request, transaction.id))

    def _meter_value(self, evse: Evse, context: str) -> v16.MeterValue | None:
        hub = self._hub
        measurands = hub.variables.words("SampledDataCtrlr", "TxEndedMeasurands")
        readings = evse.readings(measurands, hub.rng)
        return meter_value_1x(hub.time(), readings, context) if readings else None
