"""Addresses, tokens, meter values, money."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.domain.addresses import STATION, EvseAddress
from chargeplane.domain.metering import (
    MAGNITUDE_MAX,
    MULTIPLIER_MAX,
    MeterValue,
    Quantity,
    decimal_of,
)
from chargeplane.domain.money import Money
from chargeplane.domain.tokens import IdToken
from tests.domain.ledger.telling import DAY


def value(number: str, unit: str, multiplier: int = 0, measurand: str = "x") -> MeterValue:
    return MeterValue(
        sampled_at=DAY,
        value=Decimal(number),
        unit=unit,
        multiplier=multiplier,
        measurand=measurand,
    )


def test_a_connector_of_1x_is_an_evse_and_connector_0_is_the_station() -> None:
    assert EvseAddress.of_connector(2) == EvseAddress(2, 1)
    assert EvseAddress.of_connector(2).connector_1x == 2
    assert EvseAddress.of_connector(0) is STATION
    assert EvseAddress.of_connector(-1).is_station
    assert STATION.connector_1x == 0
    names = (STATION, EvseAddress(1), EvseAddress(1, 2))
    assert [str(each) for each in names] == ["station", "EVSE 1", "EVSE 1 connector 2"]


def test_tokens_compare_without_case_and_a_tag_may_be_of_any_type() -> None:
    assert IdToken("abCD").same_as(IdToken("ABcd", "ISO14443"))
    assert not IdToken("ABCD", "Central").same_as(IdToken("ABCD", "ISO14443"))
    assert not IdToken("ABCD").same_as(IdToken("ABCE"))


def test_a_cut_or_missing_token_says_so() -> None:
    assert IdToken("ABCDEFGHIJKLMNOPQRS…").is_cut
    assert not IdToken("").is_known


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (value("1.5", "kWh"), ("1500", "Wh")),
        (value("15", "Wh", 2), ("1500", "Wh")),
        (value("11", "KW"), ("11000", "W")),
        (value("16", "A"), ("16", "A")),
        (value("50", "Fahrenheit"), ("10", "Celsius")),
        (value("300", "K"), ("26.85", "Celsius")),
        (value("21", "Celcius"), ("21", "Celsius")),
        (value("3", "furlong"), ("3", "furlong")),
    ],
)
def test_units_become_base_units_and_unknown_ones_stay(
    sent: MeterValue, meant: tuple[str, str]
) -> None:
    assert sent.in_base_unit() == Quantity(Decimal(meant[0]), meant[1])


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999999", str(MAGNITUDE_MAX + 1)])
def test_a_number_that_no_meter_shows_has_no_value(number: str) -> None:
    assert value(number, "kWh").in_base_unit() is None


def test_a_multiplier_has_a_bound() -> None:
    assert value("1", "Wh", MULTIPLIER_MAX).in_base_unit() is not None
    assert value("1", "Wh", MULTIPLIER_MAX + 1).in_base_unit() is None
    assert value("1", "Wh", -MULTIPLIER_MAX - 1).in_base_unit() is None


@given(st.floats() | st.integers() | st.text(max_size=12))
def test_any_number_of_the_wire_is_a_decimal_or_none(number: float | str) -> None:
    found = decimal_of(number)
    assert found is None or abs(found) <= MAGNITUDE_MAX


def test_numbers_are_read_as_they_are_written() -> None:
    assert decimal_of(0.1) == Decimal("0.1")
    assert decimal_of(" 12.50 ") == Decimal("12.50")
    assert decimal_of("12,5") is None


def test_a_vendors_measurand_is_kept() -> None:
    sent = value("1", "Wh", measurand="Acme.Mood")
    assert msgspec.json.decode(msgspec.json.encode(sent), type=MeterValue) == sent


def test_money_is_exact_and_currencies_do_not_mix() -> None:
    price = Money(Decimal("0.1"), "EUR")
    assert price + price + price == Money(Decimal("0.3"), "EUR")
    assert (price - price * 2).amount == Decimal("-0.1")
    with pytest.raises(ValueError, match="do not add up"):
        price + Money(Decimal(1), "USD")
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(Decimal(1), "eur")
    with pytest.raises(ValueError, match="no amount"):
        Money(Decimal("NaN"), "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("1.005", "EUR", "1.01 EUR"), ("-1.005", "EUR", "-1.01 EUR"), ("99.5", "JPY", "100 JPY")],
)
def test_money_is_rounded_to_the_coins_of_its_currency(
    amount: str, currency: str, rounded: str
) -> None:
    assert str(Money(Decimal(amount), currency).rounded()) == rounded
