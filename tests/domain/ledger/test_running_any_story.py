"""As long as ``Running`` answers, it says what the fold says, whatever is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random

import pytest
from msgspec.structs import replace

from chargeplane.domain.ledger import LedgerEntry, RemarkKind, Running, fold, running
from tests.domain.ledger.stories import faulty, ordinary, pieces
from tests.domain.ledger.telling import frames_of
from tests.soak import cases

STORIES = cases(12_000)
CHUNK = STORIES // 4
Story = Callable[[Random, int], list[LedgerEntry]]
TELLERS: tuple[Story, ...] = (ordinary, faulty, faulty, pieces, pieces, pieces)


def state(running: Running) -> dict[str, object]:
    """All that it remembers."""
    found = {name: getattr(running, name) for name in Running.__slots__}
    return {name: list(each) if isinstance(each, list) else each for name, each in found.items()}


def stories(family: int, seeds: range) -> Iterator[list[LedgerEntry]]:
    for seed in seeds:
        random = Random(f"{family}/{seed}")
        yield TELLERS[seed % len(TELLERS)](random, family)


def taken(kind: type[Running], entries: list[LedgerEntry]) -> int:
    """How many of the entries are taken; asserts that each prefix is what the fold says it is."""
    running = kind.begin(entries[0])
    if running is None:
        return 0
    assert (running.session(frames_of(entries[:1])),) == fold(entries[:1])
    for place, entry in enumerate(entries[1:], 1):
        before = state(running)
        if not running.extend(entry):
            assert state(running) == before
            return place
        so_far = entries[: place + 1]
        assert (running.session(frames_of(so_far)),) == fold(so_far)
    return len(entries)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, STORIES, CHUNK))
@pytest.mark.parametrize("family", [1, 2])
def test_as_long_as_it_answers_it_says_what_the_fold_says(family: int, first: int) -> None:
    lengths = []
    for seed, entries in enumerate(stories(family, range(first, first + CHUNK)), first):
        try:
            lengths.append(taken(Running, entries) / len(entries))
        except AssertionError as error:
            error.add_note(f"family {family}, seed {seed}")
            raise
    # The stories are of use only if many are taken in part.
    assert sum(0 < each < 1 for each in lengths) > CHUNK / 4


@pytest.mark.parametrize("family", [1, 2])
def test_an_ordinary_session_is_taken_from_start_to_end(family: int) -> None:
    told = [ordinary(Random(f"{family}/{seed}"), family) for seed in range(1000)]
    whole = [each for each in told if taken(Running, each) == len(each)]
    assert len(whole) >= 0.99 * len(told)


def test_the_stories_contain_all_that_can_be_odd_about_one_transaction() -> None:
    told = (entries for family in (1, 2) for entries in stories(family, range(1500)))
    seen = {each.kind for entries in told for session in fold(entries) for each in session.remarks}
    assert set(RemarkKind) - seen <= {RemarkKind.SUPERSEDED, RemarkKind.OVERLAPS_NEXT}


@pytest.mark.parametrize("family", [1, 2])
def test_after_a_restart_it_goes_on_as_if_nothing_had_been(family: int) -> None:
    resumed = 0
    for seed, entries in enumerate(stories(family, range(1500))):
        random = Random(seed)
        cut = random.randrange(1, len(entries) + 1)
        whole = Running.begin(entries[0])
        if whole is None or not all(whole.extend(each) for each in entries[1:cut]):
            continue
        again = Running.resume(random.sample(entries[:cut], cut))
        assert again is not None
        assert state(again) == state(whole)
        for each in entries[cut:]:
            assert again.extend(each) == whole.extend(each)
        assert state(again) == state(whole)
        resumed += 1
    assert resumed > 500


@pytest.mark.parametrize("family", [1, 2])
def test_what_is_resumed_is_what_the_fold_says(family: int) -> None:
    """Also where the messages came in an order that was refused."""
    healed = 0
    for seed, entries in enumerate(stories(family, range(1500))):
        found = Running.resume(Random(seed).sample(entries, len(entries)))
        if found is not None:
            assert (found.session(frames_of(entries)),) == fold(entries)
            healed += taken(Running, entries) < len(entries)
    assert healed > 0


class IgnoresGaps(Running):
    __slots__ = ()

    def _is_next(self, entry: LedgerEntry) -> bool:
        last, number = self.seq_no or 0, entry.seq_no or 0
        return super()._is_next(replace(entry, seq_no=last + 1) if number > last else entry)


class IgnoresOffline(Running):
    __slots__ = ()

    def _is_next(self, entry: LedgerEntry) -> bool:
        return super()._is_next(replace(entry, offline=False))


class IgnoresIds(Running):
    __slots__ = ()

    def _is_next(self, entry: LedgerEntry) -> bool:
        return super()._is_next(replace(entry, transaction_id=self.wire_id))


class IgnoresTies(Running):
    __slots__ = ()

    def _is_later_now(self, entry: LedgerEntry) -> bool:
        return True


def tell_all(kind: type[Running], family: int) -> None:
    for entries in stories(family, range(3000)):
        taken(kind, entries)


def assert_caught(kind: type[Running], family: int) -> None:
    with pytest.raises(AssertionError):
        tell_all(kind, family)


@pytest.mark.parametrize("wrong", [IgnoresGaps, IgnoresOffline, IgnoresIds])
def test_the_property_catches_one_that_looks_away(wrong: type[Running]) -> None:
    assert_caught(wrong, 2)


def test_the_property_catches_one_that_takes_a_repetition_for_news() -> None:
    assert_caught(IgnoresTies, 1)


# Each rule that is asked, and what somebody would say who does not look.
LOOKS_AWAY: dict[str, object] = {
    "is_late_end": False,
    "oddities_of_token": [],
    "was_in_kwh": False,
    "follows": True,
    "place_of": 0,
    "put_in_place": None,
    "_goes_on": True,
}


@pytest.mark.parametrize("rule", LOOKS_AWAY)
def test_the_property_catches_a_rule_that_is_left_out(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, rule, lambda *_: LOOKS_AWAY[rule])
    assert_caught(Running, 1)


def test_the_property_catches_one_that_forgets_that_the_clock_may_stand_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "UNTIMED_WH_MAX", Decimal("Infinity"))
    assert_caught(Running, 1)
