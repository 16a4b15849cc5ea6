"""What a station says of the next hour is what it then does, whatever profiles it has."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from chargeplane.station import Ev
from tests.station.central import START
from tests.station.smart_charging.asking import composite, install
from tests.station.stage import Stage, online

PURPOSES = ("TxDefaultProfile", "TxDefaultProfile", "TxProfile", "ChargingStationMaxProfile")
MINUTES = 40


def install_any(stage: Stage, rng: Random, profile_id: int) -> str:
    """A profile whose times are full minutes, and whose limits are exact in both units."""
    purpose = rng.choice(PURPOSES)
    wide = purpose == "ChargingStationMaxProfile"
    kind = rng.choice(["Absolute", "Recurring"] if wide else ["Absolute", "Recurring", "Relative"])
    starts = [0, *sorted(rng.sample(range(1, MINUTES), rng.randint(0, 4)))]
    unit = rng.choice(["A", "W"])
    limits = [0.0, 5.0, 6.0, 10.0, 16.0, 32.0] if unit == "A" else [0.0, 4_140.0, 6_900.0, 20_000.0]
    periods = [
        (minute * 60, rng.choice(limits), *rng.choice([(), (1,), (3,)])) for minute in starts
    ]
    begin = START + timedelta(minutes=rng.randint(-MINUTES, MINUTES))
    schedule: dict[str, object] = {"chargingRateUnit": unit}
    if kind != "Relative":
        schedule["startSchedule"] = begin.isoformat()
    if rng.random() < 0.5:
        schedule["duration"] = rng.randint(1, MINUTES) * 60
    return install(
        stage,
        0 if wide else 1,
        periods,
        id=profile_id,
        level=rng.randint(0, 5),
        purpose=purpose,
        kind=kind,
        recurrencyKind="Daily" if kind == "Recurring" else None,
        schedule=schedule,
    )


@pytest.mark.parametrize("version", ["1.6", "2.1"])
@pytest.mark.parametrize("seed", range(25))
def test_a_station_does_what_it_says_it_will(seed: int, version: str) -> None:
    rng = Random(seed)
    stage = online(version, variables={"MeterValueSampleInterval": "0"})
    stage.plug_in(1, Ev(capacity_wh=10_000_000, power_w_max=22_000))
    stage.wait(rng.randint(0, 90)).tap().wait(rng.randint(0, 300))
    accepted = [install_any(stage, rng, number) for number in range(1, 6)].count("Accepted")
    assert accepted > 0
    said = composite(stage, 1, MINUTES * 60, "W")
    assert said is not None
    begun_s = stage.now_s
    for second in range(0, MINUTES * 60, 30):
        stage.wait(begun_s + second - stage.now_s)
        _, power_w, phases = [row for row in said[3] if row[0] <= second][-1]
        assert phases is not None
        paused = power_w / (230 * phases) < 6
        done_w = stage.core.evse(1).power_w
        assert done_w == pytest.approx(0 if paused else power_w, abs=0.1), (second, said[3])
    assert stage.central.malformed == []
