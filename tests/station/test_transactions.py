"""Who may start and stop, and where transactions begin and end."""

from __future__ import annotations

from itertools import product

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET, Request, Response
from chargeplane.station import Ev
from chargeplane.station.signals import TokenDecided, TransactionEnded, TransactionStarted
from tests.station.central import Respond, info_1x, info_2x
from tests.station.stage import TOKEN, Stage, online

POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
OTHER = IdToken("OTHER")


def refused(status: str) -> Respond:
    def responds(request: Request) -> Response | None:
        match request:
            case v16.AuthorizeRequest():
                return v16.AuthorizeResponse(id_tag_info=info_1x(status))
            case v21.AuthorizeRequest():
                return v21.AuthorizeResponse(id_token_info=info_2x(status))
        return None

    return responds


@pytest.mark.parametrize("version", ["1.2", "1.6", "2.0.1", "2.1"])
def test_a_refused_token_starts_nothing(version: str) -> None:
    stage = online(version)
    stage.central.responds = refused("Blocked")
    stage.plug_in()
    stage.tap()
    assert [(each.accepted, each.status) for each in stage.saw(TokenDecided)] == [
        (False, "Blocked")
    ]
    assert stage.core.evse(1).power_w == 0
    assert not stage.central.all(v16.StartTransactionRequest)


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_token_in_another_spelling_is_the_same_token(version: str) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap(IdToken("deadbeef")).tap(IdToken("DEADBEEF"))
    assert len(stage.saw(TransactionEnded)) == 1
    assert stage.central.names().count("Authorize") == 1


@pytest.mark.parametrize("same_group", [True, False])
def test_another_token_stops_only_within_its_group(same_group: bool) -> None:
    stage = online("1.6")
    groups = {"DEADBEEF": "FLEET", "OTHER": "fleet" if same_group else "else"}

    def responds(request: Request) -> Response | None:
        if isinstance(request, v16.AuthorizeRequest):
            return v16.AuthorizeResponse(id_tag_info=info_1x(parent=groups[request.id_tag]))
        return None

    stage.central.responds = responds
    stage.plug_in()
    stage.tap().tap(OTHER, 1)
    assert len(stage.saw(TransactionEnded)) == same_group
    stops = stage.central.all(v16.StopTransactionRequest)
    assert [each.id_tag for each in stops] == ["OTHER"] * same_group


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_token_before_the_cable_waits_for_it(version: str) -> None:
    stage = online(version)
    stage.tap()
    assert stage.core.evse(1).token == TOKEN
    assert len(stage.saw(TransactionStarted)) == (version == "2.1")
    stage.plug_in()
    assert len(stage.saw(TransactionStarted)) == 1
    assert stage.core.evse(1).power_w == 11_000


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_reader_for_all_serves_the_vehicle_that_waits(version: str) -> None:
    stage = online(version)
    stage.plug_in(2)
    stage.tap()
    assert stage.core.evse(2).token == TOKEN
    stage.tap(OTHER)
    assert stage.core.evse(1).token == OTHER
    stage.tap(IdToken("THIRD"))
    assert [each.accepted for each in stage.saw(TokenDecided)] == [True, True, False]


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_pulling_the_cable_ends_the_transaction(version: str) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap().wait(360).unplug()
    (ended,) = stage.saw(TransactionEnded)
    assert ended.energy_wh == 1_100
    if version == "1.6":
        (stop,) = stage.central.all(v16.StopTransactionRequest)
        assert stop.reason == "EVDisconnected"
    else:
        last = stage.central.all(v21.TransactionEventRequest)[-1]
        assert last.trigger_reason == "EVCommunicationLost"
        assert last.transaction_info.stopped_reason == "EVDisconnected"


def test_a_vehicle_that_stays_after_its_charge_starts_nothing_anew() -> None:
    stage = online("2.1")
    stage.plug_in()
    stage.tap().wait(60).tap().wait(600)
    assert len(stage.saw(TransactionStarted)) == 1
    assert stage.core.evse(1).power_w == 0


@pytest.mark.parametrize(("start", "stop"), list(product(POINTS, POINTS)), ids=str)
def test_a_visit_is_one_whole_transaction_whatever_the_points(start: str, stop: str) -> None:
    stage = online("2.1", variables={"TxCtrlr.TxStartPoint": start, "TxCtrlr.TxStopPoint": stop})
    stage.charge(300)
    events = stage.central.all(v21.TransactionEventRequest)
    kinds = [each.event_type.value for each in events]
    assert kinds[0] == "Started"
    assert kinds[-1] == "Ended"
    assert set(kinds[1:-1]) <= {"Updated"}
    assert [each.seq_no for each in events] == list(range(len(events)))
    first = {"EVConnected": "CablePluggedIn"}.get(start, "Authorized")
    last = {"EVConnected": "EVCommunicationLost"}.get(stop, "StopAuthorized")
    assert (events[0].trigger_reason, events[-1].trigger_reason) == (first, last)
    assert len(stage.saw(TransactionEnded)) == 1


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_vehicle_that_stays_may_be_charged_again(version: str) -> None:
    stage = online(version)
    stage.plug_in()
    for _ in range(4):
        stage.tap(TOKEN, 1).wait(60)
    ended = stage.saw(TransactionEnded)
    assert [each.energy_wh for each in ended] == pytest.approx([183, 183], abs=1)
    assert len({each.transaction_id for each in ended}) == 2


def test_a_full_battery_ends_the_transaction_where_that_is_the_point() -> None:
    stage = online("2.1", variables={"TxCtrlr.TxStopPoint": "EnergyTransfer"})
    stage.plug_in(1, Ev(capacity_wh=1_000, soc=0.9))
    stage.tap().wait(3_600)
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    assert last.event_type == "Ended"
    assert last.transaction_info.stopped_reason == "StoppedByEV"


def test_a_2x_transaction_without_a_vehicle_times_out() -> None:
    stage = online("2.1", variables={"ConnectionTimeOut": "30"})
    stage.tap().wait(40)
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    assert last.trigger_reason == "EVConnectTimeout"
    assert last.transaction_info.stopped_reason == "Timeout"


def test_the_status_of_a_transaction_is_told_with_what_waits() -> None:
    stage = online("2.1")
    stage.plug_in()
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    running = v21.GetTransactionStatusRequest(transaction_id=transaction.id)
    unknown = v21.GetTransactionStatusRequest(transaction_id="nothing")
    at_all = v21.GetTransactionStatusRequest()
    told = [stage.ask(each) for each in (running, unknown, at_all)]
    assert told == [
        v21.GetTransactionStatusResponse(ongoing_indicator=True, messages_in_queue=False),
        v21.GetTransactionStatusResponse(ongoing_indicator=False, messages_in_queue=False),
        v21.GetTransactionStatusResponse(messages_in_queue=False),
    ]


def test_the_cache_is_asked_first_where_that_is_configured_and_can_be_cleared() -> None:
    stage = online("1.6", variables={"LocalPreAuthorize": "true"})
    stage.charge(60)
    stage.charge(60)
    assert stage.central.names().count("Authorize") == 1
    answer = stage.ask(v16.ClearCacheRequest())
    assert getattr(answer, "status", "") == "Accepted"
    stage.charge(60)
    assert stage.central.names().count("Authorize") == 2


def test_clearing_a_cache_that_is_switched_off_is_rejected() -> None:
    stage = online("2.1", variables={"AuthCacheCtrlr.Enabled": "false"})
    assert getattr(stage.ask(v21.ClearCacheRequest()), "status", "") == "Rejected"


def _availability(stage: Stage, evse_id: int, operative: bool) -> str:
    kinds = v21.OperationalStatusEnumType
    request: Request = v21.ChangeAvailabilityRequest(
        operational_status=kinds.OPERATIVE if operative else kinds.INOPERATIVE,
        evse=v21.EVSEType(id=evse_id) if evse_id else UNSET,
    )
    if stage.central.is_1x:
        types = v16.AvailabilityType
        type_ = types.OPERATIVE if operative else types.INOPERATIVE
        request = v16.ChangeAvailabilityRequest(connector_id=evse_id, type=type_)
    return str(getattr(stage.ask(request), "status", ""))


def _last_status(stage: Stage, evse_id: int) -> str:
    for each in reversed(stage.central.heard):
        match each:
            case v16.StatusNotificationRequest() if each.connector_id == evse_id:
                return each.status.value
            case v21.StatusNotificationRequest() if each.evse_id == evse_id:
                return each.connector_status.value
    return ""


@pytest.mark.parametrize("version", ["1.6", "2.1"])
@pytest.mark.parametrize("evse_id", [0, 1])
def test_taking_a_part_out_of_operation_waits_for_its_transaction(
    version: str, evse_id: int
) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap()
    assert _availability(stage, evse_id, False) == "Scheduled"
    stage.wait(60)
    assert _last_status(stage, 1) in {"Charging", "Occupied"}
    stage.tap()
    stage.unplug()
    assert _last_status(stage, 1) == "Unavailable"
    stage.tap()
    assert stage.saw(TokenDecided)[-1].accepted is (evse_id == 1)  # EVSE 2 still serves
    assert _availability(stage, evse_id, True) == "Accepted"
    assert _last_status(stage, 1) == "Available"


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_an_evse_that_is_not_there_cannot_be_taken_out(version: str) -> None:
    assert _availability(online(version), 9, False) == "Rejected"


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_fault_is_shown_and_nothing_is_started_there(version: str) -> None:
    stage = online(version)
    stage.core.set_fault(1, "GroundFailure", stage.now_s)
    stage.carry()
    assert _last_status(stage, 1) == "Faulted"
    stage.tap(TOKEN, 1)
    assert [each.status for each in stage.saw(TokenDecided)] == ["the EVSE is out of operation"]
    stage.core.set_fault(1, "", stage.now_s)
    stage.carry()
    assert _last_status(stage, 1) == "Available"


def test_a_limit_slows_pauses_and_releases_the_charging() -> None:
    stage = online("2.1")
    stage.plug_in()
    stage.tap().wait(3_600)
    wh = [11_000]
    for limit_w in (5_500.0, 0.0, None):
        stage.core.set_limit(1, limit_w, stage.now_s)
        stage.carry().wait(3_600)
        wh.append(stage.core.evse(1).register_wh)
    assert wh == pytest.approx([11_000, 16_500, 16_500, 27_500], abs=1)
    states = [
        each.transaction_info.charging_state.value
        for each in stage.central.all(v21.TransactionEventRequest)
        if each.trigger_reason == "ChargingStateChanged"
    ]
    assert states == ["Charging", "SuspendedEVSE", "Charging"]


@pytest.mark.parametrize("version", ["1.6", "2.1"])
@pytest.mark.parametrize("broken", [True, False])
def test_a_fault_and_a_power_cut_end_the_transaction(version: str, broken: bool) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap().wait(60)
    if broken:
        stage.core.set_fault(1, "GroundFailure", stage.now_s)
    else:
        stage.core.restart(stage.now_s)
    stage.carry()
    assert len(stage.saw(TransactionEnded)) == 1
    assert stage.core.evse(1).power_w == 0
    if not broken:
        stage.disconnect().connect()  # what was told last is delivered after the boot
    stops = stage.central.all(v16.StopTransactionRequest)
    events = stage.central.all(v21.TransactionEventRequest)
    reasons = [each.reason for each in stops]
    reasons += [each.transaction_info.stopped_reason for each in events[-1:]]
    assert reasons == ["Other" if broken else "Reboot"]


def test_what_people_cannot_do_is_refused() -> None:
    stage = online("2.1")
    with pytest.raises(ValueError, match="no vehicle"):
        stage.unplug()
    with pytest.raises(KeyError):
        stage.plug_in(9)
    stage.plug_in()
    with pytest.raises(ValueError, match="already"):
        stage.plug_in()
