"""``chargeplane simulate``: virtual stations with drivers, against any central system."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import typer
import uvloop
from rich.console import Console

from chargeplane.cli.accounts import print_json
from chargeplane.cli.composition import stop_signals
from chargeplane.cli.exits import Exit, told
from chargeplane.cli.options import AsJson
from chargeplane.cli.simulation.controller import ControllerPlan, site_limit_w
from chargeplane.cli.simulation.running import Outcome, Plan, simulate
from chargeplane.cli.simulation.scenario import play_here, play_there
from chargeplane.cli.simulation.screen import Screen
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import IdentityFault, identity_of_text, raise_open_files_max
from chargeplane.runtime.process import tune
from chargeplane.runtime.settings import SettingsError
from chargeplane.station import Member
from chargeplane.station.faults import FAULTS
from chargeplane.station.fleets.drivers import PATTERNS
from chargeplane.station.inventory_file import InventoryFault, read_inventory
from chargeplane.station.quirks import QUIRKS
from chargeplane.station.scenarios.play import Played
from chargeplane.station.scenarios.scenario import Scenario, ScenarioFault, read_scenario

__all__ = ["command"]

COUNT_MAX = 50_000
SEED_BITS_MAX = 32
DEFAULT_TOKENS = tuple(f"DRIVER{number:02d}" for number in range(1, 61))
"""Those of the demonstration."""
_TOKEN_CHARS_MAX = {Version.V2_0_1: 36, Version.V2_1: 255}
_TOKEN_CHARS_1X_MAX = 20
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|)")
FAULT_EVERY = "10m"
"""How often a fault happens if nobody says."""
_SCHEMES = ({"ws", "wss"}, {"http", "https"})
_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0}


class Pattern(StrEnum):
    """The names of ``PATTERNS``."""

    PUBLIC = "public"
    WORKPLACE = "workplace"
    DEPOT = "depot"


Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="ws:// or wss://, without the station's identity."),
]
SoapUrl = Annotated[
    str | None, typer.Option("--soap-url", metavar="URL", help="http:// or https://, for SOAP.")
]
Versions = Annotated[
    list[str],
    typer.Option(
        "--version",
        metavar="VERSION",
        help="1.2, 1.5, 1.6, 2.0.1 or 2.1, in turn if given often. 1.2 and 1.5 speak SOAP, or "
        "JSON as 1.2J and 1.5J; 1.6S is 1.6 over SOAP.",
    ),
]
Count = Annotated[int, typer.Option(min=1, max=COUNT_MAX, help="How many stations.")]
Prefix = Annotated[str, typer.Option(help="Of the identities: SIM-0001, SIM-0002.")]
Password = Annotated[str | None, typer.Option(help="Of all stations, for HTTP Basic; not in SOAP.")]
Tokens = Annotated[
    list[str] | None,
    typer.Option("--token", metavar="TOKEN", help="Of a driver; DRIVER01 to DRIVER60."),
]
Speed = Annotated[
    float, typer.Option(min=0.1, max=100_000, help="Seconds that drivers live in one second.")
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="The same seed makes the same fleet; one is drawn.")
]
PatternOption = Annotated[Pattern, typer.Option(help="When drivers come, and how long they stay.")]
Quirks = Annotated[
    list[str] | None,
    typer.Option("--quirk", metavar="NAME", help="An oddity, of all stations that can have it."),
]
Duration = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="120s, 5m or 2h; until Ctrl-C if it is left out."),
]
InventoryFile = Annotated[
    Path | None,
    typer.Option("--inventory", metavar="FILE", help="What each station is built of, in TOML."),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault", metavar="NAME=TIME", help="What breaks at each station about so often."
    ),
]
Control = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Control the stations by hand on a page there."),
]
Controller = Annotated[
    str | None,
    typer.Option(
        "--local-controller",
        metavar="HOST:PORT",
        help="Put a local controller there, which the stations dial; others may, too. Not SOAP.",
    ),
]
SiteLimit = Annotated[
    str | None,
    typer.Option(metavar="POWER", help="What all at the local controller share: 44kW."),
]
ScenarioFile = Annotated[
    Path | None,
    typer.Option(
        "--scenario",
        metavar="FILE",
        help="Play this file at one station of each version; without --url in simulated time.",
    ),
]
StormEvery = Annotated[
    str | None,
    typer.Option(
        "--reconnect-storm", metavar="TIME", help="Cut all connections again and again, so often."
    ),
]


def command(
    url: Url = None,
    version: Versions = ["1.6"],  # noqa: B006 - typer reads it, and makes a new list of it
    count: Count = 10,
    prefix: Prefix = "SIM",
    password: Password = None,
    soap_url: SoapUrl = None,
    token: Tokens = None,
    speed: Speed = 60.0,
    seed: Seed = None,
    pattern: PatternOption = Pattern.PUBLIC,
    quirk: Quirks = None,
    fault: FaultOption = None,
    inventory: InventoryFile = None,
    scenario: ScenarioFile = None,
    control: Control = None,
    local_controller: Controller = None,
    site_limit: SiteLimit = None,
    duration: Duration = None,
    reconnect_storm: StormEvery = None,
    as_json: AsJson = False,
) -> None:
    """Run virtual stations with drivers against any central system.

    Ctrl-C, or the end of the time, lets all drivers leave and prints what happened. Exit code 1:
    something went wrong on the way; each kind of error is listed with an example.
    """
    faults: list[str] = []
    seed = secrets.randbits(SEED_BITS_MAX) if seed is None else seed
    if scenario is not None:
        _play(scenario, version, prefix, password, inventory, (url, soap_url), seed, speed)
    with told():
        members = _members(version, count, prefix, password, quirk or [], faults)
        members = _built(members, inventory, faults)
        _check_address("--url", url, {"ws", "wss"}, any(not m.soap for m in members), faults)
        _check_address(
            "--soap-url", soap_url, {"http", "https"}, any(m.soap for m in members), faults
        )
        plan = Plan(
            members=members,
            url=url or "",
            soap_url=soap_url,
            tokens=_tokens(token, members, faults),
            seed=seed,
            speed=speed,
            day=PATTERNS[pattern.value],
            duration_s=_duration_s("--duration", duration, faults),
            faults=_faults(fault or [], faults),
            control=_address("--control", control, faults),
            controller=_controller(local_controller, site_limit, members, prefix, faults),
            storm_every_s=_duration_s("--reconnect-storm", reconnect_storm, faults),
        )
        if faults:
            raise SettingsError(tuple(faults))
    screen = Screen(Console(stderr=as_json, highlight=False, soft_wrap=True))
    screen.begin(plan)
    raise_open_files_max()
    tune()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(_run(plan, screen))
    if as_json:
        print_json(outcome.facts())
    else:
        screen.end(outcome)
    raise typer.Exit(Exit.DONE if outcome.is_good else Exit.REFUSED)


def _play(
    path: Path,
    versions: Sequence[str],
    prefix: str,
    password: str | None,
    inventory: Path | None,
    urls: tuple[str | None, str | None],
    seed: int,
    speed: float,
) -> NoReturn:
    """A scenario at one station of each version; it ends the program."""
    faults: list[str] = []
    with told():
        members = _members(versions, len(versions), prefix, password, [], faults)
        members = _built(members, inventory, faults)
        for option, url, schemes in zip(("--url", "--soap-url"), urls, _SCHEMES, strict=True):
            _check_address(option, url, schemes, False, faults)
        played = None
        try:
            played = read_scenario(path)
        except ScenarioFault as fault:
            faults += [f"--scenario: {line}" for line in str(fault).splitlines()]
        if faults or played is None:
            raise SettingsError(tuple(faults))
    is_good = True
    for member in members:
        outcome = _outcome(played, member, urls[member.soap], seed, speed)
        is_good = is_good and outcome.failed is None
        typer.echo(f"Seed {seed}, OCPP {member.version}: " + "\n".join(outcome.lines()))
    raise typer.Exit(Exit.DONE if is_good else Exit.REFUSED)


def _outcome(played: Scenario, member: Member, url: str | None, seed: int, speed: float) -> Played:
    try:
        if url is None:
            return play_here(played, member, seed)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(play_there(played, member, url, seed, speed))
    except (TimeoutError, ValueError) as error:  # never in service, or a quirk of other versions
        return Played(played, played.steps[0], str(error))


async def _run(plan: Plan, screen: Screen) -> Outcome:
    async with stop_signals() as stop:
        return await simulate(plan, stop, watching=screen.watch, stormed=screen.stormed)


def _members(
    versions: Sequence[str],
    count: int,
    prefix: str,
    password: str | None,
    quirks: Sequence[str],
    faults: list[str],
) -> tuple[Member, ...]:
    """The stations, of each version in turn."""
    spoken = [each for each in (_spoken(text, faults) for text in versions) if each is not None]
    unknown = [name for name in quirks if name not in QUIRKS]
    faults += [f"--quirk: there is no {name}; there are {', '.join(QUIRKS)}" for name in unknown]
    fitting = {
        version: tuple(each for each in quirks if each in QUIRKS and _fits(each, version))
        for version, _ in spoken
    }
    idle = [each for each in quirks if not any(each in some for some in fitting.values())]
    faults += [f"--quirk: {each} is none of these versions" for each in idle if each in QUIRKS]
    try:
        identity_of_text(f"{prefix}-{count:04}")
    except IdentityFault as fault:
        faults.append(f"--prefix: {fault}")
    return tuple(
        Member(f"{prefix}-{number:04}", version, soap, fitting[version], password=password)
        for number, (version, soap) in enumerate(islice(cycle(spoken), count), 1)
    )


def _built(
    members: tuple[Member, ...], inventory: Path | None, faults: list[str]
) -> tuple[Member, ...]:
    """The stations as a file describes them."""
    if inventory is None:
        return members
    try:
        built = read_inventory(inventory)
    except InventoryFault as fault:
        faults += [f"--inventory: {line}" for line in str(fault).splitlines()]
        return members
    return tuple(replace(each, inventory=built) for each in members)


def _spoken(text: str, faults: list[str]) -> tuple[Version, bool] | None:
    """A version, and whether it goes over SOAP."""
    plain, transport = text.rstrip("SJ"), text[-1:]
    known = {each.value: each for each in Version}
    version = known.get(plain)
    if version is None or len(text) > len(plain) + 1:
        faults.append(f"--version: {text} is none of {', '.join(known)}")
        return None
    is_1x = version.newest_of_family is Version.V1_6
    if transport == "S" and not is_1x:
        faults.append(f"--version: OCPP {version} has no SOAP")
        return None
    older = version in {Version.V1_2, Version.V1_5}
    return version, transport == "S" or (older and transport != "J")


def _fits(quirk: str, version: Version) -> bool:
    return QUIRKS[quirk].family in {None, version.newest_of_family}


def _check_address(
    option: str, url: str | None, schemes: set[str], is_needed: bool, faults: list[str]
) -> None:
    if url is None:
        if is_needed:
            faults.append(f"{option}: stations of these versions need it")
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        faults.append(f"{option}: {url} is no {' or '.join(sorted(schemes))} address")


def _address(option: str, text: str | None, faults: list[str]) -> tuple[str, int] | None:
    """Where something is served."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not (port.isdecimal() and int(port) < 65_536):
        faults.append(f"{option}: {text} is no HOST:PORT such as 127.0.0.1:8090")
        return None
    return host.strip("[]") or "127.0.0.1", int(port)


def _controller(
    text: str | None,
    site_limit: str | None,
    members: Sequence[Member],
    prefix: str,
    faults: list[str],
) -> ControllerPlan | None:
    """The controller between the stations and the central system."""
    limit_w = site_limit_w(site_limit, faults)
    address = _address("--local-controller", text, faults)
    if text is None and site_limit is not None:
        faults.append("--site-limit: only a local controller keeps it; give --local-controller")
    if text is not None and any(each.soap for each in members):
        faults.append("--local-controller: it takes no stations that speak SOAP")
    return ControllerPlan.of(address, limit_w, members, prefix) if address and members else None


def _faults(given: Sequence[str], faults: list[str]) -> dict[str, float]:
    """What breaks, and how often."""
    every_s: dict[str, float] = {}
    for each in given:
        name, _, time = each.partition("=")
        if name not in FAULTS:
            faults.append(f"--fault: there is no {name}; there are {', '.join(FAULTS)}")
        elif (mean_s := _duration_s("--fault", time or FAULT_EVERY, faults)) is not None:
            every_s[name] = mean_s
    return every_s


def _tokens(
    given: Sequence[str] | None, members: Sequence[Member], faults: list[str]
) -> tuple[str, ...]:
    tokens = tuple(given or DEFAULT_TOKENS)
    chars_max = min(
        (_TOKEN_CHARS_MAX.get(each.version, _TOKEN_CHARS_1X_MAX) for each in members),
        default=_TOKEN_CHARS_1X_MAX,
    )
    faults += [
        f"--token: {each!r} must have 1 to {chars_max} characters in these versions"
        for each in tokens
        if not 1 <= len(each) <= chars_max
    ]
    return tokens


def _duration_s(option: str, text: str | None, faults: list[str]) -> float | None:
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    seconds = float(found[1]) * _UNITS_S[found[2]] if found else 0.0
    if seconds <= 0:
        faults.append(f"{option}: {text} is no time like 120s, 5m or 2h")
    return seconds
