"""New passwords and higher profiles: both count until the station is back, and never none."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, update

from chargeplane.csms.contract import NotConnected, Notice, Registration
from chargeplane.csms.gateway.admission import Admission, Admitted, register
from chargeplane.csms.gateway.credentials import Visitor
from chargeplane.csms.inventory import Known, find, stations
from chargeplane.csms.security import ChangeFault, Changes
from chargeplane.csms.security.api import routes
from chargeplane.domain.commands import (
    Accepted,
    Command,
    GetVariables,
    NoAnswer,
    Outcome,
    Raw,
    Refused,
    Reset,
    SetVariables,
)
from chargeplane.domain.events import StationConnected
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

OLD = b"nine-lives-of-a-cat"
PASSWORDS = Passwords([bytes(32)])


class World:
    """Changes, and a station that answers as it is told."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.outcomes: list[Outcome | Exception] = []
        self.sent: list[Command] = []
        self.disconnected = 0
        self.notices: list[Notice] = []
        self.certified = False
        self.admission = Admission(
            store, self.clock, min_security_profile=0, passwords=PASSWORDS, notify=self.note
        )
        self.changes = self.started()

    def started(self) -> Changes:
        """The same after a restart of the program."""
        return Changes(
            self.store, self.clock, self.send, self.disconnect, PASSWORDS, self.note, self.has
        )

    def note(self, notice: Notice) -> None:
        self.notices.append(notice)

    async def send(self, tenant_id: object, station_id: str, command: Command) -> Outcome:
        self.sent.append(command)
        outcome = self.outcomes.pop(0) if self.outcomes else Accepted()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def disconnect(self, *_: object) -> None:
        self.disconnected += 1

    async def has(self, *_: object) -> bool:
        return self.certified

    async def known(self) -> Known:
        found = await self.store.read(partial(find, identity="CP1"))
        assert found is not None
        return found

    async def comes(self, password: bytes | None, tls: bool = False) -> int | None:
        """The station dials; the profile it is let in with."""
        name = "CP1" if password is not None else None
        visitor = Visitor("CP1", name, password, "10.0.0.1", tls, ("ocpp1.6",))
        verdict = await self.admission.judge(visitor)
        if not isinstance(verdict, Admitted):
            return None
        profile = verdict.known.security_profile
        waiting = self.changes.heard(
            StationConnected(
                tenant_id=str(TENANT_ID), station_id="CP1", reported_at=NOW, received_at=NOW,
                ocpp_version="1.6", transport="json", security_profile=profile, epoch=1,
            )
        )  # fmt: skip
        if waiting is not None:
            await waiting
        return profile

    async def has_facts(self, **values: Any) -> None:
        if not values:
            return

        def work(connection: Connection) -> None:
            connection.execute(
                update(stations).where(stations.c.tenant_id == TENANT_ID).values(**values)
            )

        await self.store.write(Function(work))

    def new_password(self) -> bytes:
        """The one that the station was sent last."""
        command = next(each for each in reversed(self.sent) if isinstance(each, SetVariables))
        (value,) = command.values
        return bytes.fromhex(value.value) if value.variable.component is None else (
            value.value.encode()
        )  # fmt: skip

    async def state(self) -> str:
        return (await self.changes.listed(TENANT_ID, "CP1"))[0].state


@pytest.fixture
async def world(sqlite_store: Store) -> World:
    known = Known(TENANT_ID, "CP1", 1, PASSWORDS.hashed(OLD), Registration.ACCEPTED, 0)
    facts: dict[str, Any] = {"ocpp_version": "1.6", "transport": "json"}
    await sqlite_store.write(Function(partial(register, known=known, now=NOW, **facts)))
    return World(sqlite_store)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_the_old_password_dies_when_the_station_comes_with_the_new_one(
    world: World, version: str
) -> None:
    await world.has_facts(ocpp_version=version)
    assert (await world.changes.rotate(TENANT_ID, "CP1")).state == "waiting"
    new = world.new_password()
    assert len(new) == 20
    assert world.disconnected == 1  # so that it comes back now
    assert await world.comes(OLD) == 1
    assert await world.state() == "waiting"
    assert await world.comes(new) == 1
    assert await world.state() == "confirmed"
    assert await world.comes(OLD) is None
    assert await world.comes(new) == 1


async def test_a_station_that_refuses_keeps_its_password(world: World) -> None:
    world.outcomes = [Refused(status="Rejected")]
    change = await world.changes.rotate(TENANT_ID, "CP1")
    assert (change.state, change.reason) == ("refused", "SetVariables: Rejected")
    assert await world.comes(world.new_password()) is None
    assert await world.comes(OLD) == 1
    assert world.notices[0].type == "CredentialChangeFailed"


async def test_while_nobody_knows_what_the_station_did_both_passwords_are_right(
    world: World,
) -> None:
    world.outcomes = [NoAnswer(reason="the connection has ended")]
    assert (await world.changes.rotate(TENANT_ID, "CP1")).state == "unknown"
    assert await world.comes(OLD) == 1
    assert await world.comes(world.new_password()) == 1
    assert await world.state() == "confirmed"


async def test_a_restart_of_the_program_forgets_no_change(world: World) -> None:
    await world.changes.rotate(TENANT_ID, "CP1")
    world.changes = world.started()
    await world.changes.sweep()
    assert await world.state() == "waiting"
    assert await world.comes(world.new_password()) == 1
    assert await world.state() == "confirmed"


async def test_one_change_at_a_time_and_an_operator_can_end_it(world: World) -> None:
    await world.changes.rotate(TENANT_ID, "CP1")
    with pytest.raises(ChangeFault, match="under way"):
        await world.changes.rotate(TENANT_ID, "CP1")
    first = world.new_password()
    assert await world.changes.abandon(TENANT_ID, "CP1") is not None
    assert await world.changes.abandon(TENANT_ID, "CP1") is None
    assert await world.comes(first) is None
    assert await world.comes(OLD) == 1
    assert (await world.changes.rotate(TENANT_ID, "CP1")).state == "waiting"


async def test_a_1_6_station_goes_to_tls_and_is_pinned_there(world: World) -> None:
    change = await world.changes.upgrade(TENANT_ID, "CP1", 2)
    assert (change.state, change.from_profile, change.to_profile) == ("waiting", 1, 2)
    (command,) = world.sent
    assert isinstance(command, SetVariables)
    assert (command.values[0].variable.name, command.values[0].value) == ("SecurityProfile", "2")
    assert await world.comes(OLD) == 1  # not there yet
    assert await world.comes(OLD, tls=True) == 2
    assert await world.state() == "confirmed"
    assert await world.comes(OLD) is None


async def test_a_2_x_station_gets_a_network_profile_and_is_reset(world: World) -> None:
    await world.has_facts(ocpp_version="2.0.1")
    await world.changes.upgrade(TENANT_ID, "CP1", 2, url="wss://csms.example:9443/ocpp")
    asked, profile, order, reset = world.sent
    assert isinstance(asked, GetVariables)
    assert isinstance(profile, Raw)
    assert profile.payload["connectionData"]["securityProfile"] == 2
    assert profile.payload["connectionData"]["ocppVersion"] == "OCPP20"
    assert isinstance(order, SetVariables)
    assert order.values[0].value == "2,1"
    assert isinstance(reset, Reset)


@pytest.mark.parametrize(
    ("used", "slot", "order"),
    [
        ("1", None, "2,1"),
        ("2", None, "3,2"),
        ("2,3", None, "1,2,3"),
        (" 3 , 1", None, "2,3,1"),
        ("2,1", 5, "5,2,1"),
        ("", None, "2,1"),
        ("none", 1, "1,2"),
    ],
)
async def test_behind_the_new_slot_come_those_that_work_now(
    world: World, used: str, slot: int | None, order: str
) -> None:
    await world.has_facts(ocpp_version="2.1")
    world.outcomes = [said(used)]
    await world.changes.upgrade(TENANT_ID, "CP1", 2, url="wss://csms.example", slot=slot)
    profile, command = world.sent[1:3]
    assert isinstance(profile, Raw)
    assert profile.payload["configurationSlot"] == int(order.partition(",")[0])
    assert isinstance(command, SetVariables)
    assert command.values[0].value == order


async def test_a_station_that_does_not_come_back_falls_back_to_where_it_was(world: World) -> None:
    await world.changes.upgrade(TENANT_ID, "CP1", 2)
    await world.clock.advance(timedelta(minutes=14).total_seconds())
    await world.changes.sweep()
    assert await world.state() == "waiting"
    await world.clock.advance(120)
    await world.changes.sweep()
    assert await world.state() == "fallen-back"
    assert await world.comes(OLD, tls=True) is None
    assert await world.comes(OLD) == 1
    assert "fallen-back" in world.notices[0].detail


async def test_from_profile_0_the_station_gets_its_first_password_on_the_way(world: World) -> None:
    await world.has_facts(security_profile=0, password_hash=None)
    await world.changes.upgrade(TENANT_ID, "CP1", 1)
    password, profile = world.sent
    assert isinstance(password, SetVariables)
    assert isinstance(profile, SetVariables)
    secret = bytes.fromhex(password.values[0].value)
    assert await world.comes(None) == 0
    assert await world.comes(secret) == 1
    assert await world.state() == "confirmed"
    assert await world.comes(None) is None
    assert await world.comes(secret) == 1


@pytest.mark.parametrize(
    ("facts", "profile", "url", "why"),
    [
        ({}, 1, "", "already"),
        ({"security_profile": 3}, 2, "", "already"),
        ({}, 4, "", "1, 2 and 3"),
        ({"transport": "soap"}, 2, "", "JSON"),
        ({}, 3, "", "certificate"),
        ({"ocpp_version": "2.1"}, 2, "ws://csms.example", "wss"),
        ({"ocpp_version": None}, 2, "", "never"),
    ],
    ids=["same", "down", "none such", "soap", "no certificate", "plain address", "never here"],
)
async def test_what_would_lose_the_station_does_not_begin(
    world: World, facts: dict[str, Any], profile: int, url: str, why: str
) -> None:
    await world.has_facts(**facts)
    with pytest.raises(ChangeFault, match=why):
        await world.changes.upgrade(TENANT_ID, "CP1", profile, url=url)
    assert not world.sent
    assert not await world.changes.listed(TENANT_ID, "CP1")


async def test_only_a_2_1_station_that_allows_it_goes_down_from_3_to_2_with_a_new_password(
    world: World,
) -> None:
    await world.has_facts(ocpp_version="2.1", security_profile=3)
    begin = partial(world.changes.upgrade, TENANT_ID, "CP1", url="wss://csms.example:9443/ocpp")
    for told in (Accepted(), Refused(status="UnknownVariable"), said("false")):
        world.outcomes = [told]
        with pytest.raises(ChangeFault, match="AllowSecurityProfileDowngrade"):
            await begin(2)
    world.sent.clear()
    world.outcomes = [said("true")]
    change = await begin(2)
    assert (change.from_profile, change.to_profile, change.state) == (3, 2, "waiting")
    assert await world.comes(OLD, tls=True) is None  # of long ago
    (new,) = [
        each.values[0].value.encode()
        for each in world.sent
        if isinstance(each, SetVariables) and each.values[0].variable.name == "BasicAuthPassword"
    ]
    assert await world.comes(new, tls=True) == 2
    assert await world.state() == "confirmed"
    with pytest.raises(ChangeFault, match="already"):
        await begin(1)


def said(value: str) -> Accepted:
    """A station that has read one variable."""
    return Accepted(response={"getVariableResult": [{"attributeValue": value}]})


async def test_with_a_certificate_a_station_may_go_to_profile_3(world: World) -> None:
    world.certified = True
    assert (await world.changes.upgrade(TENANT_ID, "CP1", 3)).state == "waiting"
    assert (await world.known()).next_security_profile == 3


async def test_a_station_that_goes_away_meanwhile_has_not_changed(world: World) -> None:
    world.outcomes = [NotConnected("gone")]
    assert (await world.changes.upgrade(TENANT_ID, "CP1", 2)).state == "refused"
    assert (await world.known()).next_security_profile is None


async def test_a_whole_site_goes_up_and_who_cannot_is_named(world: World) -> None:
    def more(connection: Connection) -> None:
        known = Known(TENANT_ID, "CP2", 1, None, Registration.ACCEPTED, 0)
        register(connection, known, NOW, site_id="depot")  # it has never been here

    await world.store.write(Function(more))
    await world.has_facts(site_id="depot")
    body = {"security_profile": 2}
    async with client(world.store, routes(world.changes)) as rest:
        answer = await rest.post("/sites/depot/upgrade-security-profile", json=body)
        nowhere = await rest.post("/sites/nowhere/upgrade-security-profile", json=body)
    begun = {each["station_id"]: each for each in answer.json()}
    assert begun["CP1"]["change"]["state"] == "waiting"
    assert begun["CP2"]["fault"] == "the station has never been here"
    assert nowhere.status_code == 404
    assert await world.comes(OLD, tls=True) == 2
    (change,) = await world.changes.listed(TENANT_ID, "CP1")
    assert change.state == "confirmed"
