"""The states of a reservation: the same for every order in which things are learned."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.csms.reservation.service import (
    Evidence,
    Reservation,
    after,
    is_used_by,
    of_answer,
    of_cancellation,
    of_clock,
    of_status,
    of_use,
)
from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.commands import Accepted, NoAnswer, Outcome, Refused, Unsupported
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    TransactionStarted,
    TransactionUpdated,
)
from chargeplane.domain.reservations import ReservationState as State
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken
from tests.csms.making import NOW, TENANT_ID
from tests.csms.reservation.making import HOUR, booked

MINUTE = timedelta(minutes=1)
FIRST = EvseAddress(1, 1)
STATUS = ConnectorStatus


def folded(*evidence: Evidence) -> Reservation:
    known = booked()
    for each in evidence:
        known = after(known, each)
    return known


def facts(at: datetime) -> dict[str, Any]:
    return {
        "tenant_id": str(TENANT_ID), "station_id": "CP1", "reported_at": at, "received_at": at,
    }  # fmt: skip


def started(
    token: str = "ANNA", evse_id: int = 1, at: datetime = NOW + MINUTE, named: str | None = None
) -> TransactionStarted:
    return TransactionStarted(
        **facts(at),
        transaction_id=str(UUID(int=99)),
        wire_id="5",
        evse=EvseAddress(evse_id, 1),
        id_token=IdToken(token),
        reservation_id=named,
    )


def status(
    now: ConnectorStatus,
    before: ConnectorStatus | None = None,
    evse: EvseAddress = FIRST,
    at: datetime = NOW + MINUTE,
) -> ConnectorStatusChanged:
    return ConnectorStatusChanged(**facts(at), evse=evse, status=now, previous=before)


evidence = st.builds(
    Evidence,
    st.sampled_from(State),
    st.integers(0, 120).map(lambda minutes: NOW + minutes * MINUTE),
    status=st.none(),
    reason=st.none(),
    transaction_id=st.none() | st.integers(1, 3).map(lambda number: UUID(int=number)),
)


@given(st.lists(evidence, max_size=8), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_ends_in_the_same_reservation(
    learned: list[Evidence], random: Random
) -> None:
    again = [*learned, *learned]
    random.shuffle(again)
    assert folded(*again) == folded(*learned)


HELD = of_answer(Accepted(), NOW)
EXPIRED = Evidence(State.EXPIRED, NOW + HOUR)
USED = of_use(started())


@pytest.mark.parametrize(
    ("learned", "state"),
    [
        ((HELD,), State.HELD),
        ((HELD, Evidence(State.REMOVED, NOW)), State.REMOVED),
        ((HELD, EXPIRED, EXPIRED), State.EXPIRED),
        ((HELD, USED, EXPIRED), State.USED),
        ((HELD, USED, Evidence(State.NO_TRANSACTION, NOW)), State.USED),
        ((HELD, Evidence(State.CANCELLED, NOW), Evidence(State.REMOVED, NOW)), State.CANCELLED),
        ((of_answer(NoAnswer(), NOW), EXPIRED), State.EXPIRED),
        ((of_answer(Refused(status="Occupied"), NOW), EXPIRED), State.REFUSED),
    ],
    ids=str,
)
def test_update_before_answer_use_before_update_and_expiry_beside_use(
    learned: tuple[Evidence, ...], state: State
) -> None:
    for order in permutations(learned):
        assert folded(*order).state is state


def test_an_end_has_the_time_of_what_ended_it() -> None:
    assert folded(HELD).ended_at is None
    assert folded(HELD, EXPIRED).ended_at == NOW + HOUR
    known = folded(EXPIRED, USED, HELD)
    assert (known.ended_at, known.transaction_id) == (NOW + MINUTE, UUID(int=99))
    assert known.status == "Accepted"


@pytest.mark.parametrize(
    ("outcome", "state", "told"),
    [
        (Accepted(), State.HELD, ("Accepted", None)),
        (Refused(status="Faulted", reason="why"), State.REFUSED, ("Faulted", "why")),
        (Unsupported(reason="no such message"), State.REFUSED, (None, "no such message")),
        (NoAnswer(reason="silence"), State.REQUESTED, (None, "silence")),
    ],
    ids=["accepted", "refused", "unsupported", "silence"],
)
def test_the_answer_of_the_station_decides(
    outcome: Outcome, state: State, told: tuple[str | None, str | None]
) -> None:
    known = folded(of_answer(outcome, NOW))
    assert (known.state, (known.status, known.reason)) == (state, told)
    assert (known.ended_at is None) is state.is_open


def test_a_station_that_refuses_to_cancel_does_not_hold_it() -> None:
    cancelled = of_cancellation(Accepted(), NOW)
    rejected = of_cancellation(Refused(status="Rejected"), NOW)
    assert cancelled is not None
    assert rejected is not None
    assert folded(HELD, cancelled).state is State.CANCELLED
    assert folded(HELD, rejected).state is State.REMOVED
    for outcome in (NoAnswer(), Refused(status="InternalError"), Unsupported(reason="")):
        assert of_cancellation(outcome, NOW) is None


def test_the_clock_ends_what_nobody_else_has_ended() -> None:
    held = folded(HELD)
    assert of_clock(held, NOW + HOUR - MINUTE) is None
    over = of_clock(held, NOW + 2 * HOUR)
    assert over == EXPIRED
    assert of_clock(folded(HELD, USED), NOW + 2 * HOUR) is None


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (status(STATUS.RESERVED, STATUS.AVAILABLE), State.HELD),
        (status(STATUS.FAULTED), State.REMOVED),
        (status(STATUS.UNAVAILABLE, evse=STATION), State.REMOVED),
        (status(STATUS.AVAILABLE, STATUS.RESERVED), State.REMOVED),
        (status(STATUS.AVAILABLE, STATUS.RESERVED, at=NOW + HOUR - MINUTE), State.EXPIRED),
        (status(STATUS.AVAILABLE, STATUS.CHARGING), None),
        (status(STATUS.PREPARING, STATUS.RESERVED), None),
        (status(STATUS.FAULTED, evse=EvseAddress(2, 1)), None),
        (status(STATUS.RESERVED, evse=STATION), None),
        (status(STATUS.FAULTED, at=NOW - MINUTE), None),
    ],
    ids=str,
)
def test_in_1x_the_status_of_the_connector_tells_the_end(
    event: ConnectorStatusChanged, state: State | None
) -> None:
    found = of_status(booked(), event)
    assert (found and found.state) is state
    assert of_status(booked(family=2), event) is None


def test_a_transaction_that_names_the_reservation_uses_it_whoever_it_is_of() -> None:
    known = booked(state=State.EXPIRED)
    assert is_used_by(known, started("BOB", 2, NOW + 3 * HOUR, named="17"))
    assert not is_used_by(known, started(named="18"))
    later = TransactionUpdated(**facts(NOW), transaction_id=str(UUID(int=99)), reservation_id="17")
    assert is_used_by(known, later)


@pytest.mark.parametrize(
    ("event", "uses"),
    [
        (started("anna"), True),
        (started("BOB"), False),
        (started(evse_id=2), False),
        (started(at=NOW - MINUTE), True),
        (started(at=NOW - 2 * MINUTE), False),
        (started(at=NOW + HOUR + MINUTE), False),
    ],
    ids=["same", "other-token", "other-evse", "clock-behind", "before", "after"],
)
def test_a_start_that_names_none_uses_what_was_reserved_for_its_token(
    event: TransactionStarted, uses: bool
) -> None:
    assert is_used_by(booked(), event) is uses
    assert not is_used_by(booked(state=State.CANCELLED), event)
    anywhere = is_used_by(booked(evse_id=None), event)
    assert anywhere is (uses or event.evse == EvseAddress(2, 1))
