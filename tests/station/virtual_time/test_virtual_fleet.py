"""A fleet in simulated time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import cycle, islice

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.tolerance import STRICT
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station import Member
from chargeplane.station.quirks import QUIRKS
from chargeplane.station.virtual_time import Agenda, End, VirtualFleet, YesCentral

HOURS = 3.0
ODD = ("times-without-zone", "plain-phases")


def members() -> list[Member]:
    """One of each version, and one of each family that misbehaves."""
    plain = [
        Member(f"V{number}", version)
        for number, version in enumerate(islice(cycle(Version), len(Version)))
    ]
    return [
        *plain,
        Member("ODD1", Version.V1_6, quirks=ODD),
        Member("ODD2", Version.V2_1, quirks=ODD),
    ]


def digest(seed: int) -> str:
    """Of all frames of an hour."""
    fleet = VirtualFleet(members(), tokens=["A", "B", "C"], seed=seed)
    fleet.run(3_600)
    return f"{fleet.frames} {fleet.digest.hexdigest()}"


if __name__ == "__main__":
    sys.stdout.write(digest(int(sys.argv[1])))


def in_a_process_of_its_own(seed: int, hash_seed: str) -> str:
    """The same in another interpreter, where words have other hashes."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return done.stdout


def test_the_same_seed_gives_the_same_frames_in_every_process() -> None:
    here = digest(7)
    assert {in_a_process_of_its_own(7, each) for each in ("0", "1")} == {here}
    assert digest(8) != here


@cache
def morning(version: Version) -> tuple[VirtualFleet, list[YesCentral]]:
    """Four stations of a version, which a central system that repairs nothing has heard."""
    centrals: list[YesCentral] = []

    def ends(member: Member, agenda: Agenda) -> End:
        centrals.append(YesCentral(member.version, agenda.now, tolerance=STRICT))
        return centrals[-1]

    fleet = VirtualFleet(
        [Member(f"S{n}", version) for n in range(4)], tokens=["CAFE"], seed=3, ends=ends
    )
    fleet.run(HOURS * 3_600)
    return fleet, centrals


@pytest.mark.parametrize("version", Version)
def test_drivers_come_and_go_and_every_frame_keeps_the_schema(version: Version) -> None:
    fleet, centrals = morning(version)
    heard = sum((each.heard for each in centrals), Counter[str]())
    assert fleet.visits > 10
    assert not [frame for each in centrals for frame in each.malformed]
    assert heard["BootNotification"] == 4
    assert heard["Heartbeat"] >= 4 * (HOURS * 12 - 2)
    if version.newest_of_family is Version.V1_6:
        assert heard["StartTransaction"] >= heard["StopTransaction"] >= fleet.visits
    else:
        assert heard["TransactionEvent"] > 3 * fleet.visits


def test_the_central_system_may_ask_and_hears_the_answer() -> None:
    ends: dict[str, YesCentral] = {}

    def made(member: Member, agenda: Agenda) -> End:
        return ends.setdefault(member.identity, YesCentral(member.version, agenda.now))

    fleet = VirtualFleet(
        [Member("A", Version.V1_6), Member("B", Version.V2_0_1)],
        tokens=["CAFE"],
        seed=1,
        ends=made,
    )
    fleet.run(600)
    asked: dict[str, Request] = {
        "A": v16.GetConfigurationRequest(),
        "B": v21.GetReportRequest(request_id=1),
    }
    for identity, request in asked.items():
        assert ends[identity].ask(request, fleet.agenda.now_s)
        fleet.stations[identity].hear()
    assert isinstance(ends["A"].said[0], v16.GetConfigurationResponse)
    assert len(ends["B"].said) == 1


def test_a_dropped_station_comes_back_after_its_back_off_and_delivers_all() -> None:
    centrals: list[YesCentral] = []

    def made(member: Member, agenda: Agenda) -> End:
        centrals.append(YesCentral(member.version, agenda.now, tolerance=STRICT))
        return centrals[-1]

    fleet = VirtualFleet([Member("A", Version.V2_1)], tokens=["CAFE"], seed=1, ends=made)
    station = fleet.stations["A"]
    fleet.run(1_200)
    for _ in range(20):
        station.cut()
        assert not station.is_connected
        fleet.run(600)
        assert station.is_connected
    fleet.run(600)
    assert not station.core.hub.outbox
    assert not centrals[0].malformed
    assert centrals[0].heard["BootNotification"] == 1


@pytest.mark.parametrize("version", [Version.V1_6, Version.V2_1])
def test_every_quirk_can_live_an_hour(version: Version) -> None:
    odd = [
        Member(name, version, quirks=(name,))
        for name, quirk in QUIRKS.items()
        if quirk.family in {None, version}
    ]
    fleet = VirtualFleet(odd, tokens=["CAFE", "0123"], seed=5)
    fleet.run(3_600)
    assert fleet.visits > len(odd) / 2


def test_a_fleet_needs_tokens() -> None:
    with pytest.raises(ValueError, match="tokens"):
        VirtualFleet([], tokens=[], seed=1)


def test_an_error_names_its_seed_which_leads_there_again() -> None:
    def failed(seed: int) -> list[str]:
        def frame(_identity: str, _way: str, text: str) -> None:
            if "Authorize" in text:
                raise ZeroDivisionError

        fleet = VirtualFleet(members(), tokens=["CAFE"], seed=seed, frame=frame)
        with pytest.raises(ZeroDivisionError) as caught:
            fleet.run(3_600)
        return caught.value.__notes__

    assert failed(11)[0].startswith("seed 11: after ")
    assert failed(11) == failed(11) != failed(12)
