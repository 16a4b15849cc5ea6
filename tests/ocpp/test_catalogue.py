"""The catalogue has every action of every version, once, with its types."""

from __future__ import annotations

from collections import Counter

import pytest

from chargeplane.ocpp import v12, v16, v21
from chargeplane.ocpp.catalogue import Block, action_of, actions, find
from chargeplane.ocpp.versions import Direction, Kind, Role, Version
from chargeplane.ocpp.wire import Request, Response

SECURITY_EXTENSION = {
    "CertificateSigned",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetInstalledCertificateIds",
    "GetLog",
    "InstallCertificate",
    "LogStatusNotification",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "SignedUpdateFirmware",
}


@pytest.mark.parametrize(
    ("version", "to_csms", "to_station", "both"),
    [
        (Version.V1_2, 9, 9, 0),
        (Version.V1_5, 9, 14, 1),
        (Version.V1_6, 9 + 4, 18 + 7, 1),
        (Version.V2_0_1, 24, 39, 1),
        (Version.V2_1, 36, 54, 1),
    ],
)
def test_a_version_has_its_actions(
    version: Version, to_csms: int, to_station: int, both: int
) -> None:
    count = Counter(action.direction for action in actions(version).values())
    assert count[Direction.TO_CSMS] == to_csms
    assert count[Direction.TO_STATION] == to_station
    assert count[Direction.BOTH] == both


def test_1_6_is_28_core_actions_and_11_of_the_security_extension() -> None:
    names = set(actions(Version.V1_6))
    assert names >= SECURITY_EXTENSION
    assert len(names - SECURITY_EXTENSION) == 28


def test_a_newer_version_of_a_family_has_every_action_of_the_older_one() -> None:
    assert set(actions(Version.V1_2)) < set(actions(Version.V1_5)) < set(actions(Version.V1_6))
    assert set(actions(Version.V2_0_1)) < set(actions(Version.V2_1))


def test_2_1_alone_has_a_send_and_it_has_no_response() -> None:
    sends = [
        action
        for version in Version
        for action in actions(version).values()
        if action.kind is Kind.SEND
    ]
    (send,) = sends
    assert (send.version, send.name) == (Version.V2_1, "NotifyPeriodicEventStream")
    assert send.response is None
    assert send.may_be_sent_by(Role.STATION)
    assert not send.may_be_sent_by(Role.CSMS)


def test_data_transfer_goes_both_ways() -> None:
    action = find(Version.V2_1, "DataTransfer")
    assert action is not None
    assert all(map(action.may_be_sent_by, Role))


@pytest.mark.parametrize("version", list(Version))
def test_types_and_actions_belong_to_each_other(version: Version) -> None:
    names = list(actions(version))
    assert names == sorted(names)
    for name, action in actions(version).items():
        assert action.name == name
        assert action.version is version
        assert issubclass(action.request, Request)
        assert action.request.__name__ == f"{name}Request"
        assert action_of(action.request) is action
        if action.response is not None:
            assert issubclass(action.response, Response)
            assert action.response.__name__ == f"{name}Response"
            assert action_of(action.response) is action


def test_every_block_has_an_action_of_2_1() -> None:
    assert {action.block for action in actions(Version.V2_1).values()} == set(Block)


def test_an_action_is_looked_up_by_its_exact_name() -> None:
    heartbeat = find(Version.V1_2, "Heartbeat")
    assert heartbeat is not None
    assert heartbeat.request is v12.HeartbeatRequest
    assert find(Version.V1_2, "heartbeat") is None
    assert find(Version.V1_2, "GetConfiguration") is None
    assert find(Version.V2_1, "StartTransaction") is None
    assert find(Version.V1_6, "") is None


def test_a_datatype_is_no_message_of_an_action() -> None:
    with pytest.raises(KeyError):
        action_of(v16.IdTagInfo)  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        action_of(Request)
    assert action_of(v21.HeartbeatRequest).name == "Heartbeat"


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        actions(Version.V1_6)["New"] = None  # type: ignore[index]
