"""Versions, ends of the wire and directions."""

from __future__ import annotations

import pytest

from chargeplane.ocpp.versions import Direction, Role, Version


@pytest.mark.parametrize(
    ("version", "subprotocol", "package", "newest"),
    [
        (Version.V1_2, "ocpp1.2", "v12", Version.V1_6),
        (Version.V1_5, "ocpp1.5", "v15", Version.V1_6),
        (Version.V1_6, "ocpp1.6", "v16", Version.V1_6),
        (Version.V2_0_1, "ocpp2.0.1", "v201", Version.V2_1),
        (Version.V2_1, "ocpp2.1", "v21", Version.V2_1),
    ],
)
def test_a_version_knows_its_names(
    version: Version, subprotocol: str, package: str, newest: Version
) -> None:
    assert version.subprotocol == subprotocol
    assert Version.of_subprotocol(subprotocol) is version
    assert version.package == package
    assert version.newest_of_family is newest


@pytest.mark.parametrize("name", ["", "ocpp2.0", "OCPP1.6", "1.6", "ocpp1.6 "])
def test_an_unknown_subprotocol_is_no_version(name: str) -> None:
    assert Version.of_subprotocol(name) is None


def test_an_end_has_another_end() -> None:
    assert [role.other for role in Role] == [Role.CSMS, Role.STATION]


@pytest.mark.parametrize(
    ("direction", "senders"),
    [
        (Direction.TO_CSMS, {Role.STATION}),
        (Direction.TO_STATION, {Role.CSMS}),
        (Direction.BOTH, {Role.STATION, Role.CSMS}),
    ],
)
def test_a_direction_says_who_may_send(direction: Direction, senders: set[Role]) -> None:
    assert {role for role in Role if direction.allows(role)} == senders
