"""Transactions as 2.x says them: TransactionEvent Started, Updated, Ended."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType
from chargeplane.station.conversation import Outcome
from chargeplane.station.evse import ChargingState, Evse
from chargeplane.station.hub import Hub
from chargeplane.station.outbox import Entry
from chargeplane.station.sampled_values import context_of, meter_value_2x
from chargeplane.station.signals import Cause, StopWanted
from chargeplane.station.tokens_2x import id_token_2x
from chargeplane.station.transaction import Transaction
from chargeplane.station.transactions.status import install as install_status

__all__ = ["Teller"]

_Trigger = v21.TriggerReasonEnumType
_Kind = v21.TransactionEventEnumType

_TRIGGERS = {
    Cause.PLUGGED: _Trigger.CABLE_PLUGGED_IN,
    Cause.UNPLUGGED: _Trigger.EV_COMMUNICATION_LOST,
    Cause.AUTHORIZED: _Trigger.AUTHORIZED,
    Cause.DEAUTHORIZED: _Trigger.DEAUTHORIZED,
    Cause.LOCAL_STOP: _Trigger.STOP_AUTHORIZED,
    Cause.REMOTE_START: _Trigger.REMOTE_START,
    Cause.REMOTE_STOP: _Trigger.REMOTE_STOP,
    Cause.RESET_HARD: _Trigger.RESET_COMMAND,
    Cause.RESET_SOFT: _Trigger.RESET_COMMAND,
    Cause.REBOOTED: _Trigger.ABNORMAL_CONDITION,
    Cause.EV_TIMEOUT: _Trigger.EV_CONNECT_TIMEOUT,
    Cause.CHARGING_STATE: _Trigger.CHARGING_STATE_CHANGED,
    Cause.UNLOCKED: _Trigger.UNLOCK_COMMAND,
    Cause.FAULT: _Trigger.ABNORMAL_CONDITION,
    Cause.PERIODIC: _Trigger.METER_VALUE_PERIODIC,
    Cause.CLOCK: _Trigger.METER_VALUE_CLOCK,
    Cause.TRIGGERED: _Trigger.TRIGGER,
}
_REASONS = {
    Cause.UNPLUGGED: v21.ReasonEnumType.EV_DISCONNECTED,
    Cause.DEAUTHORIZED: v21.ReasonEnumType.DE_AUTHORIZED,
    Cause.LOCAL_STOP: v21.ReasonEnumType.LOCAL,
    Cause.REMOTE_STOP: v21.ReasonEnumType.REMOTE,
    Cause.RESET_HARD: v21.ReasonEnumType.IMMEDIATE_RESET,
    Cause.RESET_SOFT: v21.ReasonEnumType.IMMEDIATE_RESET,
    Cause.REBOOTED: v21.ReasonEnumType.REBOOT,
    Cause.EV_TIMEOUT: v21.ReasonEnumType.TIMEOUT,
    Cause.CHARGING_STATE: v21.ReasonEnumType.STOPPED_BY_EV,
}


class Teller:
    """Tells of transactions."""

    start_points: frozenset[str] | None = None
    stop_points: frozenset[str] | None = None

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        install_status(hub)

    def started(self, evse: Evse, transaction: Transaction, cause: Cause) -> None:
        values = self._values(evse, "TxStartedMeasurands", context_of(cause, begin=True))
        self._event(_Kind.STARTED, evse, transaction, cause, values)

    def updated(
        self, evse: Evse, transaction: Transaction, cause: Cause, *, sampled: bool = False
    ) -> None:
        values: list[v21.MeterValueType] | UnsetType = UNSET
        if sampled:
            values = self._values(evse, "TxUpdatedMeasurands", context_of(cause))
        self._event(_Kind.UPDATED, evse, transaction, cause, values, droppable=sampled)

    def ended(
        self, evse: Evse, transaction: Transaction, cause: Cause, token: IdToken | None
    ) -> None:
        values = self._values(evse, "TxEndedMeasurands", context_of(cause, end=True))
        self._event(_Kind.ENDED, evse, transaction, cause, values, stop_token=token)

    def _event(
        self,
        kind: v21.TransactionEventEnumType,
        evse: Evse,
        transaction: Transaction,
        cause: Cause,
        values: list[v21.MeterValueType] | UnsetType,
        *,
        stop_token: IdToken | None = None,
        droppable: bool = False,
    ) -> None:
        hub = self._hub
        request = v21.TransactionEventRequest(
            event_type=kind,
            timestamp=hub.time(),
            trigger_reason=_TRIGGERS[cause],
            seq_no=transaction.next_seq_no(),
            offline=UNSET if hub.is_online else True,
            transaction_info=self._info(kind, evse, transaction, cause),
            evse=self._evse(transaction),
            id_token=self._token(transaction, stop_token),
            meter_value=values,
        )
        ended = partial(self._on_answer, evse, transaction)
        entry = Entry("TransactionEvent", lambda: request, ended, droppable, transaction.id)
        hub.outbox.put(entry)

    def _info(
        self,
        kind: v21.TransactionEventEnumType,
        evse: Evse,
        transaction: Transaction,
        cause: Cause,
    ) -> v21.TransactionType:
        state = evse.charging_state
        has_ended = kind is _Kind.ENDED
        remote: int | UnsetType = UNSET
        if transaction.remote_start_id is not None and not transaction.told_remote_start:
            remote, transaction.told_remote_start = transaction.remote_start_id, True
        if has_ended and state is ChargingState.CHARGING:
            state = ChargingState.EV_CONNECTED
        return v21.TransactionType(
            transaction_id=transaction.id,
            charging_state=v21.ChargingStateEnumType(state.value),
            stopped_reason=(_REASONS.get(cause, v21.ReasonEnumType.OTHER) if has_ended else UNSET),
            remote_start_id=remote,
        )

    def _evse(self, transaction: Transaction) -> v21.EVSEType | UnsetType:
        """Only in the first event that has a token or a cable (E01.FR.16)."""
        if transaction.told_evse:
            return UNSET
        transaction.told_evse = True
        return v21.EVSEType(id=transaction.evse_id, connector_id=transaction.connector_id)

    def _token(
        self, transaction: Transaction, stop_token: IdToken | None
    ) -> v21.IdTokenType | UnsetType:
        """Once when it was presented (E03.FR.01), and who ended it."""
        if stop_token is not None:
            return id_token_2x(stop_token)
        if transaction.token is None or transaction.told_token:
            return UNSET
        transaction.told_token = True
        return id_token_2x(transaction.token)

    def _values(
        self, evse: Evse, variable: str, context: str
    ) -> list[v21.MeterValueType] | UnsetType:
        hub = self._hub
        component = "SampledDataCtrlr"
        if context == "Sample.Clock":
            component, variable = "AlignedDataCtrlr", "Measurands"
        readings = evse.readings(hub.variables.words(component, variable), hub.rng)
        return [meter_value_2x(hub.time(), readings, context)] if readings else UNSET

    def _on_answer(self, evse: Evse, transaction: Transaction, outcome: Outcome) -> None:
        if not isinstance(outcome, v21.TransactionEventResponse) or not outcome.id_token_info:
            return
        info = outcome.id_token_info
        if info.group_id_token:
            transaction.group_id = info.group_id_token.id_token
        refused = info.status is not v21.AuthorizationStatusEnumType.ACCEPTED
        stops = self._hub.variables.flag("TxCtrlr", "StopTxOnInvalidId")
        if refused and stops and evse.transaction is transaction:
            self._hub.tell(StopWanted(evse.id, Cause.DEAUTHORIZED))
