"""Numbers that are cheap to keep and are read when somebody asks: tallies, levels and spreads.

The way of a message counts several times, tens of thousands of times a second, and always in the
event loop's thread. So a tally is an attribute that is added to, without a lock and without looking
labels up: whoever counts gets its tally once (``tallies.of("BootNotification", "accepted")``) and
keeps it. Prometheus reads them all through ``Measure.collect``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

__all__ = ["Levels", "Measure", "Spread", "Spreads", "Tallies", "Tally"]

CHILDREN_MAX = 1_000
OTHER = "other"
"""Takes the place of all labels when there are too many: strangers choose some of them."""

C = TypeVar("C")


class Tally:
    """A number that goes up, or up and down if it is the tally of a level."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def add(self, amount: float = 1) -> None:
        """Count."""
        self.value += amount


class Spread:
    """How often a value lay in which range."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def note(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Measure(ABC, Generic[C]):
    """What is measured under one name, one child for each set of labels."""

    def __init__(self, name: str, words: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.words = words
        self.labels = tuple(labels)
        self._children: dict[tuple[str, ...], C] = {}

    def of(self, *labels: str) -> C:
        """The child for these labels. Keep it, if you use it often.

        Raises:
            ValueError: not as many as the measure has labels.
        """
        child = self._children.get(labels)
        if child is not None:
            return child
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {labels}")
        if len(self._children) >= CHILDREN_MAX:
            labels = (OTHER,) * len(labels)
        return self._children.setdefault(labels, self._new())

    @abstractmethod
    def collect(self) -> Metric:
        """All children, for Prometheus."""

    @abstractmethod
    def _new(self) -> C: ...


class Tallies(Measure[Tally]):
    """Counters: how often something happened since the start."""

    def counts(self) -> dict[tuple[str, ...], float]:
        """All of them, by their labels."""
        return {labels: tally.value for labels, tally in self._children.items()}

    def collect(self) -> Metric:
        family = CounterMetricFamily(self.name, self.words, labels=self.labels)
        for labels, tally in self._children.items():
            family.add_metric(labels, tally.value)
        return family

    def _new(self) -> Tally:
        return Tally()


class Levels(Measure[Tally]):
    """Gauges: how much there is now. ``watch`` asks when it is collected, ``of`` is counted."""

    def __init__(self, name: str, words: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, words, labels)
        self._watched: dict[tuple[str, ...], Callable[[], float]] = {}

    def watch(self, *labels: str, ask: Callable[[], float]) -> None:
        """Ask a function for the level, again at every collection."""
        self._watched[labels] = ask

    def collect(self) -> Metric:
        family = GaugeMetricFamily(self.name, self.words, labels=self.labels)
        for labels, tally in self._children.items():
            family.add_metric(labels, tally.value)
        for labels, ask in self._watched.items():
            family.add_metric(labels, ask())
        return family

    def _new(self) -> Tally:
        return Tally()


class Spreads(Measure[Spread]):
    """Histograms."""

    def __init__(
        self, name: str, words: str, bounds: Sequence[float], labels: Sequence[str] = ()
    ) -> None:
        super().__init__(name, words, labels)
        self._bounds = tuple(bounds)

    def collect(self) -> Metric:
        family = HistogramMetricFamily(self.name, self.words, labels=self.labels)
        for labels, spread in self._children.items():
            family.add_metric(labels, list(_cumulated(spread)), spread.total)
        return family

    def _new(self) -> Spread:
        return Spread(self._bounds)


def _cumulated(spread: Spread) -> Iterable[tuple[str, float]]:
    """Prometheus counts in each range what lies below its upper bound."""
    count = 0
    for bound, inside in zip([*spread.bounds, float("inf")], spread.counts, strict=True):
        count += inside
        yield ("+Inf" if bound == float("inf") else repr(float(bound))), count
