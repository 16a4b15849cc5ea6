"""Transactions as 1.x says them: StartTransaction, StopTransaction, MeterValues in between."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.outbox import Entry
from chargeplane.station.sampled_values import context_of, meter_value_1x
from chargeplane.station.signals import Cause, StopWanted
from chargeplane.station.transaction import Transaction

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
    Cause.UNLOCKED: v16.Reason.UNLOCK_COMMAND,
    Cause.DEAUTHORIZED: v16.Reason.DE_AUTHORIZED,
}


class Teller:
    """Tells of transactions."""

    start_points: frozenset[str] | None = frozenset({"PowerPathClosed"})
    stop_points: frozenset[str] | None = frozenset({"Authorized", "EVConnected"})

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._begun: dict[str, v16.MeterValue] = {}

    def started(self, evse: Evse, transaction: Transaction, _cause: Cause) -> None:
        hub = self._hub
        assert transaction.token is not None
        request = v16.StartTransactionRequest(
            connector_id=evse.id,
            id_tag=transaction.token.value,
            timestamp=transaction.started_at,
            meter_start=transaction.meter_start_wh,
        )
        begun = self._meter_value(evse, "Transaction.Begin")
        if begun is not None:
            self._begun[transaction.id] = begun
        ended = partial(self._on_answer, evse, transaction)
        hub.outbox.put(Entry("StartTransaction", lambda: request, ended))

    def _on_answer(self, evse: Evse, transaction: Transaction, outcome: Outcome) -> None:
        if not isinstance(outcome, v16.StartTransactionResponse):
            return
        transaction.wire_id = outcome.transaction_id
        info = outcome.id_tag_info
        transaction.group_id = info.parent_id_tag or transaction.group_id
        refused = info.status is not v16.AuthorizationStatus.ACCEPTED
        stops = self._hub.variables.flag("TxCtrlr", "StopTxOnInvalidId")
        if refused and stops and evse.transaction is transaction:
            self._hub.tell(StopWanted(evse.id, Cause.DEAUTHORIZED))

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

        def build() -> v16.MeterValuesRequest:
            return v16.MeterValuesRequest(
                connector_id=evse.id,
                transaction_id=UNSET if transaction.wire_id is None else transaction.wire_id,
                meter_value=values,
            )

        hub.outbox.put(Entry("MeterValues", build, droppable=True))

    def ended(
        self, evse: Evse, transaction: Transaction, cause: Cause, token: IdToken | None
    ) -> None:
        at, meter_stop = self._hub.time(), evse.register_wh
        values = [self._begun.pop(transaction.id, None), self._meter_value(evse, "Transaction.End")]
        data = [each for each in values if each is not None]

        def build() -> v16.StopTransactionRequest:
            return v16.StopTransactionRequest(
                transaction_id=UNKNOWN_ID if transaction.wire_id is None else transaction.wire_id,
                id_tag=token.value if token else UNSET,
                timestamp=at,
                meter_stop=meter_stop,
                reason=_REASONS.get(cause, v16.Reason.OTHER),
                transaction_data=data or UNSET,
            )

        self._hub.outbox.put(Entry("StopTransaction", build))

    def _meter_value(self, evse: Evse, context: str) -> v16.MeterValue | None:
        hub = self._hub
        measurands = hub.variables.words("SampledDataCtrlr", "TxEndedMeasurands")
        readings = evse.readings(measurands, hub.rng)
        return meter_value_1x(hub.time(), readings, context) if readings else None
