"""Transactions as 2.x says them: TransactionEvent Started, Updated, Ended."""

from __future__ import annotations

from collections.abc import Mapping

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType
from chargeplane.station.conversation import Outcome
from chargeplane.station.evse import ChargingState, Evse
from chargeplane.station.hub import Hub
from chargeplane.station.outbox import Entry
from chargeplane.station.sampled_values import context_of, meter_value_2x
from chargeplane.station.signals import (
    Cause,
    LimitKind,
    LimitsWanted,
    TokenInfoHeard,
    TokenRefused,
)
from chargeplane.station.signals.screens import CostShown
from chargeplane.station.tokens_2x import id_token_2x, known_of_2x, token_of_2x
from chargeplane.station.transaction import Transaction
from chargeplane.station.transactions.records import Records
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
    Cause.RATE_CHANGED: _Trigger.CHARGING_RATE_CHANGED,
    Cause.OPERATION_MODE: _Trigger.OPERATION_MODE_CHANGED,
    Cause.TRANSFER_REJECTED: _Trigger.ABNORMAL_CONDITION,
    Cause.LIMIT_SET: _Trigger.LIMIT_SET,
    Cause.COST_LIMIT: _Trigger.COST_LIMIT_REACHED,
    Cause.ENERGY_LIMIT: _Trigger.ENERGY_LIMIT_REACHED,
    Cause.TIME_LIMIT: _Trigger.TIME_LIMIT_REACHED,
    Cause.SOC_LIMIT: _Trigger.SOC_LIMIT_REACHED,
    Cause.RUNNING_COST: _Trigger.RUNNING_COST,
    Cause.TARIFF_CHANGED: _Trigger.TARIFF_CHANGED,
    Cause.TARIFF_REFUSED: _Trigger.TARIFF_NOT_ACCEPTED,
    Cause.POWER_LOST: _Trigger.ABNORMAL_CONDITION,
    Cause.RESET_AND_RESUME: _Trigger.RESET_COMMAND,
    Cause.RESUMED: _Trigger.TX_RESUMED,
    Cause.MASTER_PASS: _Trigger.STOP_AUTHORIZED,
    Cause.UNLOCKED: _Trigger.UNLOCK_COMMAND,
    Cause.FAULT: _Trigger.ABNORMAL_CONDITION,
    Cause.PERIODIC: _Trigger.METER_VALUE_PERIODIC,
    Cause.CLOCK: _Trigger.METER_VALUE_CLOCK,
    Cause.TRIGGERED: _Trigger.TRIGGER,
}
_REASONS = {
    Cause.UNPLUGGED: v21.ReasonEnumType.EV_DISCONNECTED,
    Cause.DEAUTHORIZED: v21.ReasonEnumType.DE_AUTHORIZED,
    Cause.TARIFF_REFUSED: v21.ReasonEnumType.DE_AUTHORIZED,
    Cause.LOCAL_STOP: v21.ReasonEnumType.LOCAL,
    Cause.REMOTE_STOP: v21.ReasonEnumType.REMOTE,
    Cause.RESET_HARD: v21.ReasonEnumType.IMMEDIATE_RESET,
    Cause.RESET_SOFT: v21.ReasonEnumType.IMMEDIATE_RESET,
    Cause.REBOOTED: v21.ReasonEnumType.REBOOT,
    Cause.POWER_LOST: v21.ReasonEnumType.POWER_LOSS,
    Cause.MASTER_PASS: v21.ReasonEnumType.MASTER_PASS,
    Cause.TRANSFER_REJECTED: v21.ReasonEnumType.REQ_ENERGY_TRANSFER_REJECTED,
    Cause.COST_LIMIT: v21.ReasonEnumType.LOCAL_OUT_OF_CREDIT,
    Cause.ENERGY_LIMIT: v21.ReasonEnumType.ENERGY_LIMIT_REACHED,
    Cause.TIME_LIMIT: v21.ReasonEnumType.TIME_LIMIT_REACHED,
    Cause.SOC_LIMIT: v21.ReasonEnumType.SOC_LIMIT_REACHED,
    Cause.EV_TIMEOUT: v21.ReasonEnumType.TIMEOUT,
    Cause.CHARGING_STATE: v21.ReasonEnumType.STOPPED_BY_EV,
}


def _limits_2x(limits: Mapping[LimitKind, float]) -> v21.TransactionLimitType:
    return v21.TransactionLimitType(
        max_cost=limits.get(LimitKind.COST, UNSET),
        max_energy=limits.get(LimitKind.ENERGY, UNSET),
        max_time=round(limits[LimitKind.TIME]) if LimitKind.TIME in limits else UNSET,
        max_soc=round(limits[LimitKind.SOC]) if LimitKind.SOC in limits else UNSET,
    )


def _limits_of(wire: v21.TransactionLimitType) -> dict[LimitKind, float]:
    said = {
        LimitKind.COST: wire.max_cost,
        LimitKind.ENERGY: wire.max_energy,
        LimitKind.TIME: wire.max_time,
        LimitKind.SOC: wire.max_soc,
    }
    return {kind: value for kind, value in said.items() if value is not UNSET}


class Teller:
    """Tells of transactions."""

    start_points: frozenset[str] | None = None
    stop_points: frozenset[str] | None = None

    def __init__(self, hub: Hub, records: Records) -> None:
        self._hub = hub
        self._records = records
        install_status(hub)
        hub.outbox.carries(v21.TransactionEventRequest, self._on_answer)

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
            evse=self._evse(evse, transaction),
            id_token=self._token(transaction, stop_token),
            meter_value=values,
            reservation_id=self._reservation(transaction),
        )
        transaction.has_ended = kind is _Kind.ENDED
        self._records.keep(transaction)
        request = hub.completed(request, evse)
        hub.outbox.put(Entry(request, transaction.id, droppable))

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
        limits, transaction.untold_limits = transaction.untold_limits, {}
        if has_ended and state is ChargingState.CHARGING:
            state = ChargingState.EV_CONNECTED
        return v21.TransactionType(
            transaction_id=transaction.id,
            charging_state=v21.ChargingStateEnumType(state.value),
            stopped_reason=(_REASONS.get(cause, v21.ReasonEnumType.OTHER) if has_ended else UNSET),
            remote_start_id=remote,
            transaction_limit=_limits_2x(limits) if limits else UNSET,
            operation_mode=v21.OperationModeEnumType(transaction.operation_mode)
            if transaction.operation_mode
            else UNSET,
        )

    def _evse(self, evse: Evse, transaction: Transaction) -> v21.EVSEType | UnsetType:
        """In the first event, and with the connector in the first after the cable (E01.FR.16)."""
        if evse.is_plugged and not transaction.told_connector:
            transaction.told_evse = transaction.told_connector = True
            transaction.connector_id = evse.connector_id
            return v21.EVSEType(id=evse.id, connector_id=evse.connector_id)
        if transaction.told_evse:
            return UNSET
        transaction.told_evse = True
        return v21.EVSEType(id=evse.id)

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

    def _reservation(self, transaction: Transaction) -> int | UnsetType:
        """Once, with the token that used it (H01.FR.15)."""
        if transaction.reservation_id is None or transaction.told_reservation:
            return UNSET
        transaction.told_reservation = True
        return transaction.reservation_id

    def _values(
        self, evse: Evse, variable: str, context: str
    ) -> list[v21.MeterValueType] | UnsetType:
        hub = self._hub
        component = "SampledDataCtrlr"
        if context == "Sample.Clock":
            component, variable = "AlignedDataCtrlr", "Measurands"
        readings = evse.readings(hub.variables.words(component, variable), hub.rng)
        return [meter_value_2x(hub.time(), readings, context)] if readings else UNSET

    def _on_answer(self, entry: Entry, outcome: Outcome) -> None:
        transaction = self._records.find(entry.transaction_id)
        if isinstance(entry.request, v21.TransactionEventRequest) and (
            entry.request.event_type is _Kind.ENDED
        ):
            self._records.tidy()
        if transaction is None or not isinstance(outcome, v21.TransactionEventResponse):
            return
        if not transaction.has_ended:
            self._on_limits(transaction, outcome)
        if outcome.id_token_info:
            self._on_info(entry, transaction, outcome.id_token_info)

    def _on_limits(self, transaction: Transaction, answer: v21.TransactionEventResponse) -> None:
        """What it costs, and what it must not exceed (I02, E16)."""
        if answer.total_cost is not UNSET:
            self._hub.tell(CostShown(transaction.id, answer.total_cost))
        if answer.transaction_limit:
            limits = _limits_of(answer.transaction_limit)
            self._hub.tell(LimitsWanted(transaction.evse_id, limits, by_csms=True))

    def _on_info(self, entry: Entry, transaction: Transaction, info: v21.IdTokenInfoType) -> None:
        if info.group_id_token:
            transaction.group_id = info.group_id_token.id_token
            self._records.keep(transaction)
        if isinstance(entry.request, v21.TransactionEventRequest) and entry.request.id_token:
            token = token_of_2x(entry.request.id_token)
            self._hub.tell(TokenInfoHeard(known_of_2x(token, info)))
        refused = info.status is not v21.AuthorizationStatusEnumType.ACCEPTED
        if refused and not transaction.has_ended:
            self._hub.tell(TokenRefused(transaction.evse_id))
