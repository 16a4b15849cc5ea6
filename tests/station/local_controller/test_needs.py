"""Who needs power, learnt from what stations tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET, Request
from chargeplane.station.local_controller.needs import Needs

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_Event = v21.TransactionEventEnumType


def event(
    kind: v21.TransactionEventEnumType, evse_id: int | None = 1, transaction_id: str = "tx"
) -> Request:
    return v21.TransactionEventRequest(
        event_type=kind,
        timestamp=NOW,
        trigger_reason=v21.TriggerReasonEnumType.AUTHORIZED,
        seq_no=0,
        transaction_info=v21.TransactionType(transaction_id=transaction_id),
        evse=v21.EVSEType(id=evse_id) if evse_id is not None else UNSET,
    )


def status(word: str, evse_id: int = 1) -> Request:
    return v21.StatusNotificationRequest(
        timestamp=NOW,
        connector_status=v21.ConnectorStatusEnumType(word),
        evse_id=evse_id,
        connector_id=1,
    )


def notice(word: str, evse_id: int = 1) -> Request:
    return v21.NotifyEventRequest(
        generated_at=NOW,
        seq_no=0,
        event_data=[
            v21.EventDataType(
                event_id=1,
                timestamp=NOW,
                trigger=v21.EventTriggerEnumType.DELTA,
                actual_value=word,
                event_notification_type=v21.EventNotificationEnumType.HARD_WIRED_NOTIFICATION,
                component=v21.ComponentType(
                    name="Connector", evse=v21.EVSEType(id=evse_id, connector_id=1)
                ),
                variable=v21.VariableType(name="AvailabilityState"),
            )
        ],
    )


def heard(*requests: Request) -> set[int]:
    needs = Needs()
    for request in requests:
        needs.heard(request)
    return needs.evses()


@pytest.mark.parametrize("tells", [status, notice], ids=["status", "event"])
def test_a_vehicle_that_stands_there_needs_power_until_its_transaction_is_over(
    tells: type,
) -> None:
    assert heard(tells("Occupied")) == {1}
    visit = [tells("Occupied"), event(_Event.STARTED), event(_Event.ENDED)]
    assert heard(*visit) == set()
    assert heard(*visit, tells("Available"), tells("Occupied")) == {1}
    assert heard(tells("Occupied"), tells("Available")) == set()


def test_a_transaction_counts_without_any_status() -> None:
    assert heard(event(_Event.STARTED, 2)) == {2}
    assert heard(event(_Event.STARTED, 2), event(_Event.ENDED, None)) == set()
    assert heard(event(_Event.UPDATED, None)) == set()
    assert heard(event(_Event.UPDATED, 3)) == {3}


def test_an_end_that_was_never_told_does_not_take_power_for_ever() -> None:
    begun = [event(_Event.STARTED, 1, "old"), event(_Event.STARTED, 1, "new")]
    assert heard(*begun, event(_Event.ENDED, None, "new")) == set()


@pytest.mark.parametrize(
    ("word", "evses"),
    [
        ("Available", set()),
        ("Preparing", {1}),
        ("Charging", {1}),
        ("SuspendedEV", {1}),
        ("SuspendedEVSE", {1}),
        ("Finishing", set()),
        ("Reserved", set()),
        ("Unavailable", set()),
        ("Faulted", set()),
    ],
)
def test_a_connector_of_1_6_says_by_its_status_what_it_needs(word: str, evses: set[int]) -> None:
    said = v16.StatusNotificationRequest(
        connector_id=1,
        error_code=v16.ChargePointErrorCode.NO_ERROR,
        status=v16.ChargePointStatus(word),
    )
    assert heard(said) == evses


def test_the_station_itself_is_no_evse() -> None:
    assert heard(status("Occupied", 0)) == set()


def test_only_a_change_is_told() -> None:
    needs = Needs()
    assert needs.heard(status("Occupied"))
    assert not needs.heard(event(_Event.STARTED))
    assert needs.heard(event(_Event.ENDED))


def answer(
    priority: int | None = None, of_token: int | None = None
) -> v21.TransactionEventResponse:
    info = v21.IdTokenInfoType(
        status=v21.AuthorizationStatusEnumType.ACCEPTED,
        charging_priority=UNSET if of_token is None else of_token,
    )
    return v21.TransactionEventResponse(
        charging_priority=UNSET if priority is None else priority, id_token_info=info
    )


def test_the_priority_of_a_transaction_goes_before_that_of_its_token() -> None:
    needs = Needs()
    begun = event(_Event.STARTED, 2)
    needs.heard(begun)
    assert needs.priorities() == {}
    assert needs.answered(begun, answer(of_token=3))
    assert needs.priorities() == {2: 3}
    assert needs.answered(begun, answer(priority=-1, of_token=3))
    assert not needs.answered(begun, answer(of_token=3))
    assert needs.priorities() == {2: -1}


def test_a_priority_ends_with_its_transaction() -> None:
    needs = Needs()
    needs.heard(event(_Event.STARTED))
    assert needs.answered(event(_Event.STARTED), answer(priority=5))
    needs.heard(event(_Event.ENDED))
    assert not needs.answered(event(_Event.ENDED), answer(priority=5))
    needs.heard(event(_Event.STARTED))
    assert needs.priorities() == {}
