"""Boot until accepted; nothing else before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.signals import Registered
from tests.station.central import START
from tests.station.stage import Stage, online

BOTH = [Version.V1_6, Version.V2_1]


def not_yet(stage: Stage, status: str, interval_s: int = 20) -> None:
    """Let the central system answer so to every BootNotification."""

    def responds(request: Request) -> Response | None:
        match request:
            case v16.BootNotificationRequest():
                return v16.BootNotificationResponse(
                    status=v16.RegistrationStatus(status), current_time=START, interval=interval_s
                )
            case v21.BootNotificationRequest():
                return v21.BootNotificationResponse(
                    status=v21.RegistrationStatusEnumType(status),
                    current_time=START,
                    interval=interval_s,
                )
        return None

    stage.central.responds = responds


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@pytest.mark.parametrize("version", BOTH)
def test_a_station_that_is_not_accepted_boots_at_the_interval_and_says_nothing_else(
    version: Version, status: str
) -> None:
    stage = Stage(version)
    not_yet(stage, status)
    stage.connect().wait(50)
    stage.plug_in()
    stage.tap()
    assert stage.central.names() == ["BootNotification"] * 3
    stage.central.responds = lambda _: None
    stage.wait(20)
    assert [each.status for each in stage.saw(Registered)][-1] == "Accepted"
    assert "StatusNotification" in stage.central.names()


@pytest.mark.parametrize("version", BOTH)
def test_while_pending_a_station_sends_what_is_triggered(version: Version) -> None:
    stage = Stage(version)
    not_yet(stage, "Pending", 1_000)
    stage.connect()
    for trigger in ("StatusNotification", "BootNotification", "Heartbeat"):
        request: Request = v21.TriggerMessageRequest(
            requested_message=v21.MessageTriggerEnumType(trigger)
        )
        if version is Version.V1_6:
            request = v16.TriggerMessageRequest(requested_message=v16.MessageTrigger(trigger))
        answer = stage.ask(request)
        assert getattr(answer, "status", "") == "Accepted"
    names = stage.central.names()
    assert names[1] == "StatusNotification"
    assert names[-2:] == ["BootNotification", "Heartbeat"]


@pytest.mark.parametrize("version", BOTH)
def test_while_pending_no_transaction_is_started_from_afar(version: Version) -> None:
    stage = Stage(version)
    not_yet(stage, "Pending")
    stage.connect()
    request: Request = v16.RemoteStartTransactionRequest(id_tag="A1")
    if version is Version.V2_1:
        token = v21.IdTokenType(id_token="A1", type="Central")
        request = v21.RequestStartTransactionRequest(id_token=token, remote_start_id=1)
    assert getattr(stage.ask(request), "status", "") == "Rejected"


def test_who_rejects_a_station_gives_it_no_orders() -> None:
    stage = Stage("2.1")
    not_yet(stage, "Rejected")
    stage.connect()
    assert stage.ask(v21.ClearCacheRequest()) == "SecurityError"


def test_a_boot_that_is_answered_with_an_error_is_tried_again() -> None:
    stage = Stage("1.6")
    stage.central.responds = lambda _: ErrorCode.INTERNAL_ERROR
    stage.connect().wait(65)
    assert stage.central.names() == ["BootNotification"] * 3


def test_a_boot_that_is_not_answered_is_tried_again() -> None:
    stage = Stage("1.6")
    stage.is_deaf = True
    stage.connect().wait(150)
    assert len([each for each in stage.frames if "BootNotification" in each]) == 3


@pytest.mark.parametrize("version", BOTH)
def test_heartbeats_come_at_the_interval_of_the_answer_and_of_the_setting(
    version: Version,
) -> None:
    stage = Stage(version)
    stage.central.interval_s = 100
    stage.connect().wait(350)
    assert stage.central.names().count("Heartbeat") == 3
    change: Request = v16.ChangeConfigurationRequest(key="heartbeatinterval", value="10")
    if version is Version.V2_1:
        change = v21.SetVariablesRequest(
            set_variable_data=[
                v21.SetVariableDataType(
                    attribute_value="10",
                    component=v21.ComponentType(name="OCPPCommCtrlr"),
                    variable=v21.VariableType(name="HeartbeatInterval"),
                )
            ]
        )
    stage.ask(change)
    stage.wait(35)
    assert stage.central.names().count("Heartbeat") == 6


def test_the_station_follows_the_clock_of_the_central_system() -> None:
    stage = Stage("1.6")
    later = START + timedelta(days=1)
    stage.central.responds = lambda request: (
        v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=later, interval=60
        )
        if isinstance(request, v16.BootNotificationRequest)
        else None
    )
    stage.connect()
    (first, *_) = stage.central.all(v16.StatusNotificationRequest)
    assert first.timestamp == later


@pytest.mark.parametrize("version", BOTH)
def test_after_a_mere_loss_of_connection_a_station_does_not_boot_again(version: Version) -> None:
    stage = online(version)
    stage.disconnect().wait(30).connect()
    assert stage.central.heard == []  # nothing has changed, so there is nothing to say


@pytest.mark.parametrize(("version", "told"), [("1.6", 0), ("2.1", 2)])
def test_after_a_long_time_offline_2x_tells_of_every_connector(version: str, told: int) -> None:
    stage = online(version).disconnect().wait(61).connect()
    assert stage.central.names() == ["StatusNotification"] * told


def test_the_status_that_changed_while_offline_is_told_afterwards() -> None:
    stage = online("1.6").disconnect()
    stage.plug_in(2)
    stage.connect()
    (status,) = stage.central.all(v16.StatusNotificationRequest)
    assert (status.connector_id, status.status) == (2, "Preparing")
