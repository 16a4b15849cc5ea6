"""What TLS ports agree to: exactly the suites of the standard, and certificates that can change."""

import asyncio
import ssl
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import (
    LEGACY,
    MODERN,
    ListenerSettings,
    ServerCertificate,
    TlsFault,
    TlsPolicy,
    Transport,
    client_context,
    new_event_loop,
    server_context,
)
from chargeplane.runtime.pki import Authority, KeyKind, Purpose, der_of, new_key, pem_of_key
from tests.runtime.links.harness import QUICK
from tests.runtime.links.test_tls import secure
from tests.waiting import until

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "fastest": new_event_loop,
}
NOW = SystemClock().now()


class Site:
    """The certificates of one port for stations."""

    def __init__(self, folder: Path, name: str = "csms.example") -> None:
        self.folder = folder
        self.root = Authority.new("root", KeyKind.P256, NOW, timedelta(days=3650))
        self.certificates = [self.issued(name, kind) for kind in (KeyKind.P256, KeyKind.RSA2048)]

    def issued(
        self, name: str, kind: KeyKind, purpose: Purpose = Purpose.SERVER
    ) -> ServerCertificate:
        key = new_key(kind)
        names = (name, "127.0.0.1") if purpose is Purpose.SERVER else ()
        leaf = self.root.issue(
            key.public_key(), name, purpose, NOW, timedelta(days=365), names=names
        )
        chain_path = self.folder / f"{name}-{kind}.pem"
        key_path = self.folder / f"{name}-{kind}.key"
        chain_path.write_bytes(leaf.pem)
        key_path.write_bytes(pem_of_key(key))
        return ServerCertificate(chain_path, key_path)

    @property
    def trusted(self) -> list[bytes]:
        return [der_of(self.root.certificate)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def _offers(name: str, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that can do one suite of one version, and trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(f"{name}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


def _shaken(
    server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> ssl.SSLObject | None:
    """The client's end after a handshake in memory; None if there is none."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    a = client.wrap_bio(to_client, to_server, server_hostname="csms.example", session=session)
    b = server.wrap_bio(to_server, to_client, server_side=True)
    ready = set()
    for _ in range(6):
        for each in (a, b):
            try:
                each.do_handshake()
                ready.add(each)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return None
    if len(ready) < 2:
        return None
    b.write(b".")  # with TLS 1.3 tickets come in front of it
    assert a.read(1) == b"."
    return a


def _agreed(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """The suite that the two agree on; None if they do not."""
    shaken = _shaken(server, client)
    cipher = shaken.cipher() if shaken else None
    return cipher[0] if cipher else None


def _every_suite() -> list[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return sorted({each["name"] for each in context.get_ciphers()})


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
@pytest.mark.parametrize("policy", [MODERN, LEGACY], ids=["modern", "legacy"])
def test_a_port_accepts_exactly_the_suites_of_its_policy(site: Site, policy: TlsPolicy) -> None:
    server = server_context(site.certificates, policy=policy)
    suites = _every_suite()
    accepted = {
        name
        for name in suites
        if not name.startswith("TLS_") and _agreed(server, _offers(name, ssl.TLSVersion.TLSv1_2))
    }
    # TLS 1.3 has suites of its own, which Python cannot choose among: whichever comes is one.
    modern = _agreed(server, _offers("AES128-GCM-SHA256", ssl.TLSVersion.TLSv1_3))
    assert len(suites) > 40
    assert accepted == set(policy.suites)
    assert modern in policy.accepted


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "only_legacy"),
    [(ssl.TLSVersion.TLSv1, True), (ssl.TLSVersion.TLSv1_1, True), (ssl.TLSVersion.TLSv1_2, False)],
    ids=["1.0", "1.1", "1.2"],
)
def test_old_versions_are_for_the_legacy_port_alone(
    site: Site, version: ssl.TLSVersion, only_legacy: bool
) -> None:
    suite = "AES128-SHA" if only_legacy else "AES128-GCM-SHA256"
    client = _offers(suite, version)
    assert _agreed(server_context(site.certificates, policy=LEGACY), client) == suite
    modern = _agreed(server_context(site.certificates), client)
    assert modern == (None if only_legacy else suite)


def test_a_key_that_does_not_fit_is_told_with_its_files_and_without_its_content(site: Site) -> None:
    ecdsa, rsa = site.certificates
    with pytest.raises(TlsFault, match=r"p256.*\.pem with .*rsa.*\.key"):
        server_context([ServerCertificate(ecdsa.chain, rsa.key)])
    with pytest.raises(TlsFault, match="missing"):
        server_context([ServerCertificate(site.folder / "missing", ecdsa.key)])


def test_a_certificate_of_a_station_is_checked_though_python_is_not_told(
    site: Site, tmp_path: Path
) -> None:
    server = server_context(site.certificates, trusted=site.trusted)
    assert server.verify_mode is ssl.CERT_NONE  # what the transports decode certificates by
    for issuer, is_taken in ((site, True), (Site(tmp_path), False)):
        station = issuer.issued("CP1", KeyKind.P256, Purpose.STATION)
        client = client_context(site.trusted, station)
        assert (_shaken(server, client) is not None) == is_taken
    assert _shaken(server, client_context(site.trusted)) is not None


async def test_a_handshake_with_a_certificate_takes_no_file(
    transport: Transport, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = site.issued("CP1", KeyKind.P256, Purpose.STATION)
    context = server_context(site.certificates, trusted=site.trusted)
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        await at.dial(client_context(site.trusted, station))
        (attempt,) = at.attempts
        assert attempt.tls is not None
        assert attempt.tls.client_certificate is not None


@pytest.mark.parametrize(
    ("version", "is_resumed"),
    [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, False)],
    ids=["1.2", "1.3"],
)
@pytest.mark.parametrize("is_mutual", [False, True], ids=["plain", "mutual"])
def test_stations_resume_where_it_is_cheap_and_not_where_it_is_dear(
    site: Site, version: ssl.TLSVersion, is_resumed: bool, is_mutual: bool
) -> None:
    server = server_context(site.certificates, trusted=site.trusted)
    own = site.issued("CP1", KeyKind.P256, Purpose.STATION) if is_mutual else None
    client = client_context(site.trusted, own)
    client.maximum_version = client.minimum_version = version
    first = _shaken(server, client)
    assert first is not None
    assert first.session is not None
    assert first.session.has_ticket == is_resumed
    again = _shaken(server, client, first.session)
    assert again is not None
    assert again.session_reused == is_resumed


@pytest.mark.parametrize("loop_name", LOOPS)
def test_new_certificates_come_into_force_and_nobody_is_dropped(
    transport: Transport, tmp_path: Path, loop_name: str
) -> None:
    old, new = Site(tmp_path, "old.example"), Site(tmp_path, "new.example")

    async def main() -> None:
        settings = ListenerSettings(link=QUICK)
        async with secure(transport, server_context(old.certificates), settings) as at:
            port = int(at.url.split(":")[2].split("/")[0])
            link = await at.dial(_trusting(old))
            await at.listener.renew(port, server_context(new.certificates))
            await at.listener.renew(port, server_context(new.certificates))
            await at.dial(_trusting(new))
            with pytest.raises(ssl.SSLCertVerificationError):
                await at.dial(_trusting(old))
            link.send("still here")
            await until(lambda: at.stations[0].texts == ["still here"])

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        runner.run(main())


def _trusting(site: Site) -> ssl.SSLContext:
    return client_context(site.trusted)
