"""Meter values of both families as domain values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from chargeplane.csms import meter_values_v1, meter_values_v2
from chargeplane.domain.ledger import LedgerEntry
from chargeplane.domain.ledger.entry import EntryKind
from chargeplane.domain.ledger.registers import says_nothing
from chargeplane.domain.metering import MeterValue
from chargeplane.ocpp import v16, v21

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 1, tzinfo=UTC)


def of_1x(*samples: dict[str, Any]) -> tuple[MeterValue, ...]:
    wire = {"timestamp": AT.isoformat(), "sampledValue": [*samples]}
    return meter_values_v1.values_of([msgspec.convert(wire, v16.MeterValue)])


def of_2x(*samples: dict[str, Any]) -> tuple[MeterValue, ...]:
    wire = {"timestamp": AT.isoformat(), "sampledValue": [*samples]}
    return meter_values_v2.values_of([msgspec.convert(wire, v21.MeterValueType)])


def test_what_is_left_out_has_the_default_of_the_specification() -> None:
    default = MeterValue(sampled_at=AT, value=Decimal("1234.5"))
    assert default.unit == "Wh"
    assert of_1x({"value": "1234.5"}) == (default,)
    assert of_2x({"value": 1234.5}) == (default,)


def test_both_families_say_the_same_thing_in_the_same_values() -> None:
    said = {
        "measurand": "Current.Import",
        "context": "Sample.Clock",
        "location": "Inlet",
        "phase": "L1",
    }
    first = of_1x({**said, "value": "16.1", "unit": "A"})
    assert first == of_2x({**said, "value": 16.1, "unitOfMeasure": {"unit": "A"}})
    assert first[0] == MeterValue(
        sampled_at=AT,
        value=Decimal("16.1"),
        unit="A",
        measurand="Current.Import",
        context="Sample.Clock",
        location="Inlet",
        phase="L1",
    )
    assert type(first[0].measurand) is str


@pytest.mark.parametrize(
    ("measurand", "unit_1x", "unit_2x"),
    [
        ("Energy.Reactive.Import.Register", "Wh", "Wh"),
        ("Frequency", "Hz", ""),
        ("Voltage", "", ""),
    ],
)
def test_only_energy_has_a_unit_by_default_and_frequency_in_1x(
    measurand: str, unit_1x: str, unit_2x: str
) -> None:
    assert of_1x({"value": "50", "measurand": measurand})[0].unit == unit_1x
    assert of_2x({"value": 50, "measurand": measurand})[0].unit == unit_2x


def test_a_multiplier_is_kept_beside_its_value() -> None:
    (value,) = of_2x({"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}})
    assert (value.value, value.multiplier) == (Decimal("1.5"), 3)


@pytest.mark.parametrize("text", ["", "n/a", "NaN", "1e400", "Infinity"])
def test_a_register_that_is_no_number_is_one_that_says_nothing(text: str) -> None:
    values = of_1x({"value": text})
    assert values[0].value.is_nan()
    entry = LedgerEntry(
        tenant_id="t",
        station_id="CP1",
        family=1,
        kind=EntryKind.METER,
        reported_at=AT,
        received_at=AT,
        frame_id="f",
        meter_values=values,
    )
    assert says_nothing(entry)


def test_a_number_beyond_any_meter_is_one_that_says_nothing_in_2x_too() -> None:
    assert of_2x({"value": 1e300})[0].value.is_nan()


@pytest.mark.parametrize(
    "text", ["0", "-1", "17", "17.5", "0.001", "9007199254740992", "123456789.125"]
)
def test_a_number_of_2x_is_written_as_1x_writes_it(text: str) -> None:
    one, two = of_1x({"value": text}), of_2x({"value": float(text)})
    assert str(one[0].value) == str(two[0].value) == text


def test_signed_data_of_1x_is_put_to_the_reading_that_it_signs() -> None:
    plain = {"value": "100", "context": "Transaction.Begin"}
    signed = {"value": "T0NNRnw=", "context": "Transaction.Begin", "format": "SignedData"}
    for samples in ((plain, signed), (signed, plain)):
        (value,) = of_1x(*samples)
        assert (value.value, value.signed_data) == (Decimal(100), "T0NNRnw=")


def test_signed_data_of_1x_without_its_reading_stands_alone() -> None:
    values = of_1x(
        {"value": "100", "context": "Transaction.Begin"},
        {"value": "abc", "context": "Transaction.End", "format": "SignedData"},
    )
    assert [each.signed_data for each in values] == [None, "abc"]
    assert values[1].value.is_nan()


def test_two_signatures_of_one_reading_are_both_kept() -> None:
    signed = {"value": "abc", "format": "SignedData"}
    values = of_1x({"value": "100"}, signed, {**signed, "value": "def"})
    assert [each.signed_data for each in values] == ["abc", "def"]


def test_signed_data_belongs_to_a_reading_of_its_own_time() -> None:
    wire = [
        {"timestamp": AT.isoformat(), "sampledValue": [{"value": "1"}]},
        {"timestamp": LATER.isoformat(), "sampledValue": [{"value": "s", "format": "SignedData"}]},
    ]
    values = meter_values_v1.values_of(msgspec.convert(wire, list[v16.MeterValue]))
    assert [(each.sampled_at, each.signed_data) for each in values] == [(AT, None), (LATER, "s")]


def test_signed_data_of_2x_is_kept_whole() -> None:
    signed = {
        "signedMeterData": "T0NNRnw=",
        "encodingMethod": "OCMF",
        "publicKey": "b2NhOg==",
        "signingMethod": "ECDSA",
    }
    (value,) = of_2x({"value": 100, "signedMeterValue": signed})
    assert value.value == 100
    assert value.signed_data is not None
    assert msgspec.json.decode(value.signed_data) == signed
