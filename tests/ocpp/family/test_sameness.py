"""What is taken over without a walk is what the walk would have said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chargeplane.ocpp import codec, v15, v16, v21, v201
from chargeplane.ocpp.family import Lifted, Lowered, conversion, lift, lower, translate
from chargeplane.ocpp.family.rules import Rules
from chargeplane.ocpp.family.sameness import Step, steps
from chargeplane.ocpp.versions import Version
from tests.ocpp.family.strategies import Message, message_types, messages

COUNT = 12
DOWN_TO = {Version.V1_6: (Version.V1_2, Version.V1_5), Version.V2_1: (Version.V2_0_1,)}


def walked(rules: Rules, source: type, target: type) -> tuple[Step, ...]:
    """The steps without what is known beforehand."""
    return tuple(
        replace(each, is_same=False, words=frozenset(), text_max=-1)
        for each in steps(rules, source, target)
    )


def never(_way: object, _message: Message) -> None:
    """No payload is one of the other version as it stands."""


def said(kind: type[Message], message: Message) -> list[Lifted | Lowered]:
    versions = DOWN_TO.get(version_of(kind), ())
    return [lower(message, version) for version in versions] or [lift(message)]


def version_of(kind: type[Message]) -> Version:
    return next(each for each in Version if f".{each.package}." in kind.__module__)


@pytest.mark.parametrize("version", Version)
def test_every_message_becomes_the_same_with_and_without_the_walk(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [(kind, each) for kind in message_types(version) for each in messages(kind, COUNT)]
    monkeypatch.setattr(translate._Way, "unremarked", never)
    by_steps = [said(*each) for each in given]
    monkeypatch.setattr(conversion, "steps", walked)
    for (kind, message), one in zip(given, by_steps, strict=True):
        assert one == said(kind, message), codec.name_of(kind)


def test_what_both_versions_have_is_known_to_be_the_same_and_what_is_renamed_is_not() -> None:
    rules = translate._RULES[Version.V1_6, Version.V1_5]
    found = {
        each.name: each
        for each in steps(rules, v16.StatusNotificationRequest, v15.StatusNotificationRequest)
    }
    assert found["timestamp"].is_same
    assert not found["connectorId"].is_same  # 1.5 counts up to 2**31 - 1
    assert not found["status"].is_same
    assert found["status"].words == {"Available", "Faulted", "Occupied", "Reserved", "Unavailable"}


def test_a_new_field_makes_a_datatype_another_one() -> None:
    rules = translate._RULES[Version.V2_1, Version.V2_0_1]
    found = {
        each.name: each
        for each in steps(rules, v21.TransactionEventRequest, v201.TransactionEventRequest)
    }
    assert found["seqNo"].is_same
    assert found["costDetails"].new is None
    assert not found["meterValue"].is_same
