"""What the central system orders."""

from __future__ import annotations

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET, Request
from chargeplane.station.signals import Restarting, TransactionEnded
from tests.station.stage import Stage, online

TOKEN_2X = v21.IdTokenType(id_token="REMOTE1", type="Central")


def start(stage: Stage, evse_id: int = 1) -> str:
    request: Request = v21.RequestStartTransactionRequest(
        id_token=TOKEN_2X, remote_start_id=77, evse_id=evse_id
    )
    if stage.central.is_1x:
        request = v16.RemoteStartTransactionRequest(id_tag="REMOTE1", connector_id=evse_id)
    return str(getattr(stage.ask(request), "status", ""))


def stop(stage: Stage) -> str:
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    request: Request = v21.RequestStopTransactionRequest(transaction_id=transaction.id)
    if stage.central.is_1x:
        request = v16.RemoteStopTransactionRequest(transaction_id=transaction.wire_id or 0)
    return str(getattr(stage.ask(request), "status", ""))


@pytest.mark.parametrize("version", ["1.2", "1.5", "1.6"])
def test_a_remote_start_with_a_vehicle_starts_at_once_without_asking(version: str) -> None:
    stage = online(version)
    stage.plug_in()
    assert start(stage) == "Accepted"
    assert "Authorize" not in stage.central.names()
    (started,) = stage.central.all(v16.StartTransactionRequest)
    assert (started.id_tag, started.connector_id) == ("REMOTE1", 1)
    assert stop(stage) == "Accepted"
    (stopped,) = stage.central.all(v16.StopTransactionRequest)
    assert stopped.reason == ("Remote" if version == "1.6" else UNSET)


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_remote_start_is_told_with_its_number_once(version: str) -> None:
    stage = online(version)
    assert start(stage) == "Accepted"
    stage.plug_in()
    assert stop(stage) == "Accepted"
    events = stage.central.all(v21.TransactionEventRequest)
    assert [each.trigger_reason.value for each in events] == [
        "RemoteStart",
        "CablePluggedIn",
        "ChargingStateChanged",
        "RemoteStop",
    ]
    numbers = [each.transaction_info.remote_start_id for each in events]
    assert numbers == [77, *[UNSET] * 3]
    assert events[0].id_token == TOKEN_2X


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_remote_start_asks_about_the_token_where_that_is_configured(version: str) -> None:
    stage = online(version, variables={"AuthorizeRemoteTxRequests": "true"})
    stage.plug_in()
    start(stage)
    assert "Authorize" in stage.central.names()
    assert stage.core.hub.is_busy


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_remote_start_waits_for_a_vehicle_only_so_long(version: str) -> None:
    stage = online(version, variables={"ConnectionTimeOut": "30"})
    start(stage)
    stage.wait(31)
    evse = stage.core.evse(1)
    assert evse.token is None
    assert evse.transaction is None
    stage.plug_in()
    assert evse.token is None


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_what_is_taken_or_not_there_is_not_started(version: str) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap()
    assert start(stage, 1) == "Rejected"
    assert start(stage, 9) == "Rejected"


def test_the_answer_comes_before_what_it_promises() -> None:
    stage = online("1.6")
    stage.plug_in()
    stage.frames.clear()
    start(stage)
    assert stage.frames[0].startswith("[3,")
    assert "StartTransaction" in stage.frames[1]


@pytest.mark.parametrize("version", ["1.6", "2.1"])
@pytest.mark.parametrize("hard", [True, False])
def test_a_reset_ends_the_transactions_and_boots_again(version: str, hard: bool) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap()
    request: Request = v16.ResetRequest(type=v16.ResetType.HARD if hard else v16.ResetType.SOFT)
    kinds = v21.ResetEnumType
    if version == "2.1":
        request = v21.ResetRequest(type=kinds.IMMEDIATE if hard else kinds.ON_IDLE)
    scheduled = version == "2.1" and not hard
    assert getattr(stage.ask(request), "status", "") == ("Scheduled" if scheduled else "Accepted")
    if scheduled:
        stage.wait(60)
        assert not stage.core.wants_to_hang_up
        stage.tap()
    stage.wait(2)
    assert stage.core.wants_to_hang_up
    assert len(stage.saw(TransactionEnded)) == 1
    assert len(stage.saw(Restarting)) == 1
    stage.disconnect().connect()
    assert "BootNotification" in stage.central.names()


def test_what_cannot_be_reset_is_rejected() -> None:
    stage = online("2.1")
    for request in (
        v21.ResetRequest(type=v21.ResetEnumType.IMMEDIATE, evse_id=9),
        v21.ResetRequest(type=v21.ResetEnumType.IMMEDIATE_AND_RESUME),
    ):
        assert getattr(stage.ask(request), "status", "") == "Rejected"


def test_unlocking_a_1x_connector_ends_its_transaction() -> None:
    stage = online("1.6")
    stage.plug_in()
    stage.tap()
    answer = stage.ask(v16.UnlockConnectorRequest(connector_id=1))
    assert getattr(answer, "status", "") == "Unlocked"
    (stopped,) = stage.central.all(v16.StopTransactionRequest)
    assert stopped.reason == "UnlockCommand"
    unknown = stage.ask(v16.UnlockConnectorRequest(connector_id=5))
    assert getattr(unknown, "status", "") == "NotSupported"


def test_unlocking_in_2x_leaves_an_authorized_transaction_alone() -> None:
    stage = online("2.1")
    words = []
    for evse_id, connector_id in ((1, 1), (1, 2), (9, 1)):
        request = v21.UnlockConnectorRequest(evse_id=evse_id, connector_id=connector_id)
        words.append(getattr(stage.ask(request), "status", ""))
    stage.plug_in()
    stage.tap()
    request = v21.UnlockConnectorRequest(evse_id=1, connector_id=1)
    words.append(getattr(stage.ask(request), "status", ""))
    unknown = "UnknownConnector"
    assert words == ["Unlocked", unknown, unknown, "OngoingAuthorizedTransaction"]


def test_meter_values_are_triggered_inside_and_outside_of_transactions() -> None:
    stage = online("1.6")
    trigger = v16.TriggerMessageRequest(
        requested_message=v16.MessageTrigger.METER_VALUES, connector_id=1
    )
    stage.ask(trigger)
    stage.plug_in()
    stage.tap()
    stage.ask(trigger)
    ids = [each.transaction_id for each in stage.central.all(v16.MeterValuesRequest)]
    assert ids == [UNSET, 101]


def test_in_2x_meter_values_and_transaction_events_are_triggered_apart() -> None:
    stage = online("2.1")
    stage.plug_in()
    for message in ("METER_VALUES", "TRANSACTION_EVENT"):
        trigger = v21.TriggerMessageRequest(
            requested_message=v21.MessageTriggerEnumType[message], evse=v21.EVSEType(id=1)
        )
        assert getattr(stage.ask(trigger), "status", "") == "Accepted"
    assert len(stage.central.all(v21.MeterValuesRequest)) == 1
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    assert last.trigger_reason == "Trigger"
    assert last.meter_value[0].sampled_value[0].context == "Trigger"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (v16.TriggerMessageRequest(requested_message=v16.MessageTrigger.HEARTBEAT), "Accepted"),
        (
            v16.TriggerMessageRequest(
                requested_message=v16.MessageTrigger.FIRMWARE_STATUS_NOTIFICATION
            ),
            "Accepted",
        ),
        (
            v16.TriggerMessageRequest(
                requested_message=v16.MessageTrigger.METER_VALUES, connector_id=9
            ),
            "Rejected",
        ),
        (
            v16.TriggerMessageRequest(
                requested_message=v16.MessageTrigger.STATUS_NOTIFICATION, connector_id=0
            ),
            "Accepted",
        ),
    ],
    ids=["heartbeat", "firmware", "unknown connector", "the station"],
)
def test_triggers_are_answered_by_what_the_station_can(request_: Request, status: str) -> None:
    assert getattr(online("1.6").ask(request_), "status", "") == status


def test_an_action_that_the_station_does_not_have_is_not_implemented() -> None:
    stage = online("2.1")
    del stage.core.hub._answers[v21.ClearCacheRequest]
    assert stage.ask(v21.ClearCacheRequest()) == "NotImplemented"


def test_data_of_a_vendor_that_nobody_knows_is_answered_so() -> None:
    for stage, request in (
        (online("1.6"), v16.DataTransferRequest(vendor_id="org.example")),
        (online("2.1"), v21.DataTransferRequest(vendor_id="org.example")),
    ):
        assert getattr(stage.ask(request), "status", "") == "UnknownVendorId"
