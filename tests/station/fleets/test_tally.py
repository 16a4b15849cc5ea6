"""The counting of what a fleet does."""

from __future__ import annotations

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.station import Station, Tally
from chargeplane.station.fleets.tally import EXAMPLE_CHARS_MAX, KINDS_MAX
from chargeplane.station.signals import (
    Cause,
    Disconnected,
    MessageDropped,
    NotReached,
    Online,
    Registered,
    Signal,
    TokenDecided,
    TransactionEnded,
    TransactionStarted,
)
from chargeplane.station.signals.traffic import (
    CommandAnswered,
    FrameMalformed,
    RequestEnded,
    RequestEnding,
)


def told(*signals: Signal, tally: Tally | None = None, who: str = "CP1") -> Tally:
    """A tally that has followed one more station, to which this happened."""
    tally = tally or Tally()
    station = Station(who, url="ws://127.0.0.1:9/ocpp", version="1.6")
    tally.follow(station)
    for signal in signals:
        station.core.hub.tell(signal)
    return tally


def test_stations_in_service_are_counted_with_the_most_and_those_that_came_again() -> None:
    tally = told(Registered("Accepted", 300), Online())
    told(Online(), Disconnected(), Online(), Disconnected(), tally=tally, who="CP2")
    assert (tally.online, tally.online_most, tally.boots, tally.reconnects) == (1, 2, 1, 1)
    assert not tally.faults
    assert not tally.never_online("CP2")
    assert tally.never_online("CP3")


def test_transactions_are_counted_with_their_energy() -> None:
    ended = TransactionEnded(1, "t", Cause.LOCAL_STOP, 5_500)
    tally = told(TransactionStarted(1, "t"), ended, TransactionStarted(1, "u"))
    assert (tally.started, tally.ended, tally.energy_wh) == (2, 1, 5_500)


def test_messages_are_counted_by_how_they_ended() -> None:
    answered = RequestEnded("Heartbeat", RequestEnding.ANSWERED)
    lost = RequestEnded("Heartbeat", RequestEnding.LOST)
    commands = (CommandAnswered("Reset"), CommandAnswered("Dance", "NotImplemented"))
    tally = told(answered, answered, lost, *commands)
    assert tally.answers == {"answered": 2, "lost": 1}
    assert tally.commands == {"answered": 1, "NotImplemented": 1}
    assert tally.messages == 5
    assert not tally.faults


@pytest.mark.parametrize(
    ("signal", "kind", "example"),
    [
        (NotReached("[Errno 111]"), "no connection", "CP1: [Errno 111]"),
        (NotReached("401: who are you", 401), "refused with 401", "CP1: 401: who are you"),
        (Disconnected("1011: bug"), "connection lost", "CP1: 1011: bug"),
        (Registered("Rejected", 60), "registration rejected", "CP1: again in 60 s"),
        (TokenDecided(IdToken("A"), False, "Invalid"), "token refused: Invalid", "CP1: A"),
        (MessageDropped("MeterValues"), "message given up", "CP1: MeterValues"),
        (FrameMalformed("GenericError", "["), "malformed frame: GenericError", "CP1: ["),
        (
            RequestEnded("Authorize", RequestEnding.REFUSED, "InternalError", "sorry"),
            "Authorize refused (InternalError)",
            "CP1: sorry",
        ),
        (
            RequestEnded("Authorize", RequestEnding.TIMED_OUT),
            "Authorize timed out",
            "CP1: no more was said",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and not value.startswith("CP1") else "",
)
def test_an_error_has_a_kind_and_an_example(signal: Signal, kind: str, example: str) -> None:
    tally = told(signal)
    told(signal, tally=tally, who="CP2")
    (fault,) = tally.faults
    assert (fault.kind, fault.example, fault.count) == (kind, example, 2)


@pytest.mark.parametrize("status", ["ConcurrentTx", "offline"])
def test_a_driver_who_charges_elsewhere_or_finds_no_network_is_no_error(status: str) -> None:
    tally = told(TokenDecided(IdToken("A"), False, status))
    assert tally.tokens == {status: 1}
    assert not tally.faults


def test_kinds_and_examples_are_bounded() -> None:
    tally = Tally()
    for number in range(KINDS_MAX + 50):
        tally.note(f"kind {number}", "CP1", "x" * 1_000)
    assert len(tally.faults) == KINDS_MAX + 1
    assert tally.faults[0].kind == "other errors"
    assert tally.faults[0].count == 50
    assert len(tally.faults[0].example) == EXAMPLE_CHARS_MAX
