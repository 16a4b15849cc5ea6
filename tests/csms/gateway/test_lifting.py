"""What we say, in the words of the station's version."""

from contextlib import suppress
from typing import Any

import pytest

from chargeplane.csms.gateway.lifting import lowered
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.catalogue import actions
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.family import lower
from chargeplane.ocpp.versions import Version


def empty_messages(newest: Version) -> list[Any]:
    """All messages that can be sent without a field."""
    made: list[Any] = []
    for action in actions(newest).values():
        for kind in filter(None, (action.request, action.response)):
            with suppress(TypeError):  # it must have some
                made.append(kind())
    return made


@pytest.mark.parametrize("version", list(Version))
def test_an_empty_message_is_lowered_as_every_other(version: Version) -> None:
    messages = empty_messages(version.newest_of_family)
    assert messages
    for message in messages:
        expected = lower(message, version).message
        for _ in range(2):
            if expected is None:
                with pytest.raises(LocalError):
                    lowered(message, version)
            else:
                assert lowered(message, version) == expected


def test_a_message_with_fields_is_not_taken_for_an_empty_one() -> None:
    lowered(v21.TransactionEventResponse(), Version.V2_0_1)
    priced = v21.TransactionEventResponse(total_cost=1.5)
    assert lowered(priced, Version.V2_0_1).total_cost == 1.5
    assert lowered(v16.HeartbeatRequest(), Version.V1_6) == v16.HeartbeatRequest()
