"""Other authorities' responders: who is asked, how long an answer counts, and who is cut off."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from chargeplane.cli.issuing import ocsp_checks
from chargeplane.csms.certificates import HttpResponders, OcspChecks, Responder
from chargeplane.csms.certificates import checks as module
from chargeplane.csms.certificates.checks import AGAIN_S, KEPT_S, RESPONDERS_MAX
from chargeplane.runtime.clock import Clock, SimulatedClock
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    PkiFault,
    PrivateKey,
    Purpose,
    Vault,
    answered,
    asked_for,
    new_key,
    pem_of,
)
from chargeplane.runtime.settings import Settings, SettingsError
from chargeplane.runtime.store import Store
from chargeplane.station.keystore import STATION
from tests.csms.certificates.site import CLOCK, opened
from tests.csms.certificates.test_responders import canary

NOW = CLOCK.now().replace(microsecond=0)
DAY = timedelta(days=1)
ROOT = Authority.new("other root", KeyKind.P256, NOW, 900 * DAY, "Operator")
STRANGER = Authority.new("stranger", KeyKind.P256, NOW, 900 * DAY, "Operator")
URL = "http://ocsp.example/"


def issued(by: Authority = ROOT) -> tuple[x509.Certificate, PrivateKey]:
    key = new_key()
    return by.issue(key.public_key(), "CP1", Purpose.STATION, NOW, 300 * DAY).certificate, key


class Asked:
    """A responder of ``ROOT`` that knows who is revoked, or does not answer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.issued: dict[int, x509.Certificate] = {}
        self.revoked: set[int] = set()
        self.count = 0
        self.is_silent = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, url: str, request: bytes) -> bytes:
        self.count += 1
        await self.may_answer.wait()
        if self.is_silent:
            raise PkiFault("it does not answer")
        assert url == URL
        number = int(asked_for(request).serial_number, 16)
        now = self.clock.now()
        found = self.issued[number], now if number in self.revoked else None
        return answered(ROOT, lambda _: found, number, "SHA1", now)

    def new(self) -> x509.Certificate:
        certificate, _ = issued()
        self.issued[certificate.serial_number] = certificate
        return certificate


def made(clock: Clock, *, is_hard: bool = False) -> tuple[OcspChecks, Asked]:
    asked = Asked(clock)
    return OcspChecks([Responder(ROOT.certificate, URL)], asked, clock, is_hard=is_hard), asked


@pytest.mark.parametrize("is_hard", [False, True], ids=["soft", "hard"])
async def test_an_answer_counts_for_a_while(is_hard: bool) -> None:
    clock = SimulatedClock(NOW)
    checks, asked = made(clock, is_hard=is_hard)
    good, bad = asked.new(), asked.new()
    asked.revoked.add(bad.serial_number)
    for each in (good, bad):  # nobody waits for the answer
        assert checks.is_refused(each) is is_hard
    await checks.settle()
    for _ in range(3):
        assert (checks.is_refused(good), checks.is_refused(bad)) == (False, True)
    assert (checks.is_revoked(good), checks.is_revoked(bad), asked.count) == (False, True, 2)
    await clock.advance(KEPT_S)
    assert checks.is_refused(good) is is_hard
    assert checks.is_refused(bad)  # who was revoked stays so
    await checks.settle()
    assert (checks.is_refused(good), checks.is_refused(bad), asked.count) == (False, True, 4)


@pytest.mark.parametrize("is_hard", [False, True], ids=["soft", "hard"])
async def test_without_an_answer_the_rule_counts_and_it_is_asked_again(is_hard: bool) -> None:
    clock = SimulatedClock(NOW)
    checks, asked = made(clock, is_hard=is_hard)
    each, bad = asked.new(), asked.new()
    asked.revoked.add(bad.serial_number)
    checks.look([bad])
    await checks.settle()
    asked.is_silent = True
    for count in (2, 2):
        assert checks.is_refused(each) is is_hard
        await checks.settle()
        assert asked.count == count
    await clock.advance(KEPT_S)
    checks.look([each, bad])
    await checks.settle()
    assert (asked.count, checks.is_revoked(bad)) == (4, True)
    asked.is_silent = False
    await clock.advance(AGAIN_S)
    checks.look([each])
    await checks.settle()
    assert not checks.is_refused(each)


async def test_nobody_is_asked_about_certificates_of_others() -> None:
    checks, asked = made(SimulatedClock(NOW), is_hard=True)
    assert not checks.is_refused(issued(STRANGER)[0])
    checks.look([issued(STRANGER)[0]])
    await checks.settle()
    assert asked.count == 0


async def test_only_so_much_is_asked_and_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE_MAX", 2)
    monkeypatch.setattr(module, "KEPT_MAX", 2)
    checks, asked = made(SimulatedClock(NOW))
    some = [asked.new() for _ in range(3)]
    asked.may_answer.clear()
    checks.look([*some, *some])
    await asyncio.sleep(0)
    assert asked.count == 2
    asked.may_answer.set()
    await checks.settle()
    checks.look(some)
    await checks.settle()
    assert (asked.count, len(checks._known)) == (3, 2)
    with pytest.raises(PkiFault, match="more than"):
        OcspChecks([Responder(ROOT.certificate, URL)] * (RESPONDERS_MAX + 1), asked, CLOCK)


async def test_what_is_awaited_is_given_up_at_the_end() -> None:
    checks, asked = made(SimulatedClock(NOW))
    asked.may_answer.clear()
    checks.look([asked.new()])
    await checks.stop()
    await checks.settle()


async def test_a_station_that_is_revoked_is_cut_off_when_the_answer_comes(
    sqlite_store: Store, vault: Vault, tmp_path: Path
) -> None:
    checks, asked = made(CLOCK)
    certificate, key = issued()
    asked.issued[certificate.serial_number] = certificate
    asked.revoked.add(certificate.serial_number)
    asked.may_answer.clear()
    roots = (ROOT.certificate,)
    async with opened(sqlite_store, vault, tmp_path, roots=roots, checks=checks) as site:
        await site.add(3)
        station = site.station("2.1", 3)
        station.core.hub.keys.give(STATION, [certificate], key)
        async with station:
            asked.may_answer.set()
            await station.until(lambda core: not core.hub.is_online)
            assert checks.is_revoked(certificate)


async def test_with_the_hard_rule_a_station_comes_again_until_it_is_known_to_be_good(
    sqlite_store: Store, vault: Vault, tmp_path: Path
) -> None:
    checks, asked = made(CLOCK, is_hard=True)
    certificate, key = issued()
    asked.issued[certificate.serial_number] = certificate
    roots = (ROOT.certificate,)
    async with opened(sqlite_store, vault, tmp_path, roots=roots, checks=checks) as site:
        await site.add(3)
        asked.is_silent = True
        first = site.station("2.1", 3, ready_timeout_s=0.4)
        first.core.hub.keys.give(STATION, [certificate], key)
        with pytest.raises(TimeoutError, match="401"):
            async with first:
                pass
        checks._known.clear()
        asked.is_silent = False
        checks.look([certificate])
        await checks.settle()
        second = site.station("2.1", 3)
        second.core.hub.keys.give(STATION, [certificate], key)
        async with second:
            assert asked.count >= 2


async def test_the_settings_say_who_is_asked(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(pem_of([ROOT.certificate]))
    assert ocsp_checks(Settings(), CLOCK) is None
    certificate, _ = issued()
    der = answered(ROOT, lambda _: (certificate, NOW), certificate.serial_number, "SHA1", NOW)
    async with canary(body=der) as host:
        wanted = f"{tmp_path / 'ca.pem'}=http://{host.host}/ocsp"
        checks = ocsp_checks(Settings(ocsp_responders=wanted, ocsp_hard_fail=True), CLOCK)
        assert checks is not None
        assert checks.is_refused(certificate)
        await checks.settle()
        assert checks.is_revoked(certificate)
        assert len(host.asked) == 1
        with pytest.raises(PkiFault, match="not among those"):
            await HttpResponders({host.host}).ask("http://elsewhere.example/", b"")


@pytest.mark.parametrize(
    "wanted", ["ca.pem", "ca.pem=ftp://x/", "none.pem=http://x/", "junk.pem=http://x/"]
)
def test_faulty_settings_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_text(pem_of([ROOT.certificate]))
    (tmp_path / "junk.pem").write_text("junk")
    with pytest.raises(SettingsError, match="ocsp_responders"):
        ocsp_checks(Settings(ocsp_responders=wanted), CLOCK)
