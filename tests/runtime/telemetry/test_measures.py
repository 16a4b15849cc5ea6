"""Measures count, are bounded, and read as Prometheus expects."""

from __future__ import annotations

import bisect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from chargeplane.runtime.store import Committed
from chargeplane.runtime.telemetry import Metrics, Spread, Tallies
from chargeplane.runtime.telemetry.measures import CHILDREN_MAX, OTHER


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What Prometheus would read."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def of(metrics: Metrics, name: str, **labels: str) -> float:
    return samples(metrics)[name, frozenset(labels.items())]


def test_a_tally_that_was_taken_once_counts_for_ever() -> None:
    metrics = Metrics()
    boots = metrics.messages.of("BootNotification", "answered")
    for _ in range(3):
        boots.add()
    assert metrics.messages.of("BootNotification", "answered") is boots
    name = "chargeplane_messages_total"
    assert of(metrics, name, action="BootNotification", outcome="answered") == 3


def test_a_level_goes_up_and_down_and_a_watched_one_is_asked() -> None:
    metrics, waiting = Metrics(), [1, 2]
    connected = metrics.stations_connected.of("2.0.1")
    connected.add(2)
    connected.add(-1)
    metrics.queue_depth.watch("outbox", ask=lambda: len(waiting))
    assert of(metrics, "chargeplane_stations_connected", version="2.0.1") == 1
    assert of(metrics, "chargeplane_queue_depth", queue="outbox") == 2
    waiting.clear()
    assert of(metrics, "chargeplane_queue_depth", queue="outbox") == 0


def test_a_commit_is_seen_by_its_time_and_its_units() -> None:
    metrics = Metrics()
    metrics.committed(Committed(units=3, took_s=0.002))
    assert of(metrics, "chargeplane_commit_seconds_bucket", le="0.001") == 0
    assert of(metrics, "chargeplane_commit_seconds_bucket", le="0.0025") == 1
    assert of(metrics, "chargeplane_commit_seconds_count") == 1
    assert of(metrics, "chargeplane_commit_units_sum") == 3
    assert of(metrics, "chargeplane_commit_units_bucket", le="5.0") == 1


@given(st.lists(st.floats(-10, 10)))
def test_a_spread_counts_each_value_in_the_first_range_that_holds_it(values: list[float]) -> None:
    bounds = (-1.0, 0.0, 2.5)
    spread = Spread(bounds)
    for value in values:
        spread.note(value)
    expected = [bisect.bisect_left(bounds, value) for value in values]
    assert spread.counts == [expected.count(place) for place in range(4)]
    assert spread.total == pytest.approx(sum(values))


def test_strangers_cannot_fill_the_memory_with_labels() -> None:
    tallies = Tallies("chargeplane_things", "Things.", ["name"])
    for number in range(CHILDREN_MAX + 5):
        tallies.of(f"made up {number}").add()
    collected = {sample.labels["name"]: sample.value for sample in tallies.collect().samples}
    assert len(collected) == CHILDREN_MAX + 1
    assert collected[OTHER] == 5


def test_a_label_too_few_is_a_mistake_that_shows_at_once() -> None:
    with pytest.raises(ValueError, match="action"):
        Metrics().messages.of("BootNotification")


def test_what_a_station_writes_in_a_label_cannot_break_the_format() -> None:
    metrics = Metrics()
    hostile = 'x"} 1\nchargeplane_messages_total{action="forged"} 9'
    metrics.messages.of(hostile, "refused").add()
    assert of(metrics, "chargeplane_messages_total", action=hostile, outcome="refused") == 1
    assert not any("forged" in str(labels) and len(labels) == 1 for _, labels in samples(metrics))
