"""Each thing that can be wrong with the messages of a transaction, with exact figures."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest
from msgspec import json
from msgspec.structs import replace

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import UNKNOWN_IDS, LedgerEntry, RemarkKind, fold
from chargeplane.domain.ledger.adoption import AFTER_END_S_MAX, TURNS_BACK_MAX
from chargeplane.domain.metering import BEGIN
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import SessionState, StopReason
from tests.domain.ledger.telling import Station, again, at, kinds, one, register, these

INT64_MAX = 9223372036854775807


def test_an_ordinary_transaction_of_1x_has_no_remarks() -> None:
    cp = Station(1)
    session = one(cp.start(0, 17, 1000), cp.meter(30, 17, 4000), cp.stop(60, 17, 8000))
    assert session.state is SessionState.ENDED
    assert these(session.meter_start_wh, session.meter_stop_wh, session.energy_wh) == (
        1000,
        8000,
        7000,
    )
    assert these(session.started_at, session.ended_at) == (at(0), at(60))
    assert session.stop_reason is StopReason.LOCAL
    assert session.id_token == IdToken("TAG")
    assert session.evse == EvseAddress(1, 1)
    assert session.wire_id == "17"
    assert session.is_complete
    assert not session.remarks


def test_the_same_in_2x_is_the_same_session_but_for_the_family() -> None:
    old, new = Station(1), Station(2)
    first = one(old.start(0, 17, 1000), old.meter(30, 17, 4000), old.stop(60, 17, 8000))
    second = one(
        new.start(0, 17, 1000), new.meter(30, 17, 4000, seq=1), new.stop(60, 17, 8000, seq=2)
    )
    assert replace(second, family=1, key=first.key) == first


def test_a_transaction_that_goes_on_is_active() -> None:
    cp = Station(1)
    session = one(cp.start(0, 17, 1000), cp.meter(30, 17, 4000))
    assert session.state is SessionState.ACTIVE
    assert these(session.ended_at, session.meter_stop_wh, session.energy_wh) == (None, None, 3000)


def test_a_repeated_message_counts_once() -> None:
    cp = Station(2)
    stop = cp.stop(60, "a", 8000, seq=1)
    session = one(
        cp.start(0, "a", 1000), stop, again(stop, 5), replace(again(stop, 9), offline=True)
    )
    assert these(session.energy_wh, session.repeats, len(session.frame_ids)) == (7000, 2, 4)
    assert not session.remarks


def test_a_1x_start_that_is_sent_again_is_the_same_transaction_even_under_another_id() -> None:
    cp = Station(1)
    start = cp.start(0, 17, 1000)
    retry = replace(again(start, 2), transaction_id="18")
    session = one(start, retry, cp.meter(30, 18, 4000), cp.stop(60, 17, 8000))
    assert these(session.wire_id, session.energy_wh, session.repeats) == ("17", 7000, 1)
    assert session.state is SessionState.ENDED


def test_the_id_that_we_answer_is_no_part_of_what_a_1x_start_says() -> None:
    first, second = (Station(1).start(0, wire_id, 1000) for wire_id in (17, None))
    assert (first.key, first.content_hash) == (second.key, second.content_hash)
    ended, again_ended = (Station(1).stop(0, wire_id, 1000) for wire_id in (-1, None))
    assert ended.key == again_ended.key
    assert ended.content_hash != again_ended.content_hash


@pytest.mark.parametrize("family", [1, 2])
def test_an_entry_that_comes_back_from_the_ledger_has_said_the_same(family: int) -> None:
    cp, zone = Station(family), timezone(timedelta(hours=5))
    for told in (cp.start(0, 17, 1000), cp.meter(5, 17, 1500), cp.stop(9, 17, 2000)):
        entry = replace(told, reported_at=told.reported_at.astimezone(zone))
        stored = json.decode(json.encode(entry), type=LedgerEntry)
        assert stored == entry
        assert stored.content_hash == entry.content_hash


def test_tags_that_differ_in_case_are_one_tag() -> None:
    cp = Station(1)
    start = cp.start(0, 17, 1000, tag="abC")
    assert cp.start(0, 17, 1000, tag="ABc").key == start.key


def test_without_a_start_the_session_begins_with_its_first_message() -> None:
    cp = Station(2)
    session = one(cp.meter(30, "a", 4000, seq=4), cp.stop(60, "a", 8000, seq=5))
    assert these(session.started_at, session.meter_start_wh, session.energy_wh) == (
        at(30),
        4000,
        4000,
    )
    assert session.state is SessionState.REPAIRED
    assert not session.is_complete
    assert kinds(session) == {RemarkKind.STARTED_MISSING}


def test_without_an_end_the_next_start_ends_it_at_its_meter_value() -> None:
    cp = Station(1)
    first, second = fold([cp.start(0, 17, 1000), cp.meter(30, 17, 4000), cp.start(90, 18, 4500)])
    assert these(first.state, first.ended_at) == (SessionState.REPAIRED, at(90))
    assert these(first.meter_stop_wh, first.energy_wh) == (4500, 3500)
    assert kinds(first) == {RemarkKind.SUPERSEDED}
    assert second.state is SessionState.ACTIVE


def test_a_meter_that_stood_still_until_the_next_start_shows_when_charging_ended() -> None:
    cp = Station(1)
    first, _ = fold([cp.start(0, 17, 1000), cp.meter(30, 17, 4000), cp.start(9000, 18, 4000)])
    assert these(first.ended_at, first.energy_wh) == (at(30), 3000)


def test_a_next_start_that_counts_from_zero_takes_nothing_away() -> None:
    cp = Station(1)
    first, _ = fold([cp.start(0, 17, 0), cp.meter(30, 17, 4000), cp.start(90, 18, 0)])
    assert these(first.meter_stop_wh, first.energy_wh, first.ended_at) == (4000, 4000, at(30))


def test_a_late_end_replaces_the_presumed_one() -> None:
    cp = Station(1)
    start, late_stop = cp.start(0, 17, 1000), cp.stop(40, 17, 4200, late=5000)
    first, _ = fold([start, cp.meter(30, 17, 4000), cp.start(90, 18, 4500), late_stop])
    assert these(first.state, first.ended_at, first.energy_wh) == (SessionState.ENDED, at(40), 3200)


def test_an_end_days_later_for_loss_of_power_is_kept_and_told() -> None:
    cp = Station(1)
    stop = cp.stop(3 * 1440, 17, 4100, reason=StopReason.POWER_LOSS)
    session = one(cp.start(0, 17, 1000), cp.meter(30, 17, 4000), stop)
    assert these(session.energy_wh, session.stop_reason) == (3100, StopReason.POWER_LOSS)
    assert session.ended_at == at(3 * 1440)
    assert kinds(session) == {RemarkKind.ENDED_LATE}
    assert session.state is SessionState.ENDED


def test_an_end_reported_for_after_the_next_start_takes_none_of_its_energy() -> None:
    cp = Station(1)
    first, second = fold(
        [
            cp.start(0, 17, 1000),
            cp.meter(30, 17, 4000),
            cp.start(60, 18, 4100),
            cp.stop(120, 18, 9000),
            cp.stop(180, 17, 9000, reason=StopReason.POWER_LOSS),
        ]
    )
    assert these(first.energy_wh, first.ended_at) == (3100, at(60))
    assert kinds(first) == {RemarkKind.OVERLAPS_NEXT}
    assert these(second.energy_wh, second.state) == (4900, SessionState.ENDED)


def test_the_order_of_arrival_does_not_matter() -> None:
    cp = Station(1)
    start, meter = cp.start(0, 17, 1000, late=300), cp.meter(30, 17, 4000, late=200)
    session = one(cp.stop(60, 17, 8000), meter, start)
    assert these(session.energy_wh, session.started_at) == (7000, at(0))
    assert session.state is SessionState.ENDED


def test_a_number_that_comes_twice_is_kept_twice_and_the_first_counts() -> None:
    cp = Station(2)
    start = cp.start(0, "a", 1000)
    second = cp.meter(1, "a", 1100, seq=0)
    session = one(start, second, cp.stop(60, "a", 8000, seq=1))
    assert session.energy_wh == 7000
    assert kinds(session) == {RemarkKind.CONTRADICTION}
    assert session.remarks[0].frame_ids == (start.frame_id, second.frame_id)
    assert len(session.frame_ids) == 3


def test_two_different_ends_of_one_transaction_do_not_change_the_bill_silently() -> None:
    cp = Station(1)
    stop = cp.stop(60, 17, 8000)
    other = cp.stop(61, 17, 9500)
    for entries in ([stop, other], [other, stop]):
        session = one(cp.start(0, 17, 1000), *entries)
        assert these(session.energy_wh, session.ended_at) == (7000, at(60))
        assert kinds(session) == {RemarkKind.CONTRADICTION}
        assert session.state is SessionState.REPAIRED


def test_two_ends_with_different_numbers_are_told() -> None:
    cp = Station(2)
    session = one(
        cp.start(0, "a", 1000), cp.stop(60, "a", 8000, seq=1), cp.stop(70, "a", 8100, seq=2)
    )
    assert these(session.energy_wh, session.ended_at) == (7000, at(60))
    assert kinds(session) == {RemarkKind.ENDED_AGAIN}


def test_two_starts_with_different_numbers_are_told() -> None:
    cp = Station(2)
    session = one(
        cp.start(0, "a", 1000, seq_no=0),
        cp.start(5, "a", 1500, seq_no=1),
        cp.stop(60, "a", 8000, seq=2),
    )
    assert these(session.energy_wh, session.started_at) == (7000, at(0))
    assert kinds(session) == {RemarkKind.STARTED_AGAIN}


def test_a_gap_in_the_numbers_is_told_and_the_first_number_may_be_any() -> None:
    cp = Station(2)
    start, stop = cp.start(0, "a", 1000, seq_no=40), cp.stop(60, "a", 8000, seq=42)
    session = one(start, stop)
    assert these(session.is_complete, session.energy_wh) == (False, 7000)
    assert kinds(session) == {RemarkKind.SEQUENCE_GAP}
    assert session.state is SessionState.ENDED
    assert one(start, stop, cp.meter(30, "a", 4000, seq=41)).is_complete


def test_offline_messages_are_told_and_change_nothing() -> None:
    cp = Station(2)
    session = one(
        cp.start(0, "a", 1000),
        cp.meter(30, "a", 4000, seq=1, late=2000, offline=True),
        cp.stop(60, "a", 8000, seq=2, late=2000, offline=True),
    )
    assert these(session.energy_wh, session.ended_at) == (7000, at(60))
    assert these(kinds(session), session.state) == ({RemarkKind.OFFLINE}, SessionState.ENDED)


@pytest.mark.parametrize("wire_id", [None, 0, -1, INT64_MAX, 4711])
def test_messages_with_an_unknown_id_find_their_transaction(wire_id: int | None) -> None:
    cp = Station(1)
    session = one(
        cp.start(0, 17, 1000),
        cp.meter(30, wire_id, 4000),
        cp.stop(60, wire_id, 8000, tag="tag"),
    )
    assert these(session.energy_wh, session.wire_id, session.ended_at) == (7000, "17", at(60))
    assert kinds(session) == {RemarkKind.ADOPTED}


def test_the_id_token_tells_which_of_two_connectors_an_unknown_end_is_of() -> None:
    cp = Station(1)
    left, right = fold(
        [
            cp.start(0, 17, 1000, evse=1, tag="LEFT"),
            cp.start(1, 18, 1000, evse=2, tag="RIGHT"),
            cp.stop(60, -1, 8000, tag="LEFT"),
        ]
    )
    assert these(left.energy_wh, left.state) == (7000, SessionState.REPAIRED)
    assert right.state is SessionState.ACTIVE


def test_the_meter_tells_if_both_connectors_were_started_with_one_token() -> None:
    cp = Station(1)
    starts = [cp.start(0, 17, 900_000, evse=1), cp.start(1, 18, 1000, evse=2)]
    left, right = fold([*starts, cp.stop(60, -1, 8000, tag="TAG")])
    assert these(left.state, right.energy_wh) == (SessionState.ACTIVE, 7000)


def test_an_unknown_end_without_a_token_is_not_guessed_between_two() -> None:
    cp = Station(1)
    starts = [cp.start(0, 17, 1000, evse=1), cp.start(1, 18, 1000, evse=2)]
    sessions = fold([*starts, cp.stop(60, -1, 8000)])
    assert [each.state for each in sessions[:2]] == [SessionState.ACTIVE, SessionState.ACTIVE]
    assert these(sessions[2].is_orphan, sessions[2].energy_wh) == (True, 0)


def test_an_older_transaction_whose_end_is_lost_does_not_make_the_next_one_doubtful() -> None:
    cp = Station(1)
    starts = [cp.start(0, 17, 1000), cp.start(30, 18, 3000)]
    lost, ended = fold([*starts, cp.stop(60, -1, 8000)])
    assert these(lost.energy_wh, ended.energy_wh, ended.ended_at) == (2000, 5000, at(60))
    assert kinds(ended) == {RemarkKind.ADOPTED}


def test_an_unknown_end_that_tells_of_its_begin_is_of_the_transaction_that_began_so() -> None:
    cp = Station(1)
    starts = [cp.start(0, 17, 1000, evse=1), cp.start(1, 18, 1000, evse=2)]
    begin = register(1, 1000, context=BEGIN)
    left, right = fold([*starts, cp.stop(60, -1, 8000, begin)])
    assert these(left.state, right.energy_wh) == (SessionState.ACTIVE, 7000)
    assert kinds(right) == {RemarkKind.ADOPTED}


@pytest.mark.parametrize(("turns", "found"), [(TURNS_BACK_MAX - 1, True), (TURNS_BACK_MAX, False)])
def test_an_unknown_end_is_looked_for_so_many_transactions_back(turns: int, found: bool) -> None:
    cp = Station(1)
    entries = [cp.start(0, 17, 1000, tag="MINE")]
    for n in range(turns):
        entries += [cp.start(100 + n * 10, 100 + n, 5000), cp.stop(105 + n * 10, 100 + n, 5000)]
    sessions = fold([*entries, cp.stop(9000, -1, 4000, tag="MINE")])
    assert any(each.is_orphan for each in sessions) is not found


@pytest.mark.parametrize(
    ("seconds", "taken"), [(AFTER_END_S_MAX, True), (AFTER_END_S_MAX + 1, False)]
)
def test_a_meter_value_without_an_id_may_come_so_long_after_the_end(
    seconds: int, taken: bool
) -> None:
    cp = Station(1)
    entries = [cp.start(0, 17, 1000), cp.stop(60, 17, 8000)]
    sessions = fold([*entries, cp.meter(60 + seconds / 60, 0, 8001)])
    assert (len(sessions) == 1) is taken


def test_what_fits_nowhere_stands_alone_and_keeps_its_energy() -> None:
    cp = Station(1)
    session = one(cp.meter(0, 0, 1000), cp.meter(30, 0, 4000), cp.meter(31, INT64_MAX, 4100))
    assert these(session.is_orphan, session.energy_wh) == (True, 3100)
    assert kinds(session) == {RemarkKind.ORPHAN}
    stopped = one(cp.meter(0, 99, 1000), cp.stop(60, 99, 8000, tag="TAG"))
    assert these(stopped.energy_wh, stopped.state) == (7000, SessionState.REPAIRED)


def test_the_main_meter_of_a_station_is_taken_for_no_transaction() -> None:
    cp = Station(1)
    session, orphan = fold([cp.start(0, 17, 1000), cp.meter(10, 0, 90_000_000, evse=0)])
    assert these(session.energy_wh, orphan.is_orphan) == (0, True)


def test_a_start_that_comes_late_gives_orphans_a_home() -> None:
    cp = Station(1)
    orphans = [cp.meter(30, 0, 4000), cp.stop(60, -1, 8000, tag="TAG")]
    assert all(each.is_orphan for each in fold(orphans))
    session = one(*orphans, cp.start(0, 17, 1000, late=500))
    assert these(session.energy_wh, len(session.frame_ids)) == (7000, 3)


def test_who_knows_the_id_of_a_transaction_does_not_use_another() -> None:
    cp = Station(1)
    entries = [cp.start(0, 17, 1000), cp.meter(30, 17, 4000)]
    session, stranger = fold([*entries, cp.meter(40, 99, 5000), cp.stop(60, 99, 8000, tag="TAG")])
    assert these(session.state, session.energy_wh) == (SessionState.ACTIVE, 3000)
    assert these(stranger.is_orphan, stranger.energy_wh) == (True, 3000)


def test_meter_values_alone_are_not_taken_from_a_stranger_either() -> None:
    cp = Station(1)
    entries = [cp.start(0, 17, 1000), cp.meter(30, 17, 4000)]
    session, stranger = fold([*entries, cp.meter(40, 99, 90_000)])
    assert these(session.energy_wh, stranger.is_orphan) == (3000, True)


def test_the_first_message_of_an_unknown_id_says_whose_turn_it_was() -> None:
    cp = Station(1)
    entries = [
        cp.start(0, 17, 1000),
        cp.meter(30, 99, 4000),
        cp.start(50, 18, 8000),
        cp.stop(60, 99, 8000, tag="TAG"),
    ]
    for order in permutations(entries):
        first, second = fold(order)
        assert these(first.energy_wh, first.evse, len(first.frame_ids)) == (7000, second.evse, 3)
        assert second.state is SessionState.ACTIVE


def test_nobody_is_billed_for_a_transaction_in_between_whose_start_is_missing() -> None:
    cp = Station(2)
    first, between, _ = fold(
        [
            cp.start(0, "a", 1000),
            cp.meter(30, "a", 4000, seq=1),
            cp.meter(60, "b", 4000, seq=1),
            cp.stop(90, "b", 9000, seq=2),
            cp.start(120, "c", 9000),
        ]
    )
    assert these(first.energy_wh, first.ended_at) == (3000, at(30))
    assert these(between.energy_wh, kinds(between)) == (5000, {RemarkKind.STARTED_MISSING})


def test_two_connectors_at_once_are_two_sessions() -> None:
    cp = Station(1)
    left, right = fold(
        [
            cp.start(0, 17, 1000, evse=1),
            cp.start(1, 18, 500, evse=2),
            cp.meter(30, 17, 4000, evse=1),
            cp.meter(30, 18, 900, evse=2),
            cp.stop(60, 17, 8000),
            cp.stop(61, 18, 1500),
        ]
    )
    assert these(left.energy_wh, right.energy_wh) == (7000, 1000)
    assert these(left.remarks, right.remarks) == ((), ())


def test_meter_values_after_the_end_do_not_reopen_the_session() -> None:
    cp = Station(1)
    for wire_id in (17, 0):
        session = one(cp.start(0, 17, 1000), cp.stop(60, 17, 8000), cp.meter(61, wire_id, 8003))
        assert these(session.energy_wh, session.ended_at) == (7000, at(60))
        assert RemarkKind.AFTER_END in kinds(session)


@pytest.mark.parametrize("year", [1970, 2222])
def test_a_time_that_cannot_be_is_replaced_by_the_arrival(year: int) -> None:
    cp = Station(1)
    clock = datetime(year, 1, 1, tzinfo=UTC)
    start = cp.start(0, 17, 1000, clock=clock)
    session = one(start, cp.meter(30, 17, 4000), cp.stop(60, 17, 8000))
    assert these(session.started_at, session.energy_wh) == (start.received_at, 7000)
    assert kinds(session) == {RemarkKind.TIME_REPLACED}


def test_without_a_clock_two_sessions_of_a_driver_are_not_one() -> None:
    cp = Station(1)
    clock = datetime(1970, 1, 1, tzinfo=UTC)
    first, second = fold(
        [
            cp.start(0, 17, 0, clock=clock),
            cp.stop(60, 17, 5000, clock=clock),
            cp.start(200, 18, 0, clock=clock),
            cp.stop(260, 18, 6000, clock=clock),
        ]
    )
    assert these(first.energy_wh, second.energy_wh) == (5000, 6000)


def test_a_clock_that_jumps_back_loses_no_energy() -> None:
    cp = Station(2)
    jumped = at(30) - timedelta(hours=3)
    session = one(
        cp.start(0, "a", 1000),
        cp.meter(20, "a", 3000, seq=1),
        cp.meter(30, "a", 4000, seq=2, clock=jumped),
        cp.stop(60, "a", 8000, seq=3, clock=at(60) - timedelta(hours=3)),
    )
    assert session.energy_wh == 7000
    assert kinds(session) == {RemarkKind.CLOCK_JUMPED}
    assert session.ended_at is not None
    assert session.ended_at >= session.started_at


def test_a_cut_or_missing_token_is_told() -> None:
    cp = Station(1)
    cut = one(cp.start(0, 17, 0, tag="ABCDEFGHIJKLMNOPQRS…"), cp.stop(9, 17, 0))
    empty = one(cp.start(0, 18, 0, tag=""), cp.stop(9, 18, 0))
    assert these(kinds(cut), kinds(empty)) == ({RemarkKind.TOKEN_CUT}, {RemarkKind.TOKEN_UNKNOWN})


def test_stations_and_tenants_never_mix() -> None:
    entry = Station(1).start(0, 17, 1000)
    others = [
        Station(1, "CP-2").stop(60, 17, 8000),
        replace(entry, tenant_id="t2", frame_id="x"),
    ]
    assert len(fold([entry, *others])) == 3


def test_all_ids_that_say_unknown_are_unknown() -> None:
    assert all(Station(1).stop(0, each).known_id is None for each in UNKNOWN_IDS)


@pytest.mark.parametrize("family", [1, 2])
def test_a_time_is_the_same_in_every_zone(family: int) -> None:
    start, end = Station(family).start(0, 17, 1000), Station(family).stop(9, None, 1000)
    for entry in (start, end):
        elsewhere = entry.reported_at.astimezone(timezone(timedelta(hours=5)))
        same = replace(entry, reported_at=elsewhere, key="")
        assert (same.key, same.content_hash) == (entry.key, entry.content_hash)
