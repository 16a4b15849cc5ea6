"""Each thing that can be wrong with a meter, with exact figures."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from chargeplane.domain.ledger import LedgerEntry, RemarkKind, Session
from chargeplane.domain.ledger.measuring import WIDTHS_WH
from chargeplane.domain.metering import BEGIN, END, ENERGY_INTERVAL
from chargeplane.domain.transactions import SessionState
from tests.domain.ledger.telling import Number, Station, kinds, one, power, register, these


def charged(start: Number | None, samples: list[Number], stop: Number | None) -> Session:
    """A session of 1.x with a sample every ten minutes."""
    cp = Station(1)
    entries: list[LedgerEntry] = [cp.start(0, 17, start)]
    entries += [cp.meter(10 * n, 17, value) for n, value in enumerate(samples, 1)]
    return one(*entries, cp.stop(10 * len(samples) + 10, 17, stop))


def figures(session: Session) -> tuple[object, ...]:
    return session.meter_start_wh, session.meter_stop_wh, session.energy_wh


@pytest.mark.parametrize("width_wh", WIDTHS_WH)
def test_a_register_that_rolls_over_goes_on(width_wh: Decimal) -> None:
    width = int(width_wh)
    session = charged(width - 2500, [width - 1000, 500], 1500)
    assert figures(session) == (width - 2500, 1500, 4000)
    assert kinds(session) == {RemarkKind.ROLLED_OVER}


def test_a_register_that_is_reset_adds_both_parts() -> None:
    session = charged(15_000, [17_000, 19_000, 800, 2500], 4000)
    assert figures(session) == (15_000, 4000, 8000)
    assert kinds(session) == {RemarkKind.METER_RESET}


def test_a_register_that_is_reset_at_every_reboot_adds_all_parts() -> None:
    session = charged(0, [3000, 6000, 100, 3000, 50], 2000)
    assert session.energy_wh == 6000 + 3000 + 2000


def test_a_meter_that_is_exchanged_does_not_bring_its_past_along() -> None:
    session = charged(15_000_000, [15_002_000, 6_000_000, 6_001_000], 6_002_000)
    assert these(session.energy_wh, kinds(session)) == (4000, {RemarkKind.METER_RESET})


def test_a_meter_that_goes_backwards_takes_nothing_away() -> None:
    session = charged(15_000, [17_000, 16_990, 18_000, 17_980], 19_000)
    assert figures(session) == (15_000, 19_000, 4000)
    assert kinds(session) == {RemarkKind.METER_BACKWARDS}


def test_an_end_below_the_last_sample_is_no_negative_energy() -> None:
    session = charged(15_000, [17_000], 16_500)
    assert these(session.energy_wh, kinds(session)) == (2000, {RemarkKind.METER_BACKWARDS})


def test_a_single_dip_is_no_reset() -> None:
    session = charged(15_000, [17_000, 0, 18_000], 19_000)
    assert these(session.energy_wh, kinds(session)) == (4000, {RemarkKind.METER_BACKWARDS})


def test_samples_that_count_from_the_start_of_the_session_are_told_apart() -> None:
    session = charged(15_000, [50, 2000], 19_000)
    assert figures(session) == (15_000, 19_000, 4000)
    assert kinds(session) == {RemarkKind.REGISTER_RELATIVE}


def test_samples_of_the_session_make_up_for_an_unknown_end() -> None:
    session = charged(15_000, [50, 2000], -1)
    assert figures(session) == (15_000, 17_000, 2000)
    assert kinds(session) == {
        RemarkKind.REGISTER_RELATIVE,
        RemarkKind.METER_STOP_MISSING,
        RemarkKind.READING_UNREADABLE,
    }


def test_a_register_of_the_session_alone_is_as_good_as_any() -> None:
    session = charged(0, [50, 2000], 4000)
    assert these(figures(session), session.remarks) == ((0, 4000, 4000), ())


def test_a_made_up_start_is_not_billed_as_the_life_of_the_meter() -> None:
    session = charged(0, [9_000_050, 9_002_000], 9_004_000)
    assert figures(session) == (9_000_050, 9_004_000, 3950)
    assert kinds(session) == {RemarkKind.METER_START_REPLACED}


def test_a_start_that_says_not_known_is_left_out() -> None:
    session = charged(-1, [9_000_050], 9_004_000)
    assert figures(session) == (9_000_050, 9_004_000, 3950)
    assert kinds(session) == {RemarkKind.METER_START_MISSING, RemarkKind.READING_UNREADABLE}


def test_an_end_without_meter_value_ends_with_the_last_one() -> None:
    session = charged(15_000, [17_000], None)
    assert these(session.energy_wh, kinds(session)) == (2000, {RemarkKind.METER_STOP_MISSING})


def test_an_end_that_no_charger_can_reach_is_not_billed() -> None:
    session = charged(15_000, [17_000], 4_294_967_295)
    assert these(session.energy_wh, kinds(session)) == (2000, {RemarkKind.READING_IMPLAUSIBLE})


def test_boundaries_that_stand_still_give_way_to_the_samples() -> None:
    relative = charged(15_000, [50, 2000, 4000], 15_000)
    assert relative.energy_wh == 4000
    assert RemarkKind.REGISTERS_DISAGREE in kinds(relative)
    zeros = charged(0, [9_000_050, 9_002_000], 0)
    assert zeros.energy_wh == 1950
    assert RemarkKind.REGISTERS_DISAGREE in kinds(zeros)


def test_kilowatt_hours_labelled_watt_hours_are_seen_beside_watt_hours() -> None:
    session = charged(361_000, ["362.5", 364_000, 365], 366_000)
    assert figures(session) == (361_000, 366_000, 5000)
    assert kinds(session) == {RemarkKind.UNIT_CORRECTED}


def test_a_start_in_kilowatt_hours_is_seen() -> None:
    session = charged(361, [361_900, 364_000], 366_000)
    assert figures(session) == (361_000, 366_000, 5000)
    assert kinds(session) == {RemarkKind.UNIT_CORRECTED}


@pytest.mark.parametrize(("start", "stop"), [(361_000, 480), (5000, 6)])
def test_a_small_value_is_not_taken_for_kilowatt_hours_by_chance(start: int, stop: int) -> None:
    assert charged(start, [], stop).energy_wh == stop


def test_kilowatt_hours_labelled_watt_hours_are_seen_by_the_power() -> None:
    cp = Station(1)
    session = one(
        cp.start(0, 17, 361),
        cp.meter(15, 17, 363, power(15, 9451)),
        cp.meter(30, 17, 366, power(30, 9200)),
        cp.stop(40, 17, 367),
    )
    assert figures(session) == (361_000, 367_000, 6000)
    assert kinds(session) == {RemarkKind.UNIT_CORRECTED}


def test_a_car_that_hardly_charges_is_not_corrected() -> None:
    cp = Station(1)
    session = one(cp.start(0, 17, 361), cp.meter(15, 17, 363, power(15, 9)), cp.stop(40, 17, 367))
    assert these(session.energy_wh, session.remarks) == (6, ())


def test_units_multipliers_and_phases_are_understood() -> None:
    cp = Station(2)
    session = one(
        cp.start(0, "a", 1000),
        cp.meter(10, "a", "1.8", seq=1, unit="kWh"),
        cp.meter(20, "a", None, register(20, 23, multiplier=2), seq=2),
        cp.stop(30, "a", None, *(register(30, 1000, phase=f"L{n}") for n in (1, 2, 3)), seq=3),
    )
    assert these(figures(session), session.remarks) == ((1000, 3000, 2000), ())


def test_the_last_digit_of_a_rounded_value_is_no_fall() -> None:
    cp = Station(1)
    end = register(20, "19.1", unit="kWh", context=END)
    session = one(
        cp.start(0, 17, 15_000), cp.meter(19, 17, "19.1", unit="kWh"), cp.stop(20, 17, 19_049, end)
    )
    assert these(session.energy_wh, session.remarks) == (4049, ())


def test_a_rounded_start_makes_no_negative_energy() -> None:
    cp = Station(1)
    begin = register(0, "19.1", unit="kWh", context=BEGIN)
    start = replace(cp.start(0, 17), meter_values=(begin,), key="")
    session = one(start, cp.stop(20, 17, 19_049))
    assert these(session.energy_wh, session.remarks) == (0, ())


def test_the_end_that_is_in_a_message_twice_is_read_once() -> None:
    cp = Station(1)
    end = register(20, "19.06", unit="kWh", context=END)
    session = one(cp.start(0, 17, 15_000), cp.stop(20, 17, 19_049, end))
    assert these(session.energy_wh, session.remarks) == (4049, ())


def test_small_samples_in_kwh_labelled_wh_do_not_count_a_session_twice() -> None:
    cp = Station(1)
    repeated = register(0, 561, context=BEGIN), register(31, 1140, context=END)
    session = one(
        cp.start(0, 17, 561),
        *(cp.meter(10 * n, 17, 1) for n in (1, 2, 3)),
        cp.stop(31, 17, 1140, *repeated),
    )
    assert figures(session) == (561, 1140, 579)
    assert kinds(session) == {RemarkKind.REGISTER_RELATIVE}


def test_the_outlet_is_read_if_a_station_measures_at_several_places() -> None:
    cp = Station(2)
    session = one(
        cp.start(0, "a", 1000),
        cp.stop(30, "a", None, register(30, 2100, location="Inlet"), register(30, 2000), seq=1),
    )
    assert session.energy_wh == 1000


def test_intervals_are_summed_if_there_is_no_register() -> None:
    cp = Station(2)
    values = [register(10 * n, 250, measurand=ENERGY_INTERVAL) for n in (1, 2, 3)]
    session = one(
        cp.start(0, "a"),
        *(cp.meter(10 * n, "a", None, values[n - 1], seq=n) for n in (1, 2, 3)),
        cp.stop(40, "a", seq=4),
    )
    assert these(session.energy_wh, kinds(session)) == (750, {RemarkKind.INTERVALS_SUMMED})


def test_without_any_meter_value_the_energy_is_said_to_be_unknown() -> None:
    session = charged(None, [], None)
    assert these(session.energy_wh, session.meter_start_wh) == (0, None)
    assert these(kinds(session), session.state) == (
        {RemarkKind.METER_MISSING},
        SessionState.REPAIRED,
    )


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999999", "-1e30", "-1"])
def test_numbers_that_are_none_disturb_nothing(value: str) -> None:
    session = charged(1000, [value], 3000)
    assert these(session.energy_wh, kinds(session)) == (2000, {RemarkKind.READING_UNREADABLE})


def test_a_frozen_clock_does_not_make_a_rise_impossible() -> None:
    cp = Station(1)
    session = one(
        cp.start(0, 17, 1000),
        cp.meter(0, 17, 31_000, late=60),
        cp.stop(0, 17, 61_000, late=60.1),
    )
    assert session.energy_wh == 60_000
