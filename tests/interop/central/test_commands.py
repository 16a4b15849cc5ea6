"""Commands by REST reach strangers, and come back with what the stranger has said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chargeplane.ocpp.versions import Version
from tests.interop.central.commands import UNSUPPORTED, Case, cases_of
from tests.interop.central.conftest import Scene
from tests.interop.central.stranger import HANG_UP, Asked, ErrorAnswer, has_all
from tests.waiting import eventually


async def test_every_command_reaches_a_stranger_and_its_answer_comes_back(scene: Scene) -> None:
    await eventually(  # before that, a raw message is only checked on its way out
        lambda: scene.rest.get(f"/stations/{scene.station_id}"), until=lambda it: it["ocpp_version"]
    )
    for case in cases_of(scene.version):
        asked, outcome = await _commanded(scene, case)
        if scene.version not in case.versions:
            assert (asked, outcome["outcome"]) == ([], UNSUPPORTED), case
            assert outcome["reason"]
            continue
        (heard,) = asked
        assert heard.action == case.action
        assert has_all(heard.payload, case.asked), case
        assert (outcome["outcome"], outcome["status"]) == ("accepted", case.status), case
        assert has_all(outcome["response"], case.told or case.answer), case


async def _commanded(scene: Scene, case: Case) -> tuple[list[Asked], Any]:
    """What the station has heard, and the outcome."""
    memory = scene.station.memory
    memory.asked.clear()
    memory.answers[case.action] = case.answer
    if case.name == "raw" and scene.version not in case.versions:
        answer = await scene.rest.try_command(scene.station_id, case.name, **case.body)
        assert answer.status_code == 400
        (fault,) = answer.json()["errors"]
        return memory.asked, {"outcome": UNSUPPORTED, "reason": fault["message"]}
    return memory.asked, await scene.rest.command(scene.station_id, case.name, **case.body)


async def test_a_remote_start_ends_as_the_transaction_that_it_caused(scene: Scene) -> None:
    rest, words, memory = scene.rest, scene.words, scene.station.memory
    is_old = scene.version.newest_of_family is Version.V1_6
    start, stop = "RequestStartTransaction", "RequestStopTransaction"
    if is_old:
        start, stop = "RemoteStartTransaction", "RemoteStopTransaction"
    memory.answers |= {start: {"status": "Accepted"}, stop: {"status": "Accepted"}}

    outcome = await rest.command(
        scene.station_id, "start-charging", id_token={"value": scene.token}, evse_id=1
    )
    assert (outcome["outcome"], outcome["status"]) == ("accepted", "Accepted")
    remote_start_id = outcome["response"]["remote_start_id"]
    (asked,) = memory.asked
    if is_old:
        assert asked == Asked(start, {"connectorId": 1, "idTag": scene.token})
    else:
        assert asked.payload["remoteStartId"] == remote_start_id
        assert asked.payload["idToken"] == {"idToken": scene.token, "type": "Central"}
        assert asked.payload["evseId"] == 1
    assert await words.start(scene.token, None if is_old else remote_start_id) == "Accepted"
    (active,) = await rest.items("/transactions", station_id=scene.station_id)
    assert (active["state"], active["remote_start_id"]) == ("active", str(remote_start_id))

    outcome = await rest.command(scene.station_id, "stop-charging", transaction_id=active["id"])
    assert outcome["outcome"] == "accepted"
    wire_id = int(words.wire_id) if is_old else words.wire_id
    assert memory.asked[-1] == Asked(stop, {"transactionId": wire_id})
    await words.stop("Remote")
    ended = await rest.get(f"/transactions/{active['id']}")
    assert (ended["state"], ended["energy_wh"]) == ("ended", 2000)
    if scene.version not in {Version.V1_2, Version.V1_5}:  # they cannot say why
        assert ended["stop_reason"] == "remote"


async def test_a_reservation_ends_as_a_stranger_says(scene: Scene) -> None:
    if scene.version is Version.V1_2:  # it has none
        return
    rest, memory, name = scene.rest, scene.station.memory, scene.station_id
    memory.answers |= {"ReserveNow": {"status": "Accepted"}}
    memory.answers |= {"CancelReservation": {"status": "Accepted"}}
    wish = {"id_token": {"value": scene.token}, "expires_at": "2126-01-01T00:00:00Z", "evse_id": 1}
    ids = [
        (await rest.command(name, "reserve", **wish))["response"]["reservation_id"]
        for _ in range(2)
    ]
    given_back = await rest.command(name, "cancel-reservation", reservation_id=ids[0])
    assert given_back["outcome"] == "accepted"
    first, second = [await rest.get(f"/reservations/{id_}") for id_ in ids]
    assert (first["state"], second["state"]) == ("cancelled", "held")
    assert memory.asked[-1] == Asked("CancelReservation", {"reservationId": first["wire_id"]})
    if scene.version.newest_of_family is Version.V1_6:
        for status in ("Reserved", "Available"):
            said = {"connectorId": 1, "status": status, "errorCode": "NoError"}
            await scene.station.ask("StatusNotification", said)
    else:
        said = {"reservationId": second["wire_id"], "reservationUpdateStatus": "Removed"}
        assert await scene.station.ask("ReservationStatusUpdate", said) == {}
    lost = await eventually(
        lambda: rest.get(f"/reservations/{ids[1]}"), until=lambda it: it["state"] == "removed"
    )
    assert lost["ended_at"] is not None


async def test_a_report_that_a_stranger_was_asked_for_fills_the_device_model(scene: Scene) -> None:
    memory, path = scene.station.memory, f"/stations/{scene.station_id}/variables"
    if scene.version is Version.V1_2:  # it has no message for that
        assert await scene.rest.items(path) == []
        return
    key = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
    memory.answers["GetConfiguration"] = {"configurationKey": [key]}
    memory.answers["GetBaseReport"] = {"status": "Accepted"}
    outcome = await scene.rest.command(scene.station_id, "get-base-report")
    assert outcome["outcome"] == "accepted"
    (asked,) = memory.asked
    if asked.action == "GetBaseReport":
        assert asked.payload["requestId"] == outcome["response"]["request_id"]
        variable = {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "HeartbeatInterval"},
            "variableAttribute": [{"value": "300"}],
        }
        report = {
            "requestId": asked.payload["requestId"],
            "generatedAt": datetime.now(UTC).isoformat(),
            "seqNo": 0,
            "reportData": [variable],
        }
        assert await scene.station.ask("NotifyReport", report) == {}
    (shown,) = await eventually(lambda: scene.rest.items(path), until=bool)
    assert (shown["name"], shown["value"]) == ("HeartbeatInterval", "300")


async def test_what_a_stranger_does_not_do_is_told_in_its_own_words(scene: Scene) -> None:
    rest, memory, name = scene.rest, scene.station.memory, scene.station_id
    memory.answers["Reset"] = {"status": "Rejected"}
    refused = await rest.command(name, "reset")
    assert (refused["outcome"], refused["status"]) == ("refused", "Rejected")

    memory.answers["ClearCache"] = ErrorAnswer("InternalError")
    failed = await rest.command(name, "clear-cache")
    assert (failed["outcome"], failed["status"]) == ("refused", "InternalError")
    assert "not today" in failed["reason"]

    memory.answers["ClearCache"] = ErrorAnswer("NotSupported")
    lacking = await rest.command(name, "clear-cache")
    assert (lacking["outcome"], lacking["status"]) == ("unsupported", None)
    assert "NotSupported" in lacking["reason"]

    memory.asked.clear()
    impossible = await rest.command(name, "change-availability", operative=True, connector_id=1)
    assert impossible["outcome"] == "unsupported"
    assert memory.asked == []

    memory.answers["Reset"] = HANG_UP
    silent = await rest.command(name, "reset")
    assert (silent["outcome"], silent["status"]) == ("no_answer", None)
    assert silent["reason"] == "the connection has ended"
    assert [each.action for each in memory.asked] == ["Reset"]
    if scene.kind == "zeep":  # there is no connection that could be gone
        return
    gone = await rest.try_command(name, "reset")
    assert gone.status_code == 409
    assert gone.json()["type"].endswith(":not-connected")
    assert not (await rest.get(f"/stations/{name}"))["connected"]
