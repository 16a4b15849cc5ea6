"""Times: read where the meaning is beyond doubt, in UTC, and not read otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.ocpp.tolerance.dates import EPOCH, read_number, read_text

BERLIN = timezone(timedelta(hours=2))
MEANT = "2024-05-06T07:08:09Z"


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("2024-05-06T09:08:09+02", "date-spelling", MEANT),
        ("2024-05-06T09:08:09+2", "date-spelling", MEANT),
        ("2024-05-06T09:08:09 +0200", "date-spelling", MEANT),
        ("2024-05-06T07:08:09+00", "date-spelling", MEANT),
        ("2024-05-06T07:08:09 UTC", "date-spelling", MEANT),
        ("2024-05-06T09:08:09 GMT+2", "date-spelling", MEANT),
        ("2024-05-06T07:08:09+00:00Z", "date-spelling", MEANT),
        ("2024-05-06t07:08:09z", "date-spelling", MEANT),
        (" 2024-05-06T07:08:09Z\n", "date-spelling", MEANT),
        ("24-5-6T7:8:9Z", "date-spelling", MEANT),
        ("2024.05.06 07:08:09Z", "date-spelling", MEANT),
        ("20240506T070809Z", "date-spelling", MEANT),
        ("20240506 090809+0200", "date-spelling", MEANT),
        ("2024-05-06T07:08Z", "date-spelling", "2024-05-06T07:08:00Z"),
        ("2024-05-06T07:08:09,25Z", "date-spelling", "2024-05-06T07:08:09.250000Z"),
        ("2024-05-06T07:08:09.123456789Z", "date-spelling", "2024-05-06T07:08:09.123456Z"),
        ("2024-05-06T07:08:09.Z", "date-spelling", MEANT),
        ("2024-05-06T07:08:09", "date-without-zone", "2024-05-06T05:08:09Z"),
        ("2024-05-06", "date-without-zone", "2024-05-05T22:00:00Z"),
        ("2024-06-30T23:59:60Z", "date-rollover", "2024-07-01T00:00:00Z"),
        ("2024-12-31T24:00:00Z", "date-rollover", "2025-01-01T00:00:00Z"),
        ("1714979289", "date-number", MEANT),
        ("1714979289000", "date-number", MEANT),
    ],
)
def test_a_clear_notation_is_read(text: str, name: str, meant: str) -> None:
    assert read_text(text, BERLIN) == (name, meant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "06.05.2024 07:08:09",
        "05/06/2024",
        "2024-13-06T07:08:09Z",
        "2024-02-30T07:08:09Z",
        "2024-05-06T24:00:01Z",
        "2024-05-06T07:61:09Z",
        "2024-05-06T07:08:09+25:00",
        "2024-05-06T07:08:09+02:75",
        "2024-05-06T07:08:09 CEST",
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T24:00:00Z",
        "٢٠٢٤-05-06T07:08:09Z",
        "12345",
        "2024-05-06T07:08:09Z" + " " * 64,
    ],
)
def test_an_unclear_notation_is_not_read(text: str) -> None:
    assert read_text(text, BERLIN) is None


def test_a_number_is_read_as_seconds_or_milliseconds_of_our_days() -> None:
    assert read_number(1714979289) == ("date-number", MEANT)
    assert read_number(1714979289000.0) == ("date-number", MEANT)
    for number in (0, -1, 5, 10**9 - 1, 10**10, 10**15, float("inf"), 10**400):
        assert read_number(number) is None


def test_an_unknown_time_is_the_one_of_a_station_without_a_clock() -> None:
    assert datetime.fromisoformat(EPOCH).timestamp() == 0


@given(st.text(alphabet="0123456789-:T.Z+ /", max_size=30) | st.text())
def test_what_is_read_is_a_time_with_a_zone(text: str) -> None:
    found = read_text(text, BERLIN)
    if found is not None:
        assert msgspec.convert(found[1], datetime).tzinfo is not None


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_correct_time_keeps_its_meaning(time: datetime) -> None:
    found = read_text(time.isoformat().replace("+00:00", "Z"), BERLIN)
    assert found is not None
    assert datetime.fromisoformat(found[1]) == time
