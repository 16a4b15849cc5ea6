"""Scenario files, read strictly and played."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargeplane.ocpp.versions import Version
from chargeplane.station import Station
from chargeplane.station.scenarios.play import FRAMES_MAX, Frames, play_over_sockets
from chargeplane.station.scenarios.scenario import ScenarioFault, parse_scenario, read_scenario
from chargeplane.station.scenarios.virtual import play_virtually
from tests.station.server import server

EXAMPLES = Path(__file__).parents[3] / "examples" / "scenarios"
FILES = sorted(EXAMPLES.glob("*.toml"))
CASES = [(path, version) for path in FILES for version in read_scenario(path).versions]


def test_there_are_six_examples_and_all_are_for_both_families() -> None:
    assert len(FILES) == 6
    for path in FILES:
        families = {each.newest_of_family for each in read_scenario(path).versions}
        assert families == {Version.V1_6, Version.V2_1}


@pytest.mark.parametrize(
    ("path", "version"), CASES, ids=[f"{path.stem}-{version}" for path, version in CASES]
)
def test_an_example_is_met_in_simulated_time(path: Path, version: Version) -> None:
    played = play_virtually(read_scenario(path), version)
    assert played.failed is None, "\n".join(played.lines())


@pytest.mark.parametrize("version", [Version.V1_6, Version.V2_1])
async def test_an_example_is_met_over_sockets(version: Version) -> None:
    scenario, frames = read_scenario(EXAMPLES / "visit.toml"), Frames()
    async with (
        server() as at,
        Station("A", url=at.url, version=version, speed=1_200, frame=frames.note) as station,
    ):
        played = await play_over_sockets(scenario, station, frames, 1_200)
    assert played.failed is None, "\n".join(played.lines())


def steps(*lines: str) -> str:
    return "".join(f"[[step]]\n{line}\n" for line in lines)


def test_what_is_not_met_names_the_step_what_was_expected_and_what_came() -> None:
    text = steps('do = "plug_in"', 'expect = "StartTransaction"\nwithin = "20s"')
    played = play_virtually(parse_scenario(text, "x.toml"), Version.V1_6)
    lines = played.lines()
    assert lines[0] == "x.toml: step 2: expect StartTransaction (within 20.0)"
    assert lines[1] == "  expected 'StartTransaction' within 20 s; it was not sent"
    assert any("StatusNotification" in each and "Preparing" in each for each in lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (steps('refuse = "Heartbeat"\nwithin = "10m"'), "expected no 'Heartbeat'"),
        (steps('do = "unplug"'), "it cannot be done: no vehicle"),
        (steps('do = "plug_in"\nevse = 9'), "it cannot be done: 9"),
        (steps('command = "Reset"\nwithin = "1s"'), "expected the central system to send 'Reset'"),
    ],
)
def test_each_kind_of_step_can_fail(text: str, reason: str) -> None:
    played = play_virtually(parse_scenario(text, "x"), Version.V1_6)
    assert played.failed is not None
    assert played.reason.startswith(reason)


WRONG = {
    "step = 1": "x: step: 1 to 1000 tables [[step]]",
    "color = 1\n" + steps('wait = "1s"'): "x: color: no such key",
    'versions = ["3"]\n' + steps('wait = "1s"'): "x: versions: '3' is none of 1.2",
    'quirks = ["rain"]\n' + steps('wait = "1s"'): "x: quirks: 'rain' is none of",
    steps('wait = "soon"'): "x: step 1: wait: 'soon' is no time",
    steps('do = "sing"'): "x: step 1: do: 'sing' is none of plug_in",
    steps('fault = "rain"'): "x: step 1: fault: 'rain' is none of drop",
    steps('wait = "1s"\ndo = "tap"'): "x: step 1: has exactly one of",
    steps('do = "tap"\nsoc = 1'): "x: step 1: soc: no such key beside do",
    steps('do = "tap"\ntoken = 1'): "x: step 1: token: 1 is of no use",
    steps("expect = { 3x = 'A' }"): "x: step 1: expect: an action and words",
    "a = ": "x: ",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_is_told_with_file_step_and_key(text: str) -> None:
    with pytest.raises(ScenarioFault) as caught:
        parse_scenario(text, "x")
    assert str(caught.value).startswith(WRONG[text])


def test_all_errors_are_told_at_once_and_a_file_that_is_not_there_too(tmp_path: Path) -> None:
    with pytest.raises(ScenarioFault) as caught:
        parse_scenario(steps('wait = "soon"', 'do = "sing"'), "x")
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(ScenarioFault, match=r"gone\.toml: "):
        read_scenario(tmp_path / "gone.toml")


def test_only_the_last_frames_are_kept() -> None:
    frames = Frames()
    frames.note("sent", '[2,"1","First",{}]')
    for number in range(FRAMES_MAX):
        frames.note("sent", f'[2,"{number}","Later",{{"n":{number}}}]')
    assert not frames.find("sent", ["First"])
    assert frames.find("sent", ["Later", "4999"])
    assert not frames.find("sent", ["Later"])
