"""Quirks of what a station does, without sockets."""

from __future__ import annotations

import json
from collections import Counter

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.station.evse import Status
from chargeplane.station.signals import TransactionEnded, TransactionStarted
from tests.station.smart_charging.asking import install
from tests.station.stage import Stage, online


def requests(stage: Stage) -> Counter[str]:
    """What the station asked since the stage forgot, by action."""
    frames = [json.loads(each) for each in stage.frames if each.startswith("[2,")]
    return Counter(each[2] for each in frames)


def restarted(version: str, *quirks: str) -> Stage:
    """A station that lost its power for a moment, and what it said since."""
    stage = online(version, quirks=quirks)
    stage.core.lose_power(stage.now_s)
    stage.disconnect()
    return stage.connect()


def test_after_a_restart_it_goes_on_without_a_boot() -> None:
    for version in ("1.6", "2.1"):
        said = requests(restarted(version, "boots-once"))
        assert (said["BootNotification"], said["StatusNotification"] > 0) == (0, True)
        assert requests(restarted(version))["BootNotification"] == 1


def test_it_is_served_afterwards_and_boots_when_it_is_asked_to() -> None:
    stage = restarted("1.6", "boots-once")
    stage.charge(200)
    assert len(stage.central.all(v16.StopTransactionRequest)) == 1
    boot = v16.TriggerMessageRequest(requested_message=v16.MessageTrigger.BOOT_NOTIFICATION)
    stage.ask(boot)
    assert requests(stage)["BootNotification"] == 1


def test_one_that_was_never_accepted_goes_on_asking() -> None:
    stage = Stage("2.1", quirks=["boots-once"])
    pending = v21.RegistrationStatusEnumType.PENDING
    stage.central.responds = lambda request: (
        v21.BootNotificationResponse(
            current_time=stage.core.hub.time(), interval=60, status=pending
        )
        if isinstance(request, v21.BootNotificationRequest)
        else None
    )
    stage.connect()
    stage.core.lose_power(stage.now_s)
    stage.disconnect()
    stage.connect()
    assert requests(stage)["BootNotification"] == 2


def charging(*quirks: str) -> Stage:
    stage = online("1.6", quirks=quirks)
    stage.plug_in()
    stage.tap()
    return stage.wait(60)


def test_a_limit_below_the_minimum_ends_the_transaction_after_its_answer() -> None:
    stage = charging("ends-below-minimum")
    stage.frames.clear()
    assert install(stage, 1, [(0, 5.9)], purpose="TxProfile") == "Accepted"
    stage.wait(1)
    kinds = [json.loads(each) for each in stage.frames]
    assert kinds[0][0] == 3
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    assert stop.reason is v16.Reason.OTHER
    assert stage.core.evse(1).status() is Status.FINISHING
    told = [each[3]["status"] for each in kinds if each[2] == "StatusNotification"]
    assert told == ["SuspendedEVSE", "Finishing"]


def test_a_remote_start_is_taken_where_it_is_finishing() -> None:
    stage = charging("ends-below-minimum")
    install(stage, 1, [(0, 5.0)], purpose="TxProfile")
    stage.wait(1)
    answer = stage.ask(v16.RemoteStartTransactionRequest(id_tag="C0FFEE", connector_id=1))
    assert answer == v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus.ACCEPTED)
    assert len(stage.saw(TransactionStarted)) == 2
    assert stage.core.evse(1).token == IdToken("C0FFEE")
    assert stage.core.evse(1).status() is Status.CHARGING


def test_limits_that_leave_something_and_stations_without_the_quirk_end_nothing() -> None:
    stage = charging("ends-below-minimum")
    install(stage, 1, [(0, 6.0)], purpose="TxProfile")
    stage.wait(1)
    assert not stage.saw(TransactionEnded)
    plain = charging()
    install(plain, 1, [(0, 5.0)], purpose="TxProfile")
    plain.wait(1)
    assert not plain.saw(TransactionEnded)
    assert plain.core.evse(1).status() is Status.SUSPENDED_EVSE


def test_a_limit_that_time_brings_ends_it_too() -> None:
    stage = charging("ends-below-minimum")
    install(stage, 1, [(0, 16.0), (600, 0.0)], purpose="TxProfile")
    stage.wait(500)
    assert not stage.saw(TransactionEnded)
    stage.wait(200)
    assert len(stage.saw(TransactionEnded)) == 1
