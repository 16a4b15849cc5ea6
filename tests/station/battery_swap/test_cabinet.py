"""Batteries are swapped for the driver whom the central system has named."""

from __future__ import annotations

from chargeplane.ocpp import v21
from chargeplane.station.signals.screens import BatteryInserted, BatteryTaken, SwapOffered
from tests.station.stage import Stage, online


def swap(stage: Stage) -> str:
    token = v21.IdTokenType(id_token="DRIVER", type="ISO14443")
    answer = stage.ask(v21.RequestBatterySwapRequest(id_token=token, request_id=8))
    return str(getattr(answer, "status", ""))


def told(stage: Stage) -> list[tuple[str, str, int]]:
    return [
        (each.event_type.value, each.battery_data[0].serial_number, each.request_id)
        for each in stage.central.all(v21.BatterySwapRequest)
    ]


def filled() -> Stage:
    stage = online("2.1")
    stage.core.want(BatteryInserted(1, "full", 95.0), stage.now_s)
    return stage.carry()


def test_a_swap_is_told_in_and_out() -> None:
    stage = filled()
    assert swap(stage) == "Accepted"
    assert len(stage.saw(SwapOffered)) == 1
    stage.core.want(BatteryInserted(2, "empty", 10.0), stage.now_s)
    stage.core.want(BatteryTaken(1), stage.now_s)
    stage.carry()
    assert told(stage) == [("BatteryIn", "empty", 8), ("BatteryOut", "full", 8)]
    assert swap(stage) == "Rejected"  # what is left is empty


def test_a_driver_who_does_not_come_or_does_not_take_it_has_no_swap_any_more() -> None:
    stage = filled()
    swap(stage)
    assert swap(stage.wait(61)) == "Accepted"
    stage.core.want(BatteryInserted(2, "empty", 10.0), stage.now_s)
    stage.wait(61)
    assert [each[0] for each in told(stage)] == ["BatteryIn", "BatteryOutTimeout"]
