"""``simulate``: what it runs, what it counts, what it calls an error, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from chargeplane.cli.demonstration import TOKENS
from chargeplane.cli.exits import Exit
from chargeplane.cli.simulation import running
from chargeplane.cli.simulation.command import DEFAULT_TOKENS, Pattern
from chargeplane.cli.simulation.controller import ControllerPlan
from chargeplane.cli.simulation.running import Outcome, Plan, simulate
from chargeplane.cli.simulation.screen import Screen, progress, totals
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station import Member, Storm, Tally
from chargeplane.station.fleets.drivers import PATTERNS, PUBLIC
from tests.cli.calling import call, free_port, process
from tests.station.central import info_1x
from tests.station.server import Server, server

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
SELDOM = {"MeterValueSampleInterval": "1200"}


def plan(at: Server, *members: Member, **given: Any) -> Plan:
    usual: dict[str, Any] = {"tokens": ("CAFE",), "seed": 7, "speed": 600.0, "day": PUBLIC}
    return Plan(members, at.url, at.soap_url, **(usual | given))


def member(identity: str, version: Version = Version.V1_6, **given: Any) -> Member:
    return Member(identity, version, variables=AT_ONCE | SELDOM, **given)


async def run_until(
    wanted: Plan,
    enough: Callable[[Tally], object],
    stormed: Callable[[Storm], None] = lambda _: None,
) -> Outcome:
    stop = asyncio.Event()

    async def watching(tally: Tally) -> None:
        while not enough(tally):
            await asyncio.sleep(0.01)
            assert not stop.is_set()
        stop.set()

    async with asyncio.timeout(30):
        return await simulate(wanted, stop, watching=watching, stormed=stormed)


def kinds(outcome: Outcome) -> dict[str, str]:
    """The errors, with their examples."""
    return {each.kind: each.example for each in outcome.tally.faults}


async def test_a_mixed_fleet_charges_and_everything_is_counted() -> None:
    async with server() as at:
        members = [member(each.name, each) for each in Version]
        members.append(member("SOAP", Version.V1_5, soap=True))
        wanted = plan(at, *members, speed=3_600.0)
        outcome = await run_until(wanted, lambda tally: tally.ended >= 6)
    facts = outcome.facts()
    assert outcome.is_good, facts["errors"]
    assert facts["stations"] == {"all": 6, "online_at_the_end": 6, "online_most": 6}
    assert (facts["boots"], facts["reconnects"], facts["seed"]) == (6, 0, 7)
    assert facts["transactions"]["started"] == facts["transactions"]["ended"] >= 6
    assert facts["transactions"]["energy_wh"] > 0
    assert facts["messages"] == facts["answers"]["answered"] > 50
    assert set(facts["tokens"]) == {"Accepted"}
    assert json.loads(json.dumps(facts)) == facts
    shown = dict(totals(outcome))
    assert shown["Stations"] == "6 of 6 online at the end, at most 6"
    assert " online" in progress(outcome.tally, 6, 61.0)


async def test_a_central_system_that_refuses_the_password_is_told_as_401() -> None:
    async with server() as at:
        at.is_open, at.refusal = False, HTTPStatus.UNAUTHORIZED
        outcome = await run_until(
            plan(at, member("CP1"), member("CP2")), lambda tally: len(tally.faults) > 0
        )
    assert not outcome.is_good
    assert outcome.online == 0
    assert kinds(outcome)["refused with 401"].startswith("CP1: 401")
    assert "401" in kinds(outcome)["never in service"]


async def test_an_answer_that_is_an_error_is_told_with_its_action_and_code() -> None:
    def responds(request: Request) -> ErrorCode | None:
        is_start = isinstance(request, v16.StartTransactionRequest)
        return ErrorCode.INTERNAL_ERROR if is_start else None

    async with server() as at:
        at.responds = responds
        once = Member("CP1", Version.V1_6, variables={"TransactionMessageAttempts": "1"})
        outcome = await run_until(plan(at, once), lambda tally: len(tally.faults) > 1)
    assert not outcome.is_good
    assert "StartTransaction refused (InternalError)" in kinds(outcome)
    assert kinds(outcome)["message given up"] == "CP1: StartTransaction"
    assert outcome.tally.answers["refused"] >= 1


async def test_a_token_that_is_not_known_is_an_error() -> None:
    def responds(request: Request) -> Response | None:
        is_asked = isinstance(request, v16.AuthorizeRequest)
        return v16.AuthorizeResponse(id_tag_info=info_1x("Invalid")) if is_asked else None

    async with server() as at:
        at.responds = responds
        outcome = await run_until(plan(at, member("CP1")), lambda tally: tally.tokens)
    assert kinds(outcome)["token refused: Invalid"] == "CP1: CAFE"


async def test_storms_come_again_and_again_and_are_told() -> None:
    storms: list[Storm] = []
    async with server() as at:
        members = member("CP1"), member("CP2", Version.V2_1)
        wanted = plan(at, *members, storm_every_s=0.2, duration_s=2.0)
        outcome = await run_until(wanted, lambda _: False, storms.append)
    assert outcome.is_good, kinds(outcome)
    assert outcome.storms == tuple(storms)
    assert outcome.online == 2  # the last storm has passed
    assert [each.dropped for each in storms[:2]] == [2, 2]
    assert outcome.tally.reconnects >= 4
    assert dict(totals(outcome))["Storms"].startswith(f"{len(storms)}; in the slowest")


async def test_what_a_storm_leaves_undelivered_when_it_has_to_stop_is_an_error() -> None:
    async with server() as at:
        slow = Member("CP1", Version.V1_6, variables=SELDOM)  # it dials again after five seconds
        wanted = plan(at, slow, storm_every_s=1.0)
        outcome = await run_until(wanted, lambda tally: tally.started and not tally.online)
    assert outcome.online == 0
    assert kinds(outcome)["not delivered at the end"].startswith("CP1: ")


async def test_it_ends_by_itself_when_its_time_is_over() -> None:
    async with server() as at:
        wanted = plan(at, member("CP1"), duration_s=0.3)
        outcome = await run_until(wanted, lambda _: False)
    assert outcome.duration_s == pytest.approx(0.3, abs=0.2)
    assert outcome.is_good


async def shown(*, is_terminal: bool) -> str:
    """What a short run shows while it goes on."""
    told = StringIO()
    console = Console(file=told, force_terminal=is_terminal, width=200)
    async with server() as at, asyncio.timeout(30):
        wanted = plan(at, member("CP1"), duration_s=0.3)
        screen = Screen(console)
        screen.begin(wanted)
        await simulate(wanted, asyncio.Event(), watching=screen.watch)
    return told.getvalue()


async def test_the_progress_is_shown_on_a_terminal_alone() -> None:
    first = "Seed 7: 1 of 1.6, 600 times as fast. Ctrl-C ends it.\n"
    assert await shown(is_terminal=False) == first
    assert "0:00  0/1 online" in await shown(is_terminal=True)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
async def test_ctrl_c_lets_all_leave_and_prints_the_totals(
    tmp_path: Path, sign: signal.Signals
) -> None:
    async with server() as at:
        words = ("--url", at.url, "--version", "1.6", "--version", "2.1", "--count", "4")
        with process(tmp_path, "simulate", *words, "--seed", "7", "--json") as running:
            async with asyncio.timeout(30):
                while len(at.centrals) < 4 or not all(each.heard for each in at.centrals.values()):
                    await asyncio.sleep(0.01)
                    assert running.poll() is None
            running.send_signal(sign)
            out, errors = await asyncio.to_thread(running.communicate, timeout=20)
    assert running.returncode == Exit.DONE, out
    facts = json.loads(out)
    assert (facts["seed"], facts["errors"], facts["stations"]["all"]) == (7, [], 4)
    assert errors.startswith("Seed 7: 2 of 1.6, 2 of 2.1, 60 times as fast")
    assert set(at.centrals) == {f"SIM-000{number}" for number in range(1, 5)}


def test_a_port_that_is_closed_is_told_with_an_example_and_exit_code_1(tmp_path: Path) -> None:
    words = ("--url", f"ws://127.0.0.1:{free_port()}/ocpp", "--count", "3", "--duration", "0.3s")
    with process(tmp_path, "simulate", *words) as running:
        out, errors = running.communicate(timeout=20)
    assert running.returncode == Exit.REFUSED
    assert "0 of 3 online at the end" in out
    assert "3  no connection\n" in out
    assert "SIM-0001: " in out
    assert errors == ""


SCENARIOS = Path(__file__).parents[3] / "examples" / "scenarios"


def test_a_scenario_is_played_in_simulated_time_and_its_end_is_the_exit_code(
    tmp_path: Path,
) -> None:
    visit = ("--scenario", str(SCENARIOS / "visit.toml"), "--version", "1.6", "--version", "2.1")
    good = call("simulate", *visit, "--seed", "7")
    assert good.exit_code == Exit.DONE
    assert "Seed 7, OCPP 1.6: A visit: all 10 steps were met." in good.stdout
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[[step]]\nexpect = "Reset"\nwithin = "1s"\n')
    bad = call("simulate", "--scenario", str(wrong), "--version", "2.1")
    assert bad.exit_code == Exit.REFUSED
    assert "step 1: expect Reset" in bad.stdout
    wrong.write_text("wait = 1")
    broken = call("simulate", "--scenario", str(wrong))
    assert broken.exit_code == Exit.USAGE
    assert f"--scenario: {wrong}: wait: no such key" in broken.stderr


async def test_stations_are_controlled_by_hand_and_no_drivers_come() -> None:
    port = free_port()
    async with server() as at, asyncio.timeout(30):
        wanted = replace(plan(at, member("CP1")), control=("127.0.0.1", port))
        stop = asyncio.Event()
        running = asyncio.create_task(simulate(wanted, stop, watching=nothing))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            while "CP1" not in at.centrals or not at.centrals["CP1"].heard:
                await asyncio.sleep(0.01)
                assert not running.done()
            card = (await http.post("/api/stations/CP1/plug", json={"evse": 1})).json()
        stop.set()
        outcome = await running
    assert card["evses"][0]["plugged"]
    assert not at.centrals["CP1"].all(v16.StartTransactionRequest)
    assert outcome.tally.started == 0


async def nothing(_: Tally) -> None:
    """Show no progress."""


async def test_a_scenario_is_played_against_a_real_central_system(tmp_path: Path) -> None:
    async with server() as at:
        words = ("--scenario", str(SCENARIOS / "visit.toml"), "--url", at.url, "--speed", "1200")
        with process(tmp_path, "simulate", *words) as running:
            out, _ = await asyncio.to_thread(running.communicate, timeout=30)
    assert running.returncode == Exit.DONE, out
    assert "all 10 steps were met" in out


async def test_a_fleet_behind_a_local_controller_keeps_the_limit_of_the_site() -> None:
    async with server() as at:
        members = [member(f"CP{number}", Version.V2_1) for number in range(3)]
        behind = ControllerPlan.of(("127.0.0.1", 0), 15_000.0, members, "SIM")
        wanted = plan(at, *members, speed=3_600.0, controller=behind)
        outcome = await run_until(wanted, lambda tally: tally.ended >= 2)
    facts = outcome.facts()
    assert outcome.is_good, facts["errors"]
    assert facts["local_controller"] == {
        "site_limit_w": 15_000.0,
        "stations": 3,
        "not_delivered": 0,
        "dropped": 0,
        "follow_no_limit": [],
    }
    assert "at most 15 kW together" in dict(totals(outcome))["Controller"]
    (told,) = at.centrals["SIM-LC"].all(v21.NotifyChargingLimitRequest)
    assert told.charging_limit.charging_limit_source == "EMS"


async def test_what_a_controller_could_not_deliver_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "DELIVERY_S_MAX", 0.1)
    async with server() as at:
        one = member("CP1", Version.V2_1)
        behind = ControllerPlan.of(("127.0.0.1", 0), None, [one], "SIM")
        gone = False

        def enough(tally: Tally) -> bool:
            nonlocal gone
            if tally.ended and "SIM-LC" in at.centrals and not gone:  # so the token is known
                gone, at.is_open = True, False
                for link in list(at.links.values()):
                    link.cut("away")
            return tally.ended >= 3

        outcome = await run_until(plan(at, one, speed=3_600.0, controller=behind), enough)
    assert set(kinds(outcome)) == {"not delivered at the end", "never in service"}
    assert kinds(outcome)["not delivered at the end"].endswith("at the controller")
    assert outcome.site is not None
    assert outcome.site.kept > 1


FAULTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "no address": ((), "--url: stations of these versions need it"),
    "no address for SOAP": (
        ("--url", "ws://a", "--version", "1.6S"),
        "--soap-url: stations of these versions need it",
    ),
    "another scheme": (("--url", "http://a"), "--url: http://a is no ws or wss address"),
    "a port in words": (("--url", "ws://a:b"), "--url: ws://a:b is no ws or wss address"),
    "an unknown version": (
        ("--url", "ws://a", "--version", "3.0"),
        "--version: 3.0 is none of 1.2, 1.5, 1.6, 2.0.1, 2.1",
    ),
    "2.x over SOAP": (("--url", "ws://a", "--version", "2.1S"), "OCPP 2.1 has no SOAP"),
    "an unknown quirk": (("--url", "ws://a", "--quirk", "sings"), "--quirk: there is no sings"),
    "a quirk of no station": (
        ("--url", "ws://a", "--version", "2.1", "--quirk", "null-members"),
        "--quirk: null-members is none of these versions",
    ),
    "a long token": (
        ("--url", "ws://a", "--token", "x" * 21),
        "must have 1 to 20 characters in these versions",
    ),
    "a wrong time": (
        ("--url", "ws://a", "--duration", "soon"),
        "--duration: soon is no time like 120s, 5m or 2h",
    ),
    "no time": (("--url", "ws://a", "--reconnect-storm", "0s"), "--reconnect-storm: 0s is no"),
    "a prefix with a path": (("--url", "ws://a", "--prefix", "a/b"), "--prefix: "),
    "a pattern": (("--url", "ws://a", "--pattern", "beach"), "beach"),
    "a page at no port": (("--url", "ws://a", "--control", "8090a"), "--control: 8090a is no"),
    "a controller at no port": (
        ("--url", "ws://a", "--local-controller", "here"),
        "--local-controller: here is no HOST:PORT",
    ),
    "a controller of SOAP": (
        ("--soap-url", "http://a", "--version", "1.5", "--local-controller", ":0"),
        "--local-controller: it takes no stations that speak SOAP",
    ),
    "a limit of nobody": (
        ("--url", "ws://a", "--site-limit", "44kW"),
        "--site-limit: only a local controller keeps it",
    ),
    "a limit without a unit": (
        ("--url", "ws://a", "--local-controller", ":0", "--site-limit", "44"),
        "--site-limit: 44 is no power like 44kW or 22000W",
    ),
    "an unknown fault": (("--url", "ws://a", "--fault", "rain=1m"), "--fault: there is no rain"),
    "a fault at no time": (("--url", "ws://a", "--fault", "drop=soon"), "--fault: soon is no time"),
    "no stations": (("--url", "ws://a", "--count", "0"), "--count"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_cannot_be_run_is_told_before_anything_is_tried(what: str) -> None:
    words, said = FAULTS[what]
    result = call("simulate", *words)
    assert result.exit_code == Exit.USAGE
    assert said in result.stderr
    assert result.stdout == ""


def test_stations_are_built_as_the_inventory_file_says(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text("[[evse]]\nphases = 9\n\n[other]\n")
    wrong = call("simulate", "--url", "ws://a", "--inventory", str(path))
    assert wrong.exit_code == Exit.USAGE
    assert f"--inventory: {path}: evse[1].phases: must be one of 1, 2, 3, not 9" in wrong.stderr
    assert f"--inventory: {path}: other: is no key of an inventory" in wrong.stderr
    path.write_text('[station]\nmodel = "Built so"\n\n[[evse]]\n')
    scenario = tmp_path / "boot.toml"
    scenario.write_text('[[step]]\nexpect = "BootNotification"\nwithin = "5s"\n')
    words = ("--scenario", str(scenario), "--version", "2.1", "--inventory", str(path))
    assert call("simulate", *words).exit_code == Exit.DONE


def test_all_faults_are_told_at_once() -> None:
    result = call("simulate", "--version", "9", "--quirk", "x", "--duration", "y")
    assert [line.split(":")[1].strip() for line in result.stderr.splitlines()] == [
        "--version",
        "--quirk",
        "--duration",
    ]


def test_patterns_and_tokens_are_those_of_fleets_and_of_the_demonstration() -> None:
    assert {each.value for each in Pattern} == set(PATTERNS)
    assert DEFAULT_TOKENS == TOKENS
