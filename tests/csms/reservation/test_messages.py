"""Reservations as both families say them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from chargeplane.csms.contract import Ask, Station, Translate
from chargeplane.csms.reservation import v1, v2
from chargeplane.domain.commands import Accepted, CancelReservation, Refused, Unsupported
from chargeplane.domain.reservations import ReservationState as State
from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import encode, payload_of
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Store
from tests.csms.making import NOW, decided, heard, station
from tests.csms.reservation.making import Scene, wish

ONE, TWO = station(Version.V1_6), station(Version.V2_1)


@pytest.fixture
def scene(sqlite_store: Store) -> Scene:
    return Scene(sqlite_store)


async def translated(translate: Translate, of: Station, command: Any) -> Ask | Unsupported:
    found = translate(of, command)
    return await found if inspect.isawaitable(found) else found


async def asked(translate: Translate, of: Station, command: Any) -> Ask:
    ask = await translated(translate, of, command)
    assert isinstance(ask, Ask), ask
    encode(ask.request)  # the schema of the family's newest version takes it
    return ask


async def reason(translate: Translate, of: Station, command: Any) -> str:
    found = await translated(translate, of, command)
    assert isinstance(found, Unsupported)
    return found.reason


async def test_1x_names_the_connector_the_tag_and_its_group(scene: Scene) -> None:
    reserve = v1.reserve(scene.reservations)
    ask = await asked(reserve, ONE, wish())
    assert payload_of(ask.request) == {
        "connectorId": 1,
        "expiryDate": "2026-11-21T13:00:00Z",
        "idTag": "ANNA",
        "parentIdTag": "fleet",
        "reservationId": 1,
    }
    anywhere = await asked(reserve, ONE, wish(evse_id=None, id_token=IdToken("B")))
    assert payload_of(anywhere.request)["connectorId"] == 0
    assert "parentIdTag" not in payload_of(anywhere.request)


async def test_2x_names_the_evse_or_the_type_of_connector(scene: Scene) -> None:
    reserve = v2.reserve(scene.reservations)
    ask = await asked(reserve, TWO, wish())
    assert payload_of(ask.request) == {
        "id": 1,
        "expiryDateTime": "2026-11-21T13:00:00Z",
        "idToken": {"idToken": "ANNA", "type": "ISO14443"},
        "groupIdToken": {"idToken": "fleet", "type": "Central"},
        "evseId": 1,
    }
    typed = wish(evse_id=None, connector_type="cCCS2", id_token=IdToken("B"))
    told = payload_of((await asked(reserve, TWO, typed)).request)
    assert told["connectorType"] == "cCCS2"
    assert told["idToken"] == {"idToken": "B", "type": "ISO14443"}
    assert not {"evseId", "groupIdToken"} & told.keys()


async def test_what_a_version_cannot_say_is_known_before_it_is_asked(scene: Scene) -> None:
    first, second = v1.reserve(scene.reservations), v2.reserve(scene.reservations)
    assert "1.2 has no message" in await reason(first, station(Version.V1_2), wish())
    assert "by its number" in await reason(first, ONE, wish(evse_id=None, connector_type="cType2"))
    assert "20 characters" in await reason(first, ONE, wish(id_token=IdToken("x" * 21)))
    assert "H01.FR.06" in await reason(second, TWO, wish(connector_type="cType2"))
    for translate, of in ((first, ONE), (second, TWO)):
        assert "EVSE 0" in await reason(translate, of, wish(evse_id=0))
        assert "none is named" in await reason(translate, of, wish(id_token=IdToken("")))
    assert scene.events == []  # none of these became a reservation


@pytest.mark.parametrize("family", [1, 2], ids=str)
async def test_the_answer_is_kept_and_a_cancellation_names_the_id_of_the_wire(
    scene: Scene, family: int
) -> None:
    block, of = ((v1, ONE), (v2, TWO))[family - 1]
    ask = await asked(block.reserve(scene.reservations), of, wish())
    answers: list[Any] = [
        v16.ReserveNowResponse(status=v16.ReservationStatus.ACCEPTED),
        v21.ReserveNowResponse(status=v21.ReserveNowStatusEnumType.ACCEPTED),
    ]
    outcome = ask.read(answers[family - 1])
    assert isinstance(outcome, Accepted)
    assert ask.settle is not None
    await ask.settle(outcome)
    id_ = outcome.response["reservation_id"]
    known = await scene.reservations.of_station(of, id_)
    assert known is not None
    assert known.state is State.HELD
    cancel = block.cancel(scene.reservations)
    command = CancelReservation(reservation_id=id_)
    ask = await asked(cancel, of, command)
    assert payload_of(ask.request) == {"reservationId": known.wire_id}
    assert ask.settle is not None
    await ask.settle(Refused(status="InternalError"))
    assert (await scene.now(known)).state is State.HELD
    await ask.settle(Accepted())
    assert (await scene.now(known)).state is State.CANCELLED
    assert "CP2 has no" in await reason(cancel, station(of.version, "CP2"), command)
    assert "has no" in await reason(cancel, of, CancelReservation(reservation_id="x"))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Expired", State.EXPIRED),
        ("Removed", State.REMOVED),
        ("NoTransaction", State.NO_TRANSACTION),
    ],
    ids=["expired", "removed", "no-transaction"],
)
async def test_2x_stations_tell_how_a_reservation_ended(
    scene: Scene, word: str, state: State
) -> None:
    made = await scene.reservations.begin(TWO, wish())
    assert not isinstance(made, Unsupported)
    handle = v2.updates(scene.reservations)
    own = made.reservation.wire_id
    for wire_id in (own, own, 4711):
        request = v21.ReservationStatusUpdateRequest(
            reservation_id=wire_id,
            reservation_update_status=v21.ReservationUpdateStatusEnumType(word),
        )
        decision = await decided(handle, heard(TWO, request))
        assert decision.response == v21.ReservationStatusUpdateResponse()
    found = await scene.now(made.reservation)
    assert (found.state, found.ended_at, len(scene.events)) == (state, NOW, 2)
