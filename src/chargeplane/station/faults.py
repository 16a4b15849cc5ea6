"""What breaks in the life of a station, by name: network, clock, power, hardware.

A quirk is how a station is; a fault is what happens to it. Each is one entry of ``FAULTS``, works
over sockets as in simulated time, and comes from a seed where chance decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final, Protocol, TypeVar

from chargeplane.station.core import Core

__all__ = ["FAULTS", "Fault", "Strike", "Victim", "check_faults", "strike", "strikes"]

T = TypeVar("T")


class Victim(Protocol):
    """What faults can do something to."""

    def act(self, act: Callable[[Core, float], T]) -> T:
        """Do something with the core, and carry what follows."""
        ...

    def cut(self) -> None:
        """Lose the connection; it is dialled again."""

    def silence(self, duration_s: float) -> None:
        """Let all frames vanish for so long, then lose the connection."""

    def slow(self, delay_s: float, duration_s: float) -> None:
        """Let frames be so late, for so long."""

    def power_off(self, reason: str, duration_s: float) -> None:
        """Stop without a warning, and boot so much later for this reason, a word of 2.x."""

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something so much later."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault that happens."""

    name: str
    evse_id: int = 1
    """Where, for a fault of an EVSE."""
    duration_s: float | None = None
    """How long it lasts; None: as long as such a fault usually does."""
    amount_s: float | None = None
    """How late frames are, or how much the clock is wrong; None: as much as usual."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    name: str
    text: str
    """What happens."""
    strike: Callable[[Victim, Strike, float, float], None]
    """Does it, with the duration and the amount."""
    duration_s: float = 0.0
    amount_s: float = 0.0


def _drop(victim: Victim, _strike: Strike, _duration_s: float, _amount_s: float) -> None:
    victim.cut()


def _half_open(victim: Victim, _strike: Strike, duration_s: float, _amount_s: float) -> None:
    victim.silence(duration_s)


def _latency(victim: Victim, _strike: Strike, duration_s: float, amount_s: float) -> None:
    victim.slow(amount_s, duration_s)


def _skew(victim: Victim, _strike: Strike, _duration_s: float, amount_s: float) -> None:
    victim.act(lambda core, now_s: core.skew_clock(amount_s, now_s))


def _off(reason: str) -> Callable[[Victim, Strike, float, float], None]:
    def off(victim: Victim, _strike: Strike, duration_s: float, _amount_s: float) -> None:
        victim.power_off(reason, duration_s)

    return off


def _meter(victim: Victim, struck: Strike, _duration_s: float, _amount_s: float) -> None:
    victim.act(lambda core, now_s: core.reset_meter(struck.evse_id, now_s))


def _broken(code: str) -> Callable[[Victim, Strike, float, float], None]:
    def broken(victim: Victim, struck: Strike, duration_s: float, _amount_s: float) -> None:
        victim.act(lambda core, now_s: core.set_fault(struck.evse_id, code, now_s))
        victim.later(duration_s, partial(_mend, victim, struck.evse_id, code))

    return broken


def _mend(victim: Victim, evse_id: int, code: str) -> None:
    def mend(core: Core, now_s: float) -> None:
        if core.hub.evses[evse_id].fault == code:
            core.set_fault(evse_id, "", now_s)

    victim.act(mend)


_ALL = (
    Fault("drop", "the connection is lost, and dialled again after the back-off", _drop),
    Fault(
        "half-open",
        "the connection stands, but no frame arrives on either side; then it is lost",
        _half_open,
        duration_s=90.0,
    ),
    Fault("latency", "every frame is late, in both ways", _latency, duration_s=120.0, amount_s=3.0),
    Fault(
        "clock-skew",
        "the clock jumps, until the central system's answers set it right",
        _skew,
        amount_s=-3_600.0,
    ),
    Fault("reboot", "the software crashes and starts again", _off("Watchdog"), duration_s=20.0),
    Fault("power-loss", "the power fails, and comes back", _off("PowerUp"), duration_s=300.0),
    Fault("meter-reset", "the meter of an EVSE begins at 0 again", _meter),
    Fault(
        "connector-lock-failure",
        "the connector of an EVSE cannot be locked",
        _broken("ConnectorLockFailure"),
        duration_s=300.0,
    ),
    Fault(
        "ground-failure",
        "the protection of an EVSE has tripped",
        _broken("GroundFailure"),
        duration_s=600.0,
    ),
)

FAULTS: Final[Mapping[str, Fault]] = {each.name: each for each in _ALL}
"""Every fault by name."""


def strike(victim: Victim, struck: Strike) -> None:
    """Let a fault happen.

    Raises:
        ValueError: there is no such fault.
        KeyError: there is no such EVSE.
    """
    fault = FAULTS.get(struck.name)
    if fault is None:
        raise ValueError(f"there is no fault {struck.name!r}; there are {', '.join(FAULTS)}")
    duration_s = fault.duration_s if struck.duration_s is None else struck.duration_s
    amount_s = fault.amount_s if struck.amount_s is None else struck.amount_s
    fault.strike(victim, struck, duration_s, amount_s)


def check_faults(every_s: Mapping[str, float]) -> Mapping[str, float]:
    """The same, if each is the name of a fault and a time.

    Raises:
        ValueError: one is not.
    """
    for name, mean_s in every_s.items():
        if name not in FAULTS:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
        if mean_s <= 0:
            raise ValueError(f"the fault {name} needs a time between two of it")
    return every_s


def strikes(
    rng: Random, every_s: Mapping[str, float], evses: int
) -> Iterator[tuple[float, Strike]]:
    """What happens to one station, without end: how long after the one before, and what.

    Args:
        rng: all chance.
        every_s: the mean time between two of a kind, by name.
        evses: how many it has.
    """
    next_s = {name: rng.expovariate(1 / mean_s) for name, mean_s in every_s.items()}
    at_s = 0.0
    while next_s:
        name = min(next_s, key=lambda each: (next_s[each], each))
        after_s, at_s = next_s[name] - at_s, next_s[name]
        next_s[name] = at_s + rng.expovariate(1 / every_s[name])
        usual = FAULTS[name]
        yield (
            round(after_s, 3),
            Strike(
                name,
                evse_id=rng.randint(1, evses),
                duration_s=round(usual.duration_s * rng.uniform(0.3, 2.0), 3),
                amount_s=round(usual.amount_s * rng.uniform(0.3, 2.0), 3),
            ),
        )
