"""Whatever people, networks and central systems do, in any order: what is told is whole and true.

The central system of the stage is strict, so every message is also judged by the schemas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station import Ev
from tests.station.stage import Stage

TOKENS = (IdToken("ONE"), IdToken("TWO"))
POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")


def _plug(stage: Stage, rng: Random) -> None:
    free = [each.id for each in stage.core.hub.evses.values() if each.ev is None]
    if free:
        stage.plug_in(rng.choice(free), Ev(capacity_wh=2_000, soc=rng.random()))


def _unplug(stage: Stage, rng: Random) -> None:
    taken = [each.id for each in stage.core.hub.evses.values() if each.ev is not None]
    if taken:
        stage.unplug(rng.choice(taken))


def _tap(stage: Stage, rng: Random) -> None:
    stage.tap(rng.choice(TOKENS), rng.choice([None, 1, 2]))


def _line(stage: Stage, _rng: Random) -> None:
    stage.disconnect() if stage.is_connected else stage.connect()


def _restart(stage: Stage, _rng: Random) -> None:
    stage.core.restart(stage.now_s)
    stage.carry()


def _fault(stage: Stage, rng: Random) -> None:
    stage.core.set_fault(rng.choice([1, 2]), rng.choice(["", "GroundFailure"]), stage.now_s)
    stage.carry()


def _remote(stage: Stage, rng: Random) -> None:
    if not stage.is_connected:
        return
    evse_id, token = rng.choice([1, 2]), rng.choice(TOKENS).value
    kinds = v21.OperationalStatusEnumType
    orders_2x: list[Request] = [
        v21.RequestStartTransactionRequest(
            id_token=v21.IdTokenType(id_token=token, type="Central"),
            remote_start_id=1,
            evse_id=evse_id,
        ),
        v21.ChangeAvailabilityRequest(operational_status=kinds.INOPERATIVE),
        v21.ChangeAvailabilityRequest(operational_status=kinds.OPERATIVE),
        v21.ResetRequest(type=v21.ResetEnumType.ON_IDLE),
        v21.ResetRequest(type=v21.ResetEnumType.IMMEDIATE),
        v21.UnlockConnectorRequest(evse_id=evse_id, connector_id=1),
        *(
            v21.RequestStopTransactionRequest(transaction_id=each.transaction.id)
            for each in stage.core.hub.transactions()
            if each.transaction
        ),
    ]
    orders_1x: list[Request] = [
        v16.RemoteStartTransactionRequest(id_tag=token, connector_id=evse_id),
        v16.RemoteStopTransactionRequest(transaction_id=101),
        v16.ChangeAvailabilityRequest(connector_id=evse_id, type=v16.AvailabilityType.INOPERATIVE),
        v16.ChangeAvailabilityRequest(connector_id=evse_id, type=v16.AvailabilityType.OPERATIVE),
        v16.UnlockConnectorRequest(connector_id=evse_id),
        v16.ResetRequest(type=v16.ResetType.SOFT),
    ]
    stage.ask(rng.choice(orders_1x if stage.central.is_1x else orders_2x))


def _wait(stage: Stage, rng: Random) -> None:
    stage.wait(rng.choice([1, 70, 400, 4_000]))


DEEDS: tuple[Callable[[Stage, Random], None], ...] = (
    _plug, _plug, _tap, _tap, _unplug, _line, _restart, _fault, _remote, _remote, _wait, _wait,
)  # fmt: skip


def _play(stage: Stage, deeds: list[int], rng: Random) -> None:
    stage.connect()
    for deed in deeds:
        DEEDS[deed](stage, rng)
        assert all(each.transaction or not each.power_w for each in stage.core.hub.evses.values())
        if stage.core.wants_to_hang_up and stage.is_connected:
            stage.disconnect()
    for evse in stage.core.hub.evses.values():
        stage.core.set_fault(evse.id, "", stage.now_s)
    if not stage.is_connected:
        stage.connect()
    for evse in list(stage.core.hub.evses.values()):
        if evse.ev is not None:
            stage.unplug(evse.id)
    stage.wait(10)
    if stage.core.wants_to_hang_up:
        stage.disconnect().connect()
    stage.wait(1_000)


STORIES = st.lists(st.integers(0, len(DEEDS) - 1), max_size=30)
UNKNOWN_MAY = {"AllowOfflineTxForUnknownId": "true"}


@settings(max_examples=150, deadline=None)
@given(STORIES, st.integers(0, 2**16), st.sampled_from(["2.0.1", "2.1"]), st.data())
def test_in_2x_every_transaction_is_whole(
    deeds: list[int], seed: int, version: str, data: st.DataObject
) -> None:
    points = st.lists(st.sampled_from(POINTS), min_size=1, max_size=2, unique=True)
    variables = UNKNOWN_MAY | {
        f"TxCtrlr.{name}": ",".join(data.draw(points, name))
        for name in ("TxStartPoint", "TxStopPoint")
    }
    stage = Stage(version, variables=variables)
    _play(stage, deeds, Random(seed))
    told: dict[str, list[Any]] = defaultdict(list)
    for event in stage.central.all(v21.TransactionEventRequest):
        told[event.transaction_info.transaction_id].append(event)
    for events in told.values():
        kinds = [each.event_type.value for each in events]
        assert [each.seq_no for each in events] == list(range(len(events)))
        assert kinds == ["Started", *["Updated"] * (len(kinds) - 2), "Ended"]
        named = [each.evse for each in events if each.evse]
        assert events[0].evse  # and again with its connector, once there is a cable
        assert len([each for each in named if each.connector_id]) <= 1
        assert len(named) <= 2
        assert [each.timestamp for each in events] == sorted(each.timestamp for each in events)
        registers = [
            sample.value
            for each in events
            for value in each.meter_value or []
            for sample in value.sampled_value
            if sample.measurand == "Energy.Active.Import.Register"
        ]
        assert registers == sorted(registers)
    _is_at_rest(stage)


@settings(max_examples=150, deadline=None)
@given(STORIES, st.integers(0, 2**16), st.sampled_from(["1.2", "1.5", "1.6"]))
def test_in_1x_every_transaction_is_whole(deeds: list[int], seed: int, version: str) -> None:
    stage = Stage(version, variables=UNKNOWN_MAY)
    _play(stage, deeds, Random(seed))
    starts = stage.central.all(v16.StartTransactionRequest)
    stops = stage.central.all(v16.StopTransactionRequest)
    assert sorted(each.transaction_id for each in stops) == [101 + n for n in range(len(starts))]
    for stop in stops:
        start = starts[stop.transaction_id - 101]
        assert start.timestamp <= stop.timestamp
        assert start.meter_start <= stop.meter_stop
    _is_at_rest(stage)


def _is_at_rest(stage: Stage) -> None:
    assert not stage.central.malformed
    assert len(stage.core.hub.outbox) == 0
    assert not stage.core.hub.is_busy
    for evse in stage.core.hub.evses.values():
        assert not evse.closed
        assert evse.token is None or stage.version is not Version.V1_6


@pytest.mark.parametrize("version", list(Version))
def test_a_story_with_everything_in_it_is_told_to_its_end(version: Version) -> None:
    stage = Stage(version, variables=UNKNOWN_MAY)
    _play(stage, list(range(len(DEEDS))) * 10, Random(5))
    _is_at_rest(stage)
    assert len(stage.central.heard) > 50
