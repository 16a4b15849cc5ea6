"""Reservations: made, refused, used by the right token, and ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET, Request
from chargeplane.station import EvseSpec, Inventory
from chargeplane.station.signals import TokenDecided
from tests.station.central import START
from tests.station.stage import Stage, online
from tests.station.test_authorization import answers, info, tapped

FAMILIES = pytest.mark.parametrize("version", ["1.6", "2.1"])
ALL = pytest.mark.parametrize("version", ["1.5", "1.6", "2.0.1", "2.1"])
MIXED = Inventory(
    evses=(
        EvseSpec(connector_types=("cType2",)),
        EvseSpec(connector_types=("cType2", "cCCS2")),
        EvseSpec(connector_types=("cCCS2",)),
    )
)


def reserve(
    stage: Stage,
    number: int = 1,
    token: str = "MINE",
    evse_id: int | None = 1,
    *,
    group: str = "",
    type_: str = "",
    seconds: float = 600,
) -> str:
    until: datetime = START + timedelta(seconds=stage.now_s + seconds)
    request: Request
    if stage.central.is_1x:
        request = v16.ReserveNowRequest(
            connector_id=evse_id or 0,
            expiry_date=until,
            id_tag=token,
            parent_id_tag=group or UNSET,
            reservation_id=number,
        )
    else:
        request = v21.ReserveNowRequest(
            id=number,
            expiry_date_time=until,
            id_token=v21.IdTokenType(id_token=token, type="ISO14443"),
            group_id_token=v21.IdTokenType(id_token=group, type="Central") if group else UNSET,
            evse_id=evse_id or UNSET,
            connector_type=type_ or UNSET,
        )
    return str(getattr(stage.ask(request), "status", ""))


def cancel(stage: Stage, number: int = 1) -> str:
    request: Request = v21.CancelReservationRequest(reservation_id=number)
    if stage.central.is_1x:
        request = v16.CancelReservationRequest(reservation_id=number)
    return str(getattr(stage.ask(request), "status", ""))


def statuses(stage: Stage) -> dict[int, str]:
    """What the central system was told last of each EVSE."""
    found = {}
    for each in stage.central.heard:
        if isinstance(each, v16.StatusNotificationRequest):
            found[each.connector_id] = each.status.value
        elif isinstance(each, v21.StatusNotificationRequest):
            found[each.evse_id] = each.connector_status.value
    return found


def updates(stage: Stage) -> list[tuple[int, str]]:
    return [
        (each.reservation_id, each.reservation_update_status.value)
        for each in stage.central.all(v21.ReservationStatusUpdateRequest)
    ]


def told_id(stage: Stage) -> list[Any]:
    starts = stage.central.all(v16.StartTransactionRequest)
    told = starts or stage.central.all(v21.TransactionEventRequest)
    return [each.reservation_id for each in told]


@ALL
def test_a_reserved_evse_shows_it_and_is_for_its_token_alone(version: str) -> None:
    stage = online(version)
    assert reserve(stage) == "Accepted"
    assert stage.core.evse(1).status() == "Reserved"
    if version != "1.5":  # whose list of statuses has no such word
        assert statuses(stage) == {1: "Reserved"}
    assert not tapped(stage, "OTHER", 1).accepted
    assert tapped(stage, "OTHER", 2).accepted
    assert tapped(stage, "mine", 1).accepted
    stage.plug_in(1)
    assert 1 in told_id(stage)
    assert told_id(stage).count(1) == 1
    assert cancel(stage) == "Rejected"  # it is used up


@FAMILIES
def test_a_token_without_an_evse_goes_to_the_one_that_is_reserved_for_it(version: str) -> None:
    stage = online(version)
    reserve(stage, 1, "MINE", 2)
    assert tapped(stage, "OTHER").evse_id == 1
    assert tapped(stage, "MINE").evse_id == 2


@FAMILIES
def test_a_token_of_the_group_may_use_it(version: str) -> None:
    stage = online(version)
    answers(
        stage,
        {"FRIEND": info(stage, "Accepted", "CLUB"), "OTHER": info(stage, "Accepted", "ELSE")},
    )
    reserve(stage, group="club")
    decided = tapped(stage, "OTHER", 1)
    assert (decided.accepted, decided.status) == (False, "the EVSE is reserved")
    assert tapped(stage, "FRIEND", 1).accepted
    assert not list(stage.core.hub.bookings)


@FAMILIES
def test_a_canceled_reservation_frees_the_evse(version: str) -> None:
    stage = online(version)
    reserve(stage)
    assert cancel(stage, 9) == "Rejected"
    assert cancel(stage) == "Accepted"
    assert statuses(stage)[1] == "Available"
    assert tapped(stage, "OTHER", 1).accepted
    assert updates(stage) == []


@ALL
def test_a_reservation_ends_at_its_time(version: str) -> None:
    stage = online(version)
    reserve(stage, seconds=100)
    stage.wait(99)
    assert stage.core.evse(1).status() == "Reserved"
    stage.wait(2)
    assert stage.core.evse(1).status() == "Available"
    assert updates(stage) == ([] if version < "2" else [(1, "Expired")])


@FAMILIES
def test_the_same_id_replaces_a_reservation(version: str) -> None:
    stage = online(version)
    reserve(stage, 1, "A", 1)
    assert reserve(stage, 1, "B", 1, seconds=50) == "Accepted"
    assert not tapped(stage, "A", 1).accepted
    assert reserve(stage, 1, "B", 2) == "Accepted"
    assert statuses(stage) == {1: "Available", 2: "Reserved"}
    assert reserve(stage, 2, "C", 2) == "Occupied"


@FAMILIES
def test_what_cannot_be_reserved_is_refused_with_the_reason(version: str) -> None:
    stage = online(version)
    assert reserve(stage, evse_id=9) == "Rejected"
    assert reserve(stage, seconds=-1) == "Rejected"
    stage.plug_in(1)
    assert reserve(stage) == "Occupied"
    stage.core.set_fault(2, "GroundFailure", stage.now_s)
    stage.carry()
    assert reserve(stage, evse_id=2) == "Faulted"
    stage.core.set_fault(2, "", stage.now_s)
    stage.core.hub.evses[2].is_operative = False
    assert reserve(stage, evse_id=2) == "Unavailable"
    stage.core.variables.preset({"ReservationCtrlr.Enabled": "false"})
    assert reserve(stage, evse_id=2) == "Rejected"


@FAMILIES
def test_a_reservation_of_any_evse_holds_them_only_when_so_many_are_left(version: str) -> None:
    stage = online(version)
    assert reserve(stage, 1, "MINE", None) == "Accepted"
    assert [stage.core.evse(each).status() for each in (1, 2)] == ["Available"] * 2
    assert tapped(stage, "OTHER").accepted
    assert stage.core.evse(2).status() == "Reserved"
    assert not tapped(stage, "THIRD").accepted
    assert tapped(stage, "MINE").evse_id == 2
    assert not list(stage.core.hub.bookings)


@FAMILIES
def test_any_evse_can_be_reserved_only_where_that_is_supported(version: str) -> None:
    stage = online(version, variables={"ReserveConnectorZeroSupported": "false"})
    assert reserve(stage, evse_id=None) == "Rejected"
    assert reserve(stage, evse_id=1) == "Accepted"


def test_as_many_can_be_reserved_as_there_are() -> None:
    stage = online("2.1")
    assert [reserve(stage, number, f"T{number}", None) for number in (1, 2, 3)] == [
        "Accepted",
        "Accepted",
        "Occupied",
    ]
    assert statuses(stage) == {1: "Reserved", 2: "Reserved"}


def test_a_connector_type_is_reserved_wherever_it_is() -> None:
    stage = online("2.1", inventory=MIXED)
    assert reserve(stage, 1, "MINE", None, type_="cCCS2") == "Accepted"
    assert reserve(stage, 2, "MINE", None, type_="cG105") == "Rejected"
    assert reserve(stage, 2, "MINE", 1, type_="cCCS2") == "Rejected"
    tapped(stage, "OTHER", 2)
    assert statuses(stage) == {3: "Reserved"}
    assert not tapped(stage, "THIRD", 3).accepted
    assert tapped(stage, "THIRD", 1).accepted
    assert tapped(stage, "MINE", 3).accepted


@pytest.mark.parametrize("how", ["fault", "availability", "station"])
def test_a_reservation_goes_when_its_evse_fails(how: str) -> None:
    stage = online("2.1")
    reserve(stage)
    if how == "fault":
        stage.core.set_fault(1, "GroundFailure", stage.now_s)
        stage.carry()
    else:
        kind = v21.OperationalStatusEnumType.INOPERATIVE
        where = v21.EVSEType(id=1) if how == "availability" else UNSET
        stage.ask(v21.ChangeAvailabilityRequest(operational_status=kind, evse=where))
    assert updates(stage) == [(1, "Removed")]
    assert not list(stage.core.hub.bookings)


@pytest.mark.parametrize(("version", "told"), [("2.0.1", []), ("2.1", [(1, "NoTransaction")])])
def test_a_reservation_that_was_used_in_vain_is_told(
    version: str, told: list[tuple[int, str]]
) -> None:
    variables = {"ConnectionTimeOut": "30", "TxCtrlr.TxStartPoint": "PowerPathClosed"}
    stage = online(version, variables=variables)
    reserve(stage)
    tapped(stage, "MINE", 1)
    stage.wait(31)
    assert updates(stage) == told
    assert stage.core.evse(1).status() == "Available"
    stage.plug_in(1)
    assert told_id(stage) == []


def test_a_used_reservation_with_a_transaction_is_not_told_again() -> None:
    stage = online("2.1", variables={"TxCtrlr.TxStartPoint": "PowerPathClosed"})
    reserve(stage)
    tapped(stage, "MINE", 1)
    stage.plug_in(1)
    stage.wait(1_000)
    assert updates(stage) == []
    assert told_id(stage)[0] == 1


@FAMILIES
def test_the_central_system_starts_only_for_whom_it_is_reserved(version: str) -> None:
    stage = online(version)
    reserve(stage)

    def start(token: str) -> str:
        request: Request = v16.RemoteStartTransactionRequest(id_tag=token, connector_id=1)
        if version == "2.1":
            request = v21.RequestStartTransactionRequest(
                id_token=v21.IdTokenType(id_token=token, type="ISO14443"),
                remote_start_id=1,
                evse_id=1,
            )
        return str(getattr(stage.ask(request), "status", ""))

    assert start("OTHER") == "Rejected"
    assert start("MINE") == "Accepted"
    stage.plug_in(1)
    assert 1 in told_id(stage)


@FAMILIES
def test_a_reservation_is_there_after_a_restart_and_still_ends(version: str) -> None:
    stage = online(version)
    reserve(stage, seconds=100)
    stage.new_program(50).connect()
    assert stage.core.evse(1).status() == "Reserved"
    assert statuses(stage)[1] == "Reserved"
    stage.lose_power(20)
    assert stage.core.evse(1).status() == "Reserved"
    stage.wait(40)
    assert stage.core.evse(1).status() == "Available"


def test_a_vehicle_that_is_plugged_in_does_not_use_the_reservation() -> None:
    stage = online("2.1", variables={"TxCtrlr.TxStartPoint": "Authorized"})
    reserve(stage)
    stage.plug_in(1)
    assert statuses(stage)[1] == "Occupied"
    assert not tapped(stage, "OTHER", 1).accepted
    stage.tap(IdToken("MINE"), 1)
    assert stage.saw(TokenDecided)[-1].accepted
    assert told_id(stage)[0] == 1
