"""Lifting and lowering, tried on generated messages of every type of every version."""

from __future__ import annotations

import pytest

from chargeplane.ocpp import codec
from chargeplane.ocpp.family import Lowered, lift, lower
from chargeplane.ocpp.versions import Version
from tests.ocpp.family.strategies import Message, message_types, messages

COUNT = 48
OLDER = (Version.V1_2, Version.V1_5, Version.V2_0_1)
DOWN = [
    (kind, version)
    for newest, version in (
        (Version.V1_6, Version.V1_2),
        (Version.V1_6, Version.V1_5),
        (Version.V2_1, Version.V2_0_1),
    )
    for kind in message_types(newest)
]


def older_version(kind: type[Message]) -> Version:
    return next(version for version in OLDER if f".{version.package}." in kind.__module__)


@pytest.mark.parametrize("kind", message_types(*OLDER), ids=codec.name_of)
def test_an_older_message_is_lifted_and_what_has_no_remark_comes_back(kind: type[Message]) -> None:
    version = older_version(kind)
    for message in messages(kind, COUNT):
        lifted = lift(message)
        codec.encode(lifted.message)
        lowered = lower(lifted.message, version)
        if not lifted.remarks:
            assert lowered == Lowered(message)


@pytest.mark.parametrize(
    ("kind", "version"), DOWN, ids=[f"{codec.name_of(kind)}-{version}" for kind, version in DOWN]
)
def test_a_newest_message_is_lowered_or_its_losses_are_told(
    kind: type[Message], version: Version
) -> None:
    for message in messages(kind, COUNT):
        lowered = lower(message, version)
        if lowered.message is None:
            assert lowered.losses
            continue
        codec.encode(lowered.message)
        assert type(lowered.message).__name__ == kind.__name__
        if not lowered.losses:
            assert lift(lowered.message).message == message


@pytest.mark.parametrize("kind", message_types(Version.V1_6, Version.V2_1), ids=codec.name_of)
def test_a_newest_message_is_its_own_lifting(kind: type[Message]) -> None:
    for message in messages(kind, 2):
        assert lift(message).message is message
