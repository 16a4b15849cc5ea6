"""TLS ends at the controller: its own certificates on both sides (Part 4, 6.5)."""

from __future__ import annotations

import ssl
from http import HTTPStatus

import pytest
from cryptography import x509

from chargeplane.ocpp import v21
from chargeplane.runtime.links import HandshakeRefused, connect
from chargeplane.station.local_controller import LocalController
from tests.csms.driving import Driver
from tests.runtime.links.certificates import Authority, Identity
from tests.station.local_controller.test_controller import at_once, station
from tests.station.server import Server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def serving(authority: Authority, own: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate_path, own.key_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.root.certificate_path)
    return context


def dialling(authority: Authority, own: Identity) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.root.certificate_path)
    context.load_cert_chain(own.certificate_path, own.key_path)
    return context


async def test_each_side_sees_the_certificate_of_its_neighbour(authority: Authority) -> None:
    at = Server()
    csms, site, one = (authority.issue(name) for name in ("csms", "site", "CP1"))
    port = await at.listener.listen("127.0.0.1", 0, serving(authority, csms))
    async with LocalController(
        f"wss://127.0.0.1:{port}/ocpp",
        tls=serving(authority, site),
        upstream_tls=dialling(authority, site),
        back_off=at_once,
    ) as made:
        assert made.url.startswith("wss://")
        async with station(made, tls=dialling(authority, one)):
            shown = at.links["CP1"].facts.tls
            assert shown is not None
            assert shown.client_certificate is not None
            assert x509.load_der_x509_certificate(shown.client_certificate) == site.certificate
            assert at.centrals["CP1"].all(v21.BootNotificationRequest)
        with pytest.raises(HandshakeRefused) as refused:
            await connect(
                f"{made.url}/CP2",
                lambda _: Driver(),
                subprotocols=["ocpp2.1"],
                tls=dialling(authority, one),
            )
        assert refused.value.status == HTTPStatus.UNAUTHORIZED
        assert "CP2" not in at.centrals
    await at.listener.drain(0.5)
