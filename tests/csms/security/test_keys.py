"""After a rotation of the secret key: passwords move when their stations come."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, update

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import Admission, Admitted, register, rekey
from chargeplane.csms.gateway.credentials import Visitor
from chargeplane.csms.inventory import Known, find, stations
from chargeplane.csms.security.keys import passwords_by_key, stations_to_come
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID

OLD_KEY, NEW_KEY = bytes(32), b"n" * 32
OLD, BOTH, NEW = (Passwords(keys) for keys in ([OLD_KEY], [NEW_KEY, OLD_KEY], [NEW_KEY]))
RIGHT = b"nine-lives-of-a-cat"


def fill(connection: Connection) -> None:
    """Three stations from before the rotation; the second is about to change its password."""
    for identity in ("CP1", "CP2", "CP3"):
        known = Known(TENANT_ID, identity, 1, OLD.hashed(RIGHT), Registration.ACCEPTED, 0)
        register(connection, known, NOW)
    open_ = Known(TENANT_ID, "CP4", 0, None, Registration.ACCEPTED, 0)
    register(connection, open_, NOW)
    mine = stations.c.tenant_id == TENANT_ID, stations.c.id == "CP2"
    connection.execute(update(stations).where(*mine).values(next_password_hash=OLD.hashed(b"x")))


class World:
    """A database, and admissions to it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def comes(self, identity: str, password: bytes, passwords: Passwords) -> bool:
        """Whether a station is let in; what that has changed is durable."""
        admission = Admission(self.store, SimulatedClock(NOW), passwords=passwords)
        visitor = Visitor(identity, identity, password, "10.0.0.1", False, ("ocpp1.6",))
        verdict = await admission.judge(visitor)
        await self.store.write(Function(lambda connection: None))  # behind what nobody waits for
        return isinstance(verdict, Admitted)

    async def left(self) -> tuple[int, list[str]]:
        """How many passwords are under the old key, and whose."""
        by_key = await self.store.read(passwords_by_key)
        whose = partial(stations_to_come, key_id=NEW.key_ids[0], count_max=2)
        return by_key[OLD.key_ids[0]], await self.store.read(whose)

    async def known(self, identity: str) -> Known:
        found = await self.store.read(partial(find, identity=identity))
        assert found is not None
        return found


async def test_a_password_moves_when_its_station_comes_and_the_old_key_may_go_when_all_have(
    store: Store,
) -> None:
    await store.write(Function(fill))
    world = World(store)
    assert await world.left() == (4, ["CP1", "CP2"])  # as many are named as were asked for
    assert not await world.comes("CP1", RIGHT, NEW)  # without the old key it would be lost
    assert await world.comes("CP1", RIGHT, BOTH)
    assert await world.left() == (3, ["CP2", "CP3"])
    assert not await world.comes("CP3", b"nine-lives-of-a-dog", BOTH)
    assert await world.left() == (3, ["CP2", "CP3"])
    assert await world.comes("CP3", RIGHT, BOTH)
    assert await world.comes("CP2", RIGHT, BOTH)
    assert await world.left() == (1, ["CP2"])  # what it was given next is under the old one still
    assert await world.comes("CP2", b"x", BOTH)  # that counts from now on
    assert await world.comes("CP2", b"x", BOTH)
    assert await world.left() == (0, [])
    for identity, password in (("CP1", RIGHT), ("CP2", b"x"), ("CP3", RIGHT)):
        assert await world.comes(identity, password, NEW)


async def test_a_new_password_meanwhile_is_not_overwritten(store: Store) -> None:
    await store.write(Function(fill))
    world = World(store)
    seen = await world.known("CP1")
    given = NEW.hashed(b"ten-lives-of-two-cats")
    mine = stations.c.tenant_id == TENANT_ID, stations.c.id == "CP1"
    await store.write(
        Function(lambda c: c.execute(update(stations).where(*mine).values(password_hash=given)))
    )
    fresh = BOTH.renewed(RIGHT, seen.password_hash or "")
    assert fresh is not None
    await store.write(Function(partial(rekey, known=seen, fresh=fresh)))
    assert (await world.known("CP1")).password_hash == given
