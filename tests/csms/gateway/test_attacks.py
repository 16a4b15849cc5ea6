"""The published attacks on log-ins (CWE-306, CWE-307): nobody gets in, and nobody is locked out."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from http import HTTPStatus
from time import perf_counter

import pytest
from sqlalchemy import Connection

from chargeplane.csms.contract import Notice, Registration
from chargeplane.csms.gateway.admission import Admission, Admitted, register
from chargeplane.csms.gateway.credentials import Entrance, Visitor
from chargeplane.csms.inventory import Known, find
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.links import Refuse
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID

PASSWORDS = Passwords([bytes(32)])
COUNT = 30
RIGHT = {f"CP{n}": f"the-right-one-of-{n:03d}" for n in range(COUNT)}
PLAIN, TLS = Entrance("plain", frozenset({0, 1})), Entrance("TLS", frozenset({2, 3}))


class Door:
    """An admission that counts what it tells."""

    def __init__(self, store: Store, *, tells_unknown: bool = False) -> None:
        self.store = store
        self.notices: list[Notice] = []
        self.clock = SimulatedClock(NOW)
        self.admission = Admission(
            store,
            self.clock,
            passwords=PASSWORDS,
            notify=self.notices.append,
            tells_unknown=tells_unknown,
        )

    async def tried(
        self,
        identity: str,
        name: str | None,
        password: bytes | None,
        host: str = "10.0.0.1",
        entrance: Entrance = PLAIN,
    ) -> Admitted | Refuse:
        is_tls = entrance is TLS
        visitor = Visitor(identity, name, password, host, is_tls, ("ocpp1.6",), None, entrance)
        return await self.admission.judge(visitor)


@pytest.fixture
async def door(sqlite_store: Store) -> Door:
    def fill(connection: Connection) -> None:
        for number, (identity, password) in enumerate(RIGHT.items()):
            hashed = PASSWORDS.hashed(password.encode())
            known = Known(TENANT_ID, identity, 1 + number % 3, hashed, Registration.ACCEPTED, 0)
            register(connection, known, NOW)

    await sqlite_store.write(Function(fill))
    return Door(sqlite_store)


def attempts(identity: str) -> list[tuple[str | None, bytes | None]]:
    """No header, empty, wrong, long, another user, another station's own credentials."""
    neighbour = f"CP{(int(identity[2:]) + 3) % COUNT}"
    return [
        (None, None),
        (identity, b""),
        (identity, b"wrong-wrong-wrong-wrong"),
        (identity, b"x" * 10_240),
        (identity, RIGHT[neighbour].encode()),
        (neighbour, RIGHT[neighbour].encode()),
        (identity, PASSWORDS.hashed(b"x").encode()),
        ("", b"wrong-wrong-wrong-wrong"),
    ]


async def test_no_wrong_attempt_opens_a_link_and_all_answers_are_alike(door: Door) -> None:
    strangers = {f"XX{n}": f"CP{n}" for n in range(COUNT)}
    answers = set()
    for number in range(COUNT):
        host = f"10.0.{number}.1"
        for as_, known in ((f"CP{number}",) * 2, (f"XX{number}", strangers[f"XX{number}"])):
            for name, password in attempts(known):
                user = as_ if name == known else name
                for entrance in (PLAIN, TLS):
                    verdict = await door.tried(as_, user, password, host, entrance)
                    assert isinstance(verdict, Refuse)
                    if verdict.status is HTTPStatus.UNAUTHORIZED:
                        answers.add((verdict.reason, verdict.headers))
    assert len(answers) == 1
    assert {notice.type for notice in door.notices} == {"FailedLogIn"}


async def test_five_thousand_wrong_attempts_cost_the_station_nothing(door: Door) -> None:
    statuses: Counter[HTTPStatus] = Counter()
    for first in range(0, 5_000, 500):  # as they come from many connections
        verdicts = await asyncio.gather(
            *(
                door.tried("CP0", "CP0", b"guess-guess-guess-%d" % number, _host(number))
                for number in range(first, first + 500)
            )
        )
        statuses.update(each.status for each in verdicts if isinstance(each, Refuse))
    assert statuses.total() == 5_000
    assert statuses[HTTPStatus.TOO_MANY_REQUESTS] > 4_900
    # The real one comes from the same address as an attacker, at the same moment.
    begun_s = perf_counter()
    verdict = await door.tried("CP0", "CP0", RIGHT["CP0"].encode(), _host(0))
    assert isinstance(verdict, Admitted)
    assert perf_counter() - begun_s < 1.0


def _host(number: int) -> str:
    return f"127.0.0.{1 + number % 50}"


async def test_guesses_do_not_fill_the_inbox_of_unknown_stations(door: Door) -> None:
    for number in range(200):
        await door.tried(f"guess-{number}", None, None, "10.9.9.9")
    look = partial(find, identity="guess-1")
    assert await door.store.read(look) is None
    verdict = await door.tried("guess-201", None, None, "10.9.9.9")
    assert isinstance(verdict, Refuse)
    assert verdict.status is HTTPStatus.TOO_MANY_REQUESTS
    assert dict(verdict.headers)["Retry-After"].isdigit()


async def test_404_for_unknown_identities_is_a_setting(sqlite_store: Store) -> None:
    told = await Door(sqlite_store, tells_unknown=True).tried("XX1", None, None)
    assert isinstance(told, Refuse)
    assert told.status is HTTPStatus.NOT_FOUND
