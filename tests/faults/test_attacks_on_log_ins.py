"""Nobody gets in who is not the station, and nobody learns which stations there are.

Over real sockets, with everything that an attacker may bring.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.gateway.credentials import Entrance
from chargeplane.csms.options import Options
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import (
    ServerCertificate,
    client_context,
    server_context,
)
from chargeplane.runtime.pki import (
    Authority,
    Issued,
    KeyKind,
    Purpose,
    der_of,
    new_key,
    pem_of_key,
)
from chargeplane.runtime.store import Settings, Store, upgrade
from tests.faults.attackers import CUT, Told, basic, dial, fill, password_of
from tests.soak import cases

pytestmark = pytest.mark.soak

KINDS = KeyKind.P256, KeyKind.RSA2048
LIFE = timedelta(days=30)
AT_ONCE = 4


@dataclass
class Castle:
    """A central system with a plain and a TLS port, stations, and what attackers bring."""

    central: CentralSystem
    plain: int
    secure: int
    count: int
    certificates: dict[str, ssl.SSLContext]

    async def tried(self, number: int, is_known: bool, what: str) -> Told:
        """One attempt, from an address that no other identity is tried from."""
        identity, own = f"{'CP' if is_known else 'XX'}{number}", password_of(number)
        other = (number + 1) % self.count
        source = f"127.{20 + is_known}.{number >> 8}.{1 + (number & 0xFF) % 250}"
        headers = {
            "nothing": (),
            "wrong user": (basic(f"CP{other}", own),),
            "wrong password": (basic(identity, b"nine-lives-of-a-cat"),),
            "password of another station": (basic(identity, password_of(other)),),
            "own user and password of another station": (basic(f"CP{other}", password_of(other)),),
            "empty": (basic(identity, b""),),
            "10 kB": (basic(identity, b"x" * 10_240),),
        }.get(what, ())
        tls = self.certificates.get(what)
        port = self.secure if tls else self.plain
        return await dial(port, identity, *headers, source=source, tls=tls)


WITHOUT_CERTIFICATE = (
    "nothing",
    "wrong user",
    "wrong password",
    "password of another station",
    "own user and password of another station",
    "empty",
    "10 kB",
)
WITH_CERTIFICATE = ("certificate of another station", "expired certificate", "foreign certificate")


def written(folder: Path, name: str, authority: Authority, **more: object) -> ServerCertificate:
    """A certificate and its key in files."""
    now = datetime.now(UTC) - (2 * LIFE if more.get("is_old") else timedelta())
    key = new_key(more.get("kind", KeyKind.P256))  # type: ignore[arg-type]
    purpose = Purpose.SERVER if name.startswith("server") else Purpose.STATION
    common_name = "localhost" if purpose is Purpose.SERVER else "CP-other"
    names = ("localhost",) if purpose is Purpose.SERVER else ()
    issued: Issued = authority.issue(key.public_key(), common_name, purpose, now, LIFE, names=names)
    chain, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(issued.pem)
    key_path.write_bytes(pem_of_key(key))
    return ServerCertificate(chain, key_path)


@pytest.fixture
async def castle(settings: Settings, tmp_path: Path) -> AsyncIterator[Castle]:
    count = cases(1_000)
    upgrade(settings)
    fill(settings, count)
    early = datetime.now(UTC) - 3 * LIFE
    root = Authority.new("root", KeyKind.P256, early, 12 * LIFE, "Operator")
    foreign = Authority.new("root", KeyKind.P256, early, 12 * LIFE, "Operator")
    shown = [written(tmp_path, f"server-{kind}", root, kind=kind) for kind in KINDS]
    brought = {
        "certificate of another station": written(tmp_path, "other", root),
        "expired certificate": written(tmp_path, "expired", root, is_old=True),
        "foreign certificate": written(tmp_path, "foreign", foreign),
    }
    trusted = [der_of(root.certificate)]
    async with Store(settings) as store:
        central = CentralSystem(store, SystemClock(), Options(min_security_profile=1))
        await central.start()
        tls = server_context(shown, trusted=trusted)
        plain = await central.listen("127.0.0.1", 0, None, Entrance("plain", frozenset({0, 1})))
        secure = await central.listen("127.0.0.1", 0, tls, Entrance("TLS", frozenset({2, 3})))
        contexts = {what: client_context(trusted, each) for what, each in brought.items()}
        yield Castle(central, plain, secure, count, contexts)
        await central.stop()


@pytest.mark.timeout(600)  # 20,000 attempts in `make soak`
async def test_no_identity_known_or_not_is_upgraded_and_all_are_told_the_same_as_fast(
    castle: Castle,
) -> None:
    answers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    times_s: dict[tuple[str, bool], list[float]] = defaultdict(list)
    numbers = iter(range(castle.count))

    async def attack() -> None:
        for number in numbers:
            for what in (*WITHOUT_CERTIFICATE, *WITH_CERTIFICATE):
                # Who comes first alternates: the second finds what the first has warmed.
                for is_known in (number % 2 == 0, number % 2 == 1):
                    told = await castle.tried(number, is_known, what)
                    assert not told.is_upgraded
                    answers[what].add((told.head, told.body))
                    times_s[what, is_known].append(told.took_s)

    await asyncio.gather(*(attack() for _ in range(AT_ONCE)))
    assert not castle.central.gateway.conversations
    assert {what: len(told) for what, told in answers.items() if len(told) != 1} == {}
    # What is wrong is not told either. Only a head that is too long is another fault.
    assert len(set.union(*(answers[each] for each in WITHOUT_CERTIFICATE if each != "10 kB"))) == 1
    assert " 401 " in next(iter(answers["certificate of another station"]))[0]
    assert answers["expired certificate"] == answers["foreign certificate"] == {(CUT, "")}
    for what in answers:
        known_s, unknown_s = times_s[what, True], times_s[what, False]
        assert not _tells(known_s, unknown_s), (what, median(known_s), median(unknown_s))


def _tells(known_s: list[float], unknown_s: list[float]) -> bool:
    """Whether the time tells who is known: by half as much, and in three pairs of four.

    The two of a pair are tried one after the other, so that what else the machine does weighs on
    both alike. It may move the medians; it does not choose the same side again and again.
    """
    low, high = sorted((median(known_s), median(unknown_s)))
    slower = sum(known > unknown for known, unknown in zip(known_s, unknown_s, strict=True))
    return high > 1.5 * low and not 0.25 < slower / len(known_s) < 0.75


def test_a_difference_in_time_is_seen_and_noise_is_not() -> None:
    quick, slow = [1.0, 1.1, 0.9, 1.2] * 25, [2.0, 2.1, 1.9, 2.2] * 25
    assert _tells(quick, slow)
    assert _tells(slow, quick)
    assert not _tells([1.0, 3.0] * 50, [3.0, 1.0] * 50)
    assert not _tells(quick, [each * 1.2 for each in quick])
