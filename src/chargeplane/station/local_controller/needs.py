"""Which EVSEs of a station need a share of the power: those that charge, or are about to.

Learnt from what passes through (K03): a transaction that has begun and not ended, and a vehicle
that stands there and has had no transaction yet: some stations begin one only when power flows.
"""

from __future__ import annotations

from collections.abc import Iterator

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET, Request, Response

__all__ = ["Needs"]

EVSES_MAX = 1_000
"""Of one station; a number beyond that is none."""
_Status = v16.ChargePointStatus
_BUSY_1X = {_Status.PREPARING, _Status.CHARGING, _Status.SUSPENDED_EV, _Status.SUSPENDED_EVSE}
_OCCUPIED = "Occupied"


class Needs:
    """Of one station."""

    def __init__(self) -> None:
        self._transactions: dict[str, int] = {}
        """The EVSE of each that runs."""
        self._priorities: dict[str, int] = {}
        """Of those transactions: -9 to 9, by their ids."""
        self._occupied: set[int] = set()
        self._served: set[int] = set()
        """EVSEs whose vehicle has had its transaction and still stands there."""

    def evses(self) -> set[int]:
        """Those that need power."""
        return {*self._transactions.values(), *(self._occupied - self._served)}

    def priorities(self) -> dict[int, int]:
        """Of those with a transaction whose priority is known."""
        found = {at: self._priorities.get(key) for key, at in self._transactions.items()}
        return {at: priority for at, priority in found.items() if priority is not None}

    def answered(self, request: Request, response: Response) -> bool:
        """The station was answered; whether a transaction has another priority now."""
        if not isinstance(request, v21.TransactionEventRequest):
            return False
        if not isinstance(response, v21.TransactionEventResponse):
            return False
        transaction_id, info = request.transaction_info.transaction_id, response.id_token_info
        before = self._priorities.get(transaction_id)
        priority = before
        if info and info.charging_priority is not UNSET and before is None:
            priority = info.charging_priority
        if response.charging_priority is not UNSET:  # it counts, for this one alone (K03.FR.05)
            priority = response.charging_priority
        if priority is None or priority == before or transaction_id not in self._transactions:
            return False
        self._priorities[transaction_id] = priority
        return True

    def heard(self, request: Request) -> bool:
        """The station says something, in the newest types; whether it needs more or less now."""
        before = self.evses()
        match request:
            case v16.StatusNotificationRequest():
                self._connector(request.connector_id, request.status in _BUSY_1X)
            case v21.StatusNotificationRequest():
                is_occupied = request.connector_status.value == _OCCUPIED
                self._connector(request.evse_id, is_occupied)
            case v21.NotifyEventRequest():
                for evse_id, state in _states(request):
                    self._connector(evse_id, state == _OCCUPIED)
            case v21.TransactionEventRequest():
                self._transaction(request)
        return self.evses() != before

    def _connector(self, evse_id: int, is_occupied: bool) -> None:
        if not 1 <= evse_id <= EVSES_MAX:
            return
        if is_occupied:
            self._occupied.add(evse_id)
        else:
            self._occupied.discard(evse_id)
            self._served.discard(evse_id)

    def _transaction(self, event: v21.TransactionEventRequest) -> None:
        transaction_id = event.transaction_info.transaction_id
        evse_id = event.evse.id if event.evse else self._transactions.get(transaction_id)
        if evse_id is None or not 1 <= evse_id <= EVSES_MAX:
            return  # of a transaction that began elsewhere: its EVSE comes with a later event
        if event.event_type is v21.TransactionEventEnumType.ENDED:
            self._forget(transaction_id)
            self._served.add(evse_id)
            return
        others = [each for each, at in self._transactions.items() if at == evse_id]
        for other in others:  # one at a time: the end of an earlier one was never told
            if other != transaction_id:
                self._forget(other)
        self._transactions[transaction_id] = evse_id

    def _forget(self, transaction_id: str) -> None:
        self._transactions.pop(transaction_id, None)
        self._priorities.pop(transaction_id, None)


def _states(event: v21.NotifyEventRequest) -> Iterator[tuple[int, str]]:
    """States of connectors, which 2.1 may tell as events."""
    for each in event.event_data:
        is_state = each.variable.name == "AvailabilityState" and each.component.name == "Connector"
        if is_state and each.component.evse:
            yield each.component.evse.id, each.actual_value
