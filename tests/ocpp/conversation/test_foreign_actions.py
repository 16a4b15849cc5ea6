"""An action of another version is a repair each time, whoever has said it before."""

from __future__ import annotations

from chargeplane.ocpp.events import Called, Malformed
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import STRICT, TOLERANT
from chargeplane.ocpp.versions import Role, Version

START = (
    '[2,"1","StartTransaction",{"connectorId":1,"idTag":"C0FFEE","meterStart":0,'
    '"timestamp":"2026-11-21T12:00:00Z"}]'
)


def tolerant() -> Called:
    [event] = Peer(Version.V2_0_1, Role.CSMS, tolerance=TOLERANT).receive(START, 0.0)
    assert isinstance(event, Called)
    return event


def test_the_second_one_is_told_like_the_first() -> None:
    for _ in range(2):
        assert [repair.name for repair in tolerant().repairs] == ["foreign-action"]


def test_the_strict_refuse_what_the_tolerant_have_served() -> None:
    tolerant()
    [event] = Peer(Version.V2_0_1, Role.CSMS, tolerance=STRICT).receive(START, 0.0)
    assert isinstance(event, Malformed)
