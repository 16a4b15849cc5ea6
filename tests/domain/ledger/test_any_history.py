"""Whatever order, however often, across restarts: the same sessions, and all of the energy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from chargeplane.domain.ledger import LedgerEntry, Session, fold, fold_transaction, scope
from chargeplane.domain.transactions import SessionState
from tests.domain.ledger.histories import FAULTS, History, Told, history
from tests.domain.ledger.telling import DAY, again, kinds
from tests.soak import SOAKING, cases

HISTORIES = cases(10_000)
CHUNK = HISTORIES // 4
Fold = Callable[[Iterable[LedgerEntry]], tuple[Session, ...]]


def facts(sessions: Iterable[Session]) -> list[Session]:
    """What is billed and shown, without the list of frames."""
    return [replace(each, frame_ids=(), repeats=0) for each in sessions]


def outline(sessions: Iterable[Session]) -> list[tuple[Session, set[str]]]:
    """The same without the frames that remarks point to."""
    return [(replace(each, remarks=()), set(map(str, kinds(each)))) for each in facts(sessions)]


def shuffled(entries: list[LedgerEntry], random: Random) -> list[LedgerEntry]:
    return random.sample(entries, len(entries))


def assert_order_and_repetition_do_not_matter(
    fold: Fold, entries: list[LedgerEntry], random: Random
) -> tuple[Session, ...]:
    sessions = fold(entries)
    assert fold(shuffled(entries, random)) == sessions
    repeated = random.choices(entries, k=3)
    sent_again = [again(each, random.uniform(1, 9000), f"x{n}") for n, each in enumerate(repeated)]
    assert facts(fold(shuffled([*entries, *sent_again, *repeated], random))) == facts(sessions)
    return sessions


def assert_lost_messages_may_come_later(
    whole: History, sessions: tuple[Session, ...], random: Random
) -> None:
    """The first sending was lost for some messages; their next one arrives days later."""
    entries = []
    for told in whole.told:
        for each in told.entries:
            late = not told.by_arrival and random.random() < 0.3
            entries.append(again(each, random.uniform(30, 9000)) if late else each)
    assert outline(fold(entries)) == outline(sessions)


def assert_a_restart_does_not_matter(
    entries: list[LedgerEntry], sessions: tuple[Session, ...], random: Random
) -> None:
    """Some are folded, all are written down, read again and folded."""
    some = random.randrange(len(entries) + 1)
    fold(entries[:some])
    stored = msgspec.json.encode(entries[:some]), msgspec.json.encode(entries[some:])
    loaded = [msgspec.json.decode(part, type=list[LedgerEntry]) for part in reversed(stored)]
    assert fold(loaded[0] + loaded[1]) == sessions


def assert_one_can_be_folded_alone(
    entries: list[LedgerEntry], sessions: tuple[Session, ...], random: Random
) -> None:
    session = random.choice(sessions)
    few = scope(entries, session.key)
    assert fold_transaction(few, session.key) == session


def assert_nothing_is_lost(entries: list[LedgerEntry], sessions: tuple[Session, ...]) -> None:
    frames = Counter(frame_id for each in sessions for frame_id in each.frame_ids)
    assert frames == Counter({each.frame_id for each in entries})
    for session in sessions:
        assert session.energy_wh >= 0
        assert session.ended_at is None or session.ended_at >= session.started_at
        assert (session.state is SessionState.ACTIVE) is (session.ended_at is None)


def assert_told_truly(told: Told, sessions: tuple[Session, ...]) -> None:
    frame_id = told.entries[0].frame_id
    (session,) = (each for each in sessions if frame_id in each.frame_ids)
    if told.energy_wh is not None:
        assert session.energy_wh == told.energy_wh
    assert told.remarks <= kinds(session)
    if told.is_over is not None:
        assert (session.state is not SessionState.ACTIVE) is told.is_over
    if told.fault == "none":
        assert not session.remarks


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
@pytest.mark.parametrize("family", [1, 2])
def test_a_history_comes_out_the_same_however_it_is_told(family: int, first: int) -> None:
    for seed in range(first, first + CHUNK):
        random = Random(f"{family}/{seed}")
        whole = history(random, family)
        entries = whole.entries
        try:
            sessions = assert_order_and_repetition_do_not_matter(fold, entries, random)
            assert_nothing_is_lost(entries, sessions)
            for told in whole.told:
                assert_told_truly(told, sessions)
            if SOAKING or seed % 4 == 0:
                assert_lost_messages_may_come_later(whole, sessions, random)
                assert_one_can_be_folded_alone(entries, sessions, random)
            if SOAKING or seed % 20 == 0:
                assert_a_restart_does_not_matter(entries, sessions, random)
        except (AssertionError, ValueError) as error:
            error.add_note(f"family {family}, seed {seed}, {[each.fault for each in whole.told]}")
            raise


@pytest.mark.parametrize("family", [1, 2])
def test_the_histories_contain_every_fault(family: int) -> None:
    seen = {
        told.fault
        for seed in range(500)
        for told in history(Random(f"{family}/{seed}"), family).told
    }
    assert seen == {"none", *(fault.__name__ for fault in FAULTS[family])}


def as_they_come(entries: Iterable[LedgerEntry]) -> tuple[Session, ...]:
    """A wrong fold: the order in which it is given the entries is what it takes for time."""
    return fold(
        replace(
            each,
            received_at=DAY + timedelta(minutes=place),
            reported_at=DAY + timedelta(minutes=place),
            seq_no=None if each.seq_no is None else place,
        )
        for place, each in enumerate(entries)
    )


def by_frame(entries: Iterable[LedgerEntry]) -> tuple[Session, ...]:
    """A wrong fold: only a repeated frame is a repetition."""
    return fold(replace(each, key=each.frame_id) for each in entries)


def last_word_counts(entries: Iterable[LedgerEntry]) -> tuple[Session, ...]:
    """A wrong fold: a repetition replaces what it repeats."""
    return fold({(each.key, each.content_hash): each for each in entries}.values())


@pytest.mark.parametrize("family", [1, 2])
@pytest.mark.parametrize("wrong", [as_they_come, by_frame, last_word_counts])
def test_the_property_catches_a_wrong_fold(wrong: Fold, family: int) -> None:
    caught = 0
    for seed in range(100):
        random = Random(f"{family}/{seed}")
        entries = history(random, family).entries
        try:
            assert_order_and_repetition_do_not_matter(wrong, entries, random)
        except AssertionError:
            caught += 1
    assert caught > 10
