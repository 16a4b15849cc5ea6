"""At most one connection speaks for a station, over every interleaving of what networks do."""

from __future__ import annotations

from random import Random

import pytest

from chargeplane.runtime.ownership import (
    Alarm,
    Claim,
    Close,
    Effect,
    Grant,
    Ownership,
    Ping,
    Refuse,
)
from tests.soak import cases

OLD = Claim("old", "192.0.2.1", "key-a")
AGAIN = Claim("again", "192.0.2.1", "key-a")
ELSEWHERE = Claim("elsewhere", "192.0.2.9", "key-a")
OTHER_KEY = Claim("other-key", "192.0.2.1", "key-b")


def owned() -> Ownership:
    ownership = Ownership(challenge_timeout_s=2.0)
    assert ownership.claim(OLD, 0) == [Grant("old", 1)]
    return ownership


def test_the_first_connection_owns_the_identity_at_once() -> None:
    ownership = owned()
    assert ownership.owner == "old"
    assert ownership.is_current(1)
    assert ownership.deadline is None


def test_a_silent_owner_is_fenced_after_the_challenge() -> None:
    ownership = owned()
    assert ownership.claim(ELSEWHERE, 10) == [Ping("old")]
    assert ownership.deadline == 12
    assert ownership.expire(11.9) == []
    assert ownership.is_current(1)
    assert ownership.expire(12) == [Close("old", 1), Grant("elsewhere", 2)]
    assert not ownership.is_current(1)


def test_an_owner_that_closes_during_the_challenge_makes_way_at_once() -> None:
    ownership = owned()
    ownership.claim(ELSEWHERE, 10)
    assert ownership.closed("old") == [Grant("elsewhere", 2)]


@pytest.mark.parametrize("stranger", [ELSEWHERE, OTHER_KEY])
def test_a_stranger_is_refused_while_the_owner_is_alive_and_an_alarm_is_raised(
    stranger: Claim,
) -> None:
    ownership = owned()
    ownership.claim(stranger, 10)
    refusal, alarm = ownership.pong("old")
    assert isinstance(refusal, Refuse)
    assert alarm == Alarm(stranger, OLD)
    assert ownership.is_current(1)
    assert ownership.deadline is None


def test_the_station_itself_takes_over_although_a_proxy_answers_for_its_old_socket() -> None:
    ownership = owned()
    ownership.claim(AGAIN, 10)
    assert ownership.pong("old") == [Close("old", 1), Grant("again", 2)]


def test_a_late_close_of_the_old_socket_changes_nothing() -> None:
    ownership = owned()
    ownership.claim(AGAIN, 10)
    ownership.expire(12)
    assert ownership.closed("old") == []
    assert ownership.owner == "again"
    assert ownership.pong("old") == []


def test_a_station_in_a_hurry_replaces_its_own_waiting_connection_but_wins_no_time() -> None:
    ownership = owned()
    ownership.claim(ELSEWHERE, 10)
    hurried = Claim("hurried", ELSEWHERE.host, ELSEWHERE.credential)
    (refusal,) = ownership.claim(hurried, 11)
    assert isinstance(refusal, Refuse)
    assert refusal.connection == "elsewhere"
    assert ownership.expire(12) == [Close("old", 1), Grant("hurried", 2)]


def test_a_second_stranger_does_not_push_the_first_aside() -> None:
    ownership = owned()
    ownership.claim(AGAIN, 10)
    refusal, alarm = ownership.claim(ELSEWHERE, 11)
    assert isinstance(refusal, Refuse)
    assert refusal.connection == "elsewhere"
    assert isinstance(alarm, Alarm)
    assert ownership.expire(12) == [Close("old", 1), Grant("again", 2)]


def test_epochs_go_on_where_the_store_says_after_a_restart() -> None:
    assert Ownership(epoch=41).claim(OLD, 0) == [Grant("old", 42)]


class Model:
    """What a node does with the effects, and what must hold after each of them."""

    def __init__(self, ownership: Ownership) -> None:
        self.ownership = ownership
        self.open: dict[str, Claim] = {}
        self.epochs: dict[str, int] = {}
        self.owners: set[str] = set()
        self.refused: set[str] = set()
        self.granted: list[int] = []

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(connection, epoch):
                    assert not self.owners, "two owners"
                    assert connection not in self.refused, "a refused connection came to own"
                    self.owners.add(str(connection))
                    self.epochs[str(connection)] = epoch
                    self.granted.append(epoch)
                case Close(connection, epoch):
                    assert self.epochs[str(connection)] == epoch
                    self.owners.remove(str(connection))
                case Refuse(connection):
                    assert connection not in self.owners, "an owner was refused"
                    self.refused.add(str(connection))
                case Ping(connection):
                    assert connection in self.owners, "a ping for somebody else"
                case Alarm():
                    pass
        current = [c for c, epoch in self.epochs.items() if self.ownership.is_current(epoch)]
        assert set(current) == self.owners
        assert len(self.owners) <= 1
        assert self.granted == sorted(set(self.granted)), "an epoch was granted twice"


def run(seed: int, ownership: Ownership) -> None:
    random = Random(seed)
    model, now, number = Model(ownership), 0.0, 0
    for _ in range(30):
        dice = random.random()
        now += random.choice((0.0, 0.3, 1.0, 2.5))
        if dice < 0.4:
            number += 1
            claim = Claim(f"c{number}", random.choice("ab"), random.choice("xy"))
            model.open[f"c{number}"] = claim
            model.apply(ownership.claim(claim, now))
        elif dice < 0.6 and model.open:
            model.apply(ownership.pong(random.choice(list(model.open))))
        elif dice < 0.8 and model.open:
            closing = random.choice(list(model.open))
            if random.random() < 0.7:
                del model.open[closing]  # otherwise the close is reported once more, later
            model.owners.discard(closing)
            model.apply(ownership.closed(closing))
        else:
            model.apply(ownership.expire(now))
    for connection in [*model.open]:
        model.owners.discard(connection)
        model.apply(ownership.closed(connection))
    model.apply(ownership.expire(now + 10))
    assert ownership.idle


@pytest.mark.soak
def test_no_interleaving_has_two_owners_or_revives_an_old_epoch() -> None:
    for seed in range(cases(100_000)):
        run(seed, Ownership())


class Hasty(Ownership):
    """Grants at once, without a challenge, and forgets to fence the old owner."""

    def claim(self, claim: Claim, now: float) -> list[Effect]:
        return [self._grant(claim)]


def test_the_model_notices_a_wrong_ownership() -> None:
    def runs() -> None:
        for seed in range(100):
            run(seed, Hasty())

    with pytest.raises(AssertionError):
        runs()
