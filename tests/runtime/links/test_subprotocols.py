"""Which version of OCPP a link speaks."""

import pytest

from chargeplane.runtime.links import SUBPROTOCOLS, Accept, Attempt, Transport
from tests.runtime.links.harness import site, upgrade


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("ocpp1.6", "ocpp1.6"),
        ("ocpp1.2, ocpp1.5", "ocpp1.5"),
        ("ocpp1.6,ocpp2.0.1", "ocpp2.0.1"),
        ("ocpp2.0.1, ocpp2.1, soap", "ocpp2.1"),
        ("ocpp1.6\r\nsec-websocket-protocol: ocpp2.0.1", "ocpp2.0.1"),
        (" , ocpp1.6,, ocpp1.6", "ocpp1.6"),
    ],
)
async def test_the_server_prefers_the_newest(
    transport: Transport, offered: str, chosen: str
) -> None:
    async with site(transport) as at:
        peer = await at.dial()
        peer.send(upgrade(sec_websocket_protocol=offered))
        answer = await peer.response()
        assert answer.status == 101
        assert answer.headers["sec-websocket-protocol"] == chosen
        assert at.station.link.facts.subprotocol == chosen


@pytest.mark.parametrize("offered", ["ocpp2.2", "OCPP1.6", "mqtt, ocpp1.6j"])
async def test_with_nothing_in_common_the_handshake_is_finished_and_the_link_closed(
    transport: Transport, offered: str
) -> None:
    async with site(transport) as at:
        peer = await at.dial()
        peer.send(upgrade(sec_websocket_protocol=offered))
        answer = await peer.response()
        assert answer.status == 101
        assert "sec-websocket-protocol" not in answer.headers
        assert await peer.close_code() == 1002
        assert await peer.ended()
        assert not at.stations


async def test_a_station_that_offers_nothing_speaks_what_admission_says(
    transport: Transport,
) -> None:
    async def admit(attempt: Attempt) -> Accept:
        assert attempt.offered == ()
        return Accept("CP1", default_subprotocol="ocpp1.6")

    async with site(transport, admit=admit) as at:
        peer = await at.dial()
        peer.send(upgrade(sec_websocket_protocol=""))
        answer = await peer.response()
        # RFC 6455 4.1: a client that offered nothing must fail upon a name in the answer.
        assert "sec-websocket-protocol" not in answer.headers
        assert at.station.link.facts.subprotocol == "ocpp1.6"
        assert at.station.link.facts.repairs == ("subprotocol-missing",)


async def test_admission_can_hold_a_station_to_some_versions(transport: Transport) -> None:
    async def admit(attempt: Attempt) -> Accept:
        return Accept("CP1", subprotocols=("ocpp1.6", "ocpp1.5"))

    async with site(transport, admit=admit) as at:
        peer = await at.dial()
        peer.send(upgrade(sec_websocket_protocol=", ".join(SUBPROTOCOLS)))
        assert (await peer.response()).headers["sec-websocket-protocol"] == "ocpp1.6"


def test_all_five_versions_are_known() -> None:
    assert SUBPROTOCOLS == ("ocpp2.1", "ocpp2.0.1", "ocpp1.6", "ocpp1.5", "ocpp1.2")
