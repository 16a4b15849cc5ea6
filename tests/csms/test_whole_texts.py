"""Texts that were too long for their message, as blocks see them."""

from __future__ import annotations

from chargeplane.csms.contract import Heard
from chargeplane.csms.token_info import TOKEN_LENGTH_MAX, token_of_1x, token_of_2x
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.tolerance import Repair
from chargeplane.runtime.store import new_id
from tests.csms.making import NOW, station


def heard(*repairs: Repair) -> Heard:
    return Heard(station(), v16.HeartbeatRequest(), new_id(), NOW, repairs=repairs)


def test_a_text_that_was_cut_is_whole_again() -> None:
    other = Repair("too-long", "$.info", "i" * 60, "i" * 50)
    about = heard(other, Repair("too-long", "$.idTag", "A" * 21, "A" * 20))
    assert about.whole("$.idTag", "A" * 20) == "A" * 21


def test_a_text_that_was_not_cut_is_what_it_is() -> None:
    assert heard(Repair("number-for-string", "$.idTag", 12, "12")).whole("$.idTag", "12") == "12"
    assert heard().whole("$.idTag", "B") == "B"


def test_a_token_without_end_is_marked_as_cut() -> None:
    assert not token_of_1x("A" * TOKEN_LENGTH_MAX).is_cut
    assert token_of_1x("A" * (TOKEN_LENGTH_MAX + 1)).is_cut


def test_a_whole_token_of_2x_keeps_its_type() -> None:
    token = token_of_2x(v21.IdTokenType(id_token="B" * 36, type="Central"), "B" * 40)
    assert (token.value, token.type) == ("B" * 40, "Central")
