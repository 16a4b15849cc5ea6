"""Commands have the names and fields of the REST routes, and outcomes are values."""

import msgspec
import pytest

from chargeplane.domain import commands
from chargeplane.domain.commands import (
    COMMANDS,
    Accepted,
    Command,
    NoAnswer,
    Outcome,
    Refused,
    Reset,
    ResetType,
    StartCharging,
    Unsupported,
)
from chargeplane.domain.tokens import IdToken


def test_the_names_are_those_of_the_routes() -> None:
    assert set(COMMANDS) == set(
        "start-charging stop-charging reset unlock-connector change-availability trigger-message "
        "get-variables set-variables get-base-report get-report clear-cache data-transfer "
        "reserve cancel-reservation get-log update-firmware "
        "install-certificate delete-certificate get-installed-certificate-ids raw".split()
    )
    assert all(issubclass(each, Command) for each in COMMANDS.values())
    assert commands.name_of(StartCharging) == "start-charging"


def test_a_command_is_read_from_the_body_of_a_request() -> None:
    body = {"id_token": {"value": "ABC"}, "evse_id": 1}
    start = msgspec.convert(body | {"command": "start-charging"}, COMMANDS["start-charging"])
    assert start == StartCharging(id_token=IdToken("ABC"), evse_id=1)
    assert msgspec.convert(body, StartCharging) == start


def test_a_field_that_a_command_lacks_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="evse_number"):
        msgspec.convert({"evse_number": 1}, Reset)


def test_a_reset_waits_unless_it_is_told_not_to() -> None:
    assert Reset().type is ResetType.ON_IDLE
    assert msgspec.convert({"type": "immediate"}, Reset).type is ResetType.IMMEDIATE


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Accepted(response={"status": "Accepted"}), "accepted"),
        (Refused(status="Rejected", reason="Occupied"), "refused"),
        (Unsupported(reason="1.2 cannot."), "unsupported"),
        (NoAnswer(), "no_answer"),
    ],
)
def test_an_outcome_is_written_with_its_word(outcome: Outcome, word: str) -> None:
    written = msgspec.json.encode(outcome)
    assert msgspec.json.decode(written)["outcome"] == word
    assert msgspec.json.decode(written, type=Outcome) == outcome
