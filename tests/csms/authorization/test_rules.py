"""Whether a token of the table may charge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.csms.authorization.service import decide
from chargeplane.domain.tokens import IdToken, TokenStatus
from tests.csms.authorization.making import token
from tests.csms.making import NOW

SECOND = timedelta(seconds=1)
RFID = IdToken("abc", "ISO14443")


def status(presented: IdToken = RFID, **facts: Any) -> TokenStatus:
    return decide(token(**facts), presented, "CP1", NOW)


def test_an_accepted_token_may_charge_however_it_is_spelled() -> None:
    assert status() is TokenStatus.ACCEPTED
    assert status(IdToken("AbC", "iso14443")) is TokenStatus.ACCEPTED


def test_a_tag_of_1x_is_a_token_of_any_type() -> None:
    assert status(IdToken("ABC")) is TokenStatus.ACCEPTED


def test_a_token_of_another_type_is_another_token() -> None:
    assert status(IdToken("ABC", "eMAID")) is TokenStatus.INVALID


def test_a_token_that_we_named_central_ourselves_is_the_one_of_the_table() -> None:
    assert status(IdToken("ABC", "Central")) is TokenStatus.ACCEPTED


@pytest.mark.parametrize("kept", [TokenStatus.BLOCKED, TokenStatus.INVALID, TokenStatus.NO_CREDIT])
def test_what_the_operator_decided_counts(kept: TokenStatus) -> None:
    assert status(status=kept) is kept


def test_a_token_expires_at_the_moment_that_it_names() -> None:
    assert status(expires_at=NOW + SECOND) is TokenStatus.ACCEPTED
    assert status(expires_at=NOW) is TokenStatus.EXPIRED


def test_a_blocked_token_is_blocked_even_if_it_has_expired() -> None:
    assert status(status=TokenStatus.BLOCKED, expires_at=NOW - SECOND) is TokenStatus.BLOCKED


def test_a_token_of_other_stations_may_not_charge_here() -> None:
    assert status(station_ids=frozenset({"CP2"})) is TokenStatus.NOT_AT_THIS_LOCATION
    assert status(station_ids=frozenset({"CP1", "CP2"})) is TokenStatus.ACCEPTED


@given(
    st.sampled_from(list(TokenStatus)),
    st.sampled_from(["", "ISO14443", "eMAID", "Central"]),
    st.sampled_from([None, NOW - SECOND, NOW + SECOND]),
    st.sampled_from([None, frozenset({"CP1"}), frozenset({"CP2"})]),
)
def test_nothing_but_the_whole_of_the_rules_accepts_a_token(
    kept: TokenStatus, type_: str, expires_at: Any, station_ids: Any
) -> None:
    decided = status(
        IdToken("ABC", type_), status=kept, expires_at=expires_at, station_ids=station_ids
    )
    may = (
        kept is TokenStatus.ACCEPTED
        and type_ != "eMAID"
        and expires_at != NOW - SECOND
        and station_ids != frozenset({"CP2"})
    )
    assert (decided is TokenStatus.ACCEPTED) == may
