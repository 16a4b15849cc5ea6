"""Who may sign firmware: those below a root of the manufacturer, where one is installed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from chargeplane.runtime.pki import Authority, KeyKind, Purpose, pem_of
from tests.station.central import START
from tests.station.firmware.test_updates import GOOD, SIGNED, Server, reboot, told, update
from tests.station.stage import online

DAY = timedelta(days=1)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_with_a_root_of_the_manufacturer_only_its_people_may_sign(version: str) -> None:
    root = Authority.new("Maker", KeyKind.P256, START - DAY, 10 * DAY)
    key = ec.generate_private_key(ec.SECP256R1())
    issued = root.issue(key.public_key(), "firmware", Purpose.STATION, START - DAY, 5 * DAY)
    good = issued.certificate.public_bytes(Encoding.PEM).decode()
    stage = online(version)
    pem = pem_of([root.certificate])
    assert stage.core.hub.keys.install("ManufacturerRootCertificate", pem, stage.core.hub.time())
    Server(stage, GOOD)
    assert update(stage, key=key) == "InvalidCertificate"  # signed by itself
    assert update(stage, key=key, certificate=good) == "Accepted"
    assert told(reboot(stage)) == SIGNED
