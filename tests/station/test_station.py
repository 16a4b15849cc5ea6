"""Stations over real sockets, against a small central system."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.versions import Version
from chargeplane.station import Ev, Station
from chargeplane.station.signals import (
    Disconnected,
    Online,
    Registered,
    Restarting,
    SettingChanged,
    TransactionEnded,
    TransactionStarted,
)
from tests.station.server import Server, server

QUICK = {
    "MeterValueSampleInterval": "360",  # a tenth of a second at the speed of these stations
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
SOAP = (Version.V1_2, Version.V1_5, Version.V1_6)


def station(at: Server, version: Version | str = "1.6", *, soap: bool = False) -> Station:
    url = at.soap_url if soap else at.url
    return Station("CP1", version=version, url=url, seed=1, speed=3_600, variables=QUICK)


async def visit(cp: Station) -> TransactionEnded:
    """Charge for a moment, which at this speed is long enough for a meter value."""
    await cp.plug_in(1, Ev(soc=0.5))
    assert (await cp.tap("DEADBEEF")).accepted
    await cp.wait_for(TransactionStarted)
    await cp.until(lambda core: core.evse(1).register_wh > 1_500)
    await cp.tap("DEADBEEF")
    ended = await cp.wait_for(TransactionEnded)
    await cp.unplug(1)
    return ended


@pytest.mark.parametrize("version", list(Version))
async def test_a_visit_over_a_websocket(version: Version) -> None:
    async with server() as at:
        async with station(at, version) as cp:
            ended = await visit(cp)
        central = at.centrals["CP1"]
    assert ended.energy_wh > 1_500
    assert not central.malformed
    if central.is_1x:
        (stop,) = central.all(v16.StopTransactionRequest)
        (start,) = central.all(v16.StartTransactionRequest)
        assert stop.meter_stop - start.meter_start == ended.energy_wh
        assert central.all(v16.MeterValuesRequest)
    else:
        events = central.all(v21.TransactionEventRequest)
        assert [each.seq_no for each in events] == list(range(len(events)))
        assert events[-1].event_type == "Ended"


@pytest.mark.parametrize("version", SOAP)
async def test_a_visit_over_soap_with_commands_from_the_central_system(version: Version) -> None:
    async with server() as at:
        async with station(at, version, soap=True) as cp:
            await cp.plug_in(1, Ev(soc=0.5))
            start = v16.RemoteStartTransactionRequest(connector_id=1, id_tag="DEADBEEF")
            assert await at.post("CP1", start) == v16.RemoteStartTransactionResponse(
                status=v16.RemoteStartStopStatus.ACCEPTED
            )
            await cp.wait_for(TransactionStarted)
            await cp.until(lambda core: not core.hub.outbox)
            stop = v16.RemoteStopTransactionRequest(transaction_id=101)
            await at.post("CP1", stop)
            ended = await cp.wait_for(TransactionEnded)
            await cp.unplug(1)
        heard = at.centrals["CP1"]
    (stopped,) = heard.all(v16.StopTransactionRequest)
    assert stopped.transaction_id == 101
    assert stopped.meter_stop == ended.energy_wh
    assert heard.names()[0] == "BootNotification"
    assert not at.remarks


@pytest.mark.parametrize("version", ["1.6", "2.1"])
async def test_the_next_program_delivers_what_the_last_one_could_not(
    version: str, tmp_path: Path
) -> None:
    path = tmp_path / "cp1.memory"
    async with server() as at:
        options: dict[str, Any] = {"version": version, "url": at.url, "memory": path, "seed": 1}
        async with Station("CP1", variables=QUICK, **options) as first:
            at.is_open = False
            await first.plug_in(1, Ev(soc=0.5))
            await first.tap("DEADBEEF")
            await first.wait_for(TransactionStarted)
            at.links["CP1"].close()
            await first.wait_for(Disconnected)
            await first.tap("DEADBEEF")
            undelivered = first.undelivered
        at.is_open = True
        async with Station("CP1", variables=QUICK, **options) as second:
            await second.until(lambda core: not core.hub.outbox)
        central = at.centrals["CP1"]
    assert undelivered
    if version == "1.6":
        (stop,) = central.all(v16.StopTransactionRequest)
        assert stop.transaction_id == 101
    else:
        numbers = [each.seq_no for each in central.all(v21.TransactionEventRequest)]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > 2


async def test_a_station_is_built_as_its_file_says(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text('[station]\nmodel = "From a file"\n[[evse]]\n[[evse]]\n[[evse]]\n')
    async with server() as at, Station("CP1", url=at.url, inventory=path) as cp:
        (boot,) = at.centrals["CP1"].all(v21.BootNotificationRequest)
        evses = len(cp.core.hub.evses)
    assert (boot.charging_station.model, evses) == ("From a file", 3)


async def test_a_station_loses_its_power_and_ends_its_transaction_when_it_is_back() -> None:
    async with server() as at, station(at, "2.1") as cp:
        await cp.plug_in(1, Ev(soc=0.2))
        await cp.tap("DEADBEEF")
        await cp.lose_power()
        await cp.wait_for(TransactionEnded)
        await cp.until(lambda core: core.hub.is_online and not core.hub.outbox)
        events = at.centrals["CP1"].all(v21.TransactionEventRequest)
    assert events[-1].transaction_info.stopped_reason == "PowerLoss"
    numbers = [each.seq_no for each in events]  # the one that was under way is sent again
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(numbers[-1] + 1))


async def test_a_station_comes_back_after_a_loss_and_delivers_what_happened() -> None:
    async with server() as at, station(at, "2.1") as cp:
        at.is_open = False
        await cp.drop()
        await cp.wait_for(Disconnected)
        await cp.plug_in(1, Ev(soc=0.5))
        at.is_open = True
        await cp.wait_for(Online)
        await cp.until(lambda core: not core.hub.outbox)
        first = at.centrals["CP1"].all(v21.TransactionEventRequest)[0]
        assert first.offline is True
        assert at.centrals["CP1"].names().count("BootNotification") == 1


async def test_a_soap_station_comes_back_when_somebody_answers_again() -> None:
    async with server() as at, station(at, "1.6", soap=True) as cp:
        await cp.until(lambda core: not core.hub.conversation.waiting)
        at.is_open = False
        at.centrals["CP1"].heard.clear()
        await cp.drop()
        await cp.wait_for(Disconnected)
        at.is_open = True
        await cp.wait_for(Online)
        await cp.plug_in(1)
        await cp.until(lambda core: not core.hub.conversation.waiting)
        (status,) = at.centrals["CP1"].all(v16.StatusNotificationRequest)
        assert status.status == "Preparing"


async def test_a_soap_station_keeps_its_messages_while_nobody_serves() -> None:
    async with server() as at, station(at, "1.6", soap=True) as cp:
        at.is_open = False
        await cp.plug_in(1)
        await cp.wait_for(Disconnected)
        await cp.tap("DEADBEEF")
        at.is_open = True
        await cp.until(lambda core: core.hub.is_online and not core.hub.conversation.waiting)
        await cp.tap("DEADBEEF", 1)
        await cp.wait_for(TransactionStarted)
        await cp.until(lambda core: not core.hub.outbox)
        assert len(at.centrals["CP1"].all(v16.StartTransactionRequest)) == 1


async def test_a_reset_closes_the_connection_and_boots_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chargeplane.station.wires.connection.RESTART_S", 0.0)
    monkeypatch.setattr("chargeplane.station.provisioning.restarting.GRACE_S", 0.0)
    async with server() as at, station(at, "2.0.1") as cp:
        at.ask("CP1", v21.ResetRequest(type=v21.ResetEnumType.IMMEDIATE))
        await cp.wait_for(Restarting)
        await cp.wait_for(Registered)
        boots = at.centrals["CP1"].all(v21.BootNotificationRequest)
        assert [each.reason.value for each in boots] == ["PowerUp", "RemoteReset"]


async def test_the_password_and_a_strange_identity_are_sent() -> None:
    async with server() as at:
        cp = Station("RDAM|1", version="1.6", url=at.url, password=b"\x00\xff")
        async with cp:
            assert cp.is_online
        scheme, _, credentials = at.passwords["RDAM|1"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(credentials) == b"RDAM|1:\x00\xff"


async def test_a_password_that_the_central_system_sets_is_used_from_then_on() -> None:
    expected = {"00FF": b"\x00\xff", "no hexadecimal": b"no hexadecimal"}
    async with server() as at, station(at) as cp:
        for value, secret in expected.items():
            at.ask("CP1", v16.ChangeConfigurationRequest(key="AuthorizationKey", value=value))
            await cp.wait_for(SettingChanged)
            await cp.drop()
            await cp.wait_for(Online)
            sent = b64decode(at.passwords["CP1"].partition(" ")[2])
            assert sent == b"CP1:" + secret


async def test_a_central_system_of_another_version_is_no_connection() -> None:
    async with server() as at:
        at.subprotocols = ("ocpp2.1",)
        cp = Station("CP1", version="1.6", url=at.url, ready_timeout_s=0.2)
        with pytest.raises(TimeoutError, match="does not speak ocpp1.6"):
            await cp.__aenter__()


async def test_nobody_waits_for_a_station_that_does_not_run() -> None:
    cp = Station("CP1", version="1.6", url="ws://127.0.0.1:9")
    with pytest.raises(RuntimeError, match="is not running"):
        await cp.wait_for(Online)


async def test_the_frames_of_a_station_can_be_watched() -> None:
    frames: list[tuple[str, str]] = []
    async with (
        server() as at,
        Station(
            "CP1",
            version="2.1",
            url=at.url,
            frame=lambda way, text: frames.append((way, text)),
        ),
    ):
        pass
    assert [way for way, _ in frames[:2]] == ["sent", "heard"]
    assert "BootNotification" in frames[0][1]


async def test_a_quirk_of_the_handshake_is_served_by_a_tolerant_central_system() -> None:
    async with server() as at:
        async with Station("CP1", version="1.6", url=at.url, quirks=["no-subprotocol"]) as cp:
            assert cp.is_online
        assert at.centrals["CP1"].version is Version.V1_6


async def test_who_waits_for_a_station_that_is_refused_learns_why() -> None:
    async with server() as at:
        at.is_open = False
        cp = Station("CP1", version="1.6", url=at.url, ready_timeout_s=0.2)
        with pytest.raises(TimeoutError, match="CP1 is not accepted: 503"):
            await cp.__aenter__()


async def test_a_station_need_not_be_accepted_to_be_used() -> None:
    async with server() as at:
        at.is_open = False
        async with Station("CP1", version="2.1", url=at.url, ready_timeout_s=None) as cp:
            await cp.plug_in(1)
            assert not (await cp.tap("DEADBEEF")).accepted
            assert cp.evse(1).transaction is not None


@pytest.mark.parametrize(
    ("version", "url", "message"),
    [
        ("2.1", "http://127.0.0.1/soap", "has no SOAP"),
        ("1.6", "127.0.0.1:9000", "no address"),
        ("1.7", "ws://127.0.0.1", "1.7"),
    ],
)
def test_what_cannot_be_is_refused_at_once(version: str, url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Station("CP1", version=version, url=url)


async def test_a_token_that_the_version_cannot_say_is_our_mistake_and_changes_nothing() -> None:
    async with server() as at, station(at) as cp:
        await cp.plug_in(1)
        with pytest.raises(LocalError, match="idTag"):
            await cp.tap("X" * 21)
        assert (await cp.tap("DEADBEEF")).accepted
