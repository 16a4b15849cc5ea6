"""What the program tells about itself: logs (``logs``) and metrics (``metrics``)."""

from chargeplane.runtime.telemetry.logs import LogFormat, configure
from chargeplane.runtime.telemetry.measures import Levels, Measure, Spread, Spreads, Tallies, Tally
from chargeplane.runtime.telemetry.metrics import Metrics

__all__ = [
    "Levels",
    "LogFormat",
    "Measure",
    "Metrics",
    "Spread",
    "Spreads",
    "Tallies",
    "Tally",
    "configure",
]
