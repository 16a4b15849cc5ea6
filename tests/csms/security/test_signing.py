"""Signed messages over a real connection: required, verified, kept, and refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.security.tables import SIGNED_SINK, SignedMessage, prune_signed, signed_of
from chargeplane.ocpp.signing import Signer, sign
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import Authority, KeyKind, Purpose, new_key, pem_of
from chargeplane.runtime.store import Function, Rows, Store, new_id
from tests.csms.making import TENANT_ID
from tests.csms.rest import client
from tests.faults.wire import Wire

NOW = datetime.now(UTC)
LIFE = timedelta(days=30)
ROOT = Authority.new("root", KeyKind.P256, NOW - 3 * LIFE, 12 * LIFE)
RULE = "/stations/CP1/signing-rule"


def signer(now: datetime = NOW) -> Signer:
    key = new_key()
    issued = ROOT.issue(key.public_key(), "CP1", Purpose.STATION, now, LIFE)
    return Signer(key, issued.certificate)


OWN, STRANGER, OLD = signer(), signer(), signer(NOW - 2 * LIFE)


class Far:
    """A station that signs, and the interface of its central system."""

    def __init__(
        self, central: CentralSystem, wire: Wire, rest: httpx.AsyncClient, store: Store
    ) -> None:
        self.central = central
        self.store = store
        self.wire = wire
        self.rest = rest
        self._count = 0

    async def require(self, is_required: bool, by: Signer = OWN) -> None:
        assert by.certificate is not None
        body = {"is_required": is_required, "certificate": pem_of([by.certificate])}
        assert (await self.rest.put(RULE, json=body)).status_code == 200

    async def beat(
        self, by: Signer | None = OWN, action: str = "Heartbeat", tampers: bool = False
    ) -> list[Any]:
        """A Heartbeat, signed or not; its answer."""
        self._count += 1
        name, payload = "Heartbeat", "{}"
        if by is not None:
            name, payload = "Heartbeat-Signed", sign(action, 2, b"{}", by).decode()
        if tampers:
            said = json.loads(payload)
            said["payload"] = "eyJhIjoxfQ"
            payload = json.dumps(said)
        message_id = f"m{self._count}"
        return await self.wire.say(f'[2,"{message_id}","{name}",{payload}]', message_id)

    async def events(self) -> list[str]:
        await self.central.recorder.flush()
        items = (await self.rest.get("/security-events")).json()["items"]
        return [f"{each['type']}: {each['detail']}" for each in items]

    async def verdicts(self) -> list[str]:
        await self.store.write(Function(lambda connection: None))  # behind what is not awaited
        answer = await self.rest.get("/stations/CP1/signed-messages")
        return [each["verdict"] for each in answer.json()["items"]]


@pytest.fixture
async def far(sqlite_store: Store) -> AsyncIterator[Far]:
    known = Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0)
    await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    central = CentralSystem(sqlite_store, SystemClock())
    await central.start()
    port = await central.listen("127.0.0.1", 0)
    wire = await Wire.dial(port, "CP1", Version.V2_0_1)
    async with client(sqlite_store, *central.routes) as rest, asyncio.timeout(30):
        yield Far(central, wire, rest, sqlite_store)
    wire.link.close()
    await central.stop()


async def test_a_station_that_must_sign_is_served_with_its_own_signature(far: Far) -> None:
    await far.require(True)
    assert (await far.beat())[0] == 3
    assert await far.verdicts() == ["valid"]
    assert await far.events() == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"by": None}, "it is not signed"),
        ({"by": STRANGER}, "another certificate"),
        ({"tampers": True}, "does not fit the content"),
        ({"action": "BootNotification"}, "another action"),
    ],
    ids=["unsigned", "stranger", "tampered", "replayed"],
)
async def test_anything_else_is_refused_and_noted(far: Far, how: Any, why: str) -> None:
    await far.require(True)
    answer = await far.beat(**how)
    assert (answer[0], answer[2]) == (4, "SecurityError")
    (event,) = await far.events()
    assert event.startswith("InvalidSignature: Heartbeat: ")
    assert why in event


async def test_an_old_certificate_signs_no_more(far: Far) -> None:
    await far.require(True, OLD)
    assert (await far.beat(OLD))[2] == "SecurityError"


async def test_where_signatures_are_not_required_a_bad_one_is_noted_and_processed(
    far: Far,
) -> None:
    assert (await far.beat())[0] == 3  # nobody has installed a key
    await far.require(False)
    assert (await far.beat(None))[0] == 3
    assert (await far.beat(STRANGER))[0] == 3
    assert len(await far.events()) == 1
    assert await far.verdicts() == ["made with another certificate", "no key is known for it"]


async def test_a_rule_outlives_the_process_and_can_be_dropped(
    far: Far, sqlite_store: Store
) -> None:
    await far.require(True)
    assert (await far.rest.get(RULE)).json()["is_required"] is True
    signatures = type(far.central.signatures)(sqlite_store, SystemClock(), lambda notice: None)
    await signatures.load()
    assert await signatures.drop_rule(TENANT_ID, "CP1")
    assert (await far.rest.delete(RULE)).status_code == 204
    assert (await far.rest.get(RULE)).status_code == 404
    assert (await far.beat(None))[0] == 3


async def test_a_rule_needs_a_certificate_and_a_station(far: Far) -> None:
    bad = {"is_required": True, "certificate": "nonsense"}
    assert (await far.rest.put(RULE, json=bad)).status_code == 400
    other = RULE.replace("CP1", "CP9")
    assert (await far.rest.put(other, json=bad)).status_code == 404


async def test_the_oldest_signatures_go_first(sqlite_store: Store) -> None:
    def message(number: int) -> SignedMessage:
        return SignedMessage(
            TENANT_ID, new_id(), "CP1", new_id(), f"a{number}", "valid", None, "a.b", "00", NOW
        )

    await sqlite_store.write(Rows(tuple((SIGNED_SINK, message(n)) for n in range(5))))
    await sqlite_store.write(Function(partial(prune_signed, tenant_id=TENANT_ID, keep_max=2)))
    look = partial(signed_of, tenant_id=TENANT_ID, station_id="CP1", count_max=9)
    assert [each.action for each in await sqlite_store.read(look)] == ["a4", "a3"]
