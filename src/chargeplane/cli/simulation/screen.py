"""What ``chargeplane simulate`` shows: the beginning, the progress, storms, and the totals."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.text import Text

from chargeplane.cli.simulation.running import Outcome, Plan
from chargeplane.station import Storm, Tally

__all__ = ["Screen"]

REFRESH_S = 0.5


class Screen:
    """What people see; a line that changes is for terminals alone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stations = 0

    def begin(self, plan: Plan) -> None:
        """Say what is run. The seed is what makes it run again."""
        self._stations = len(plan.members)
        versions = Counter(
            f"{each.version.value}{' SOAP' if each.soap else ''}" for each in plan.members
        )
        mixed = ", ".join(f"{count} of {name}" for name, count in versions.items())
        self._say(f"Seed {plan.seed}: {mixed}, {plan.speed:g} times as fast. Ctrl-C ends it.")

    async def watch(self, tally: Tally) -> None:
        """Show the progress, on a terminal alone, until cancelled."""
        if not self._console.is_terminal:
            return
        now_s = asyncio.get_running_loop().time
        since_s = now_s()
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                line = progress(tally, self._stations, now_s() - since_s)
                live.update(Text(line, overflow="ellipsis", no_wrap=True), refresh=True)
                await asyncio.sleep(REFRESH_S)

    def stormed(self, storm: Storm) -> None:
        """Say how a storm went."""
        back = storm.dropped - len(storm.missing)
        self._say(f"Storm: {back} of {storm.dropped} stations back after {storm.duration_s:.1f} s")

    def end(self, outcome: Outcome) -> None:
        """Say what happened."""
        for heading, text in totals(outcome):
            self._say(f"  {heading:<13} {text}")
        faults = outcome.tally.faults
        self._say("No errors." if not faults else "Errors:")
        for fault in faults:
            self._say(f"  {fault.count:>7,}  {fault.kind}")
            self._say(f"           {fault.example}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)


def progress(tally: Tally, stations: int, elapsed_s: float) -> str:
    """One line."""
    minutes, seconds = divmod(int(elapsed_s), 60)
    errors = sum(each.count for each in tally.faults)
    return (
        f"{minutes}:{seconds:02}  {tally.online}/{stations} online  "
        f"{tally.started - tally.ended:,} charging, {tally.ended:,} done  "
        f"{tally.energy_wh / 1000:,.1f} kWh  {tally.messages:,} messages  "
        f"{tally.reconnects:,} reconnects  {errors:,} errors"
    )


def totals(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Headings and what stands behind them."""
    tally, stations = outcome.tally, len(outcome.plan.members)
    most = f"at most {tally.online_most:,}"
    yield "Time", f"{outcome.duration_s:.1f} s"
    yield "Stations", f"{outcome.online:,} of {stations:,} online at the end, {most}"
    if outcome.site is not None:
        yield "Controller", outcome.site.line()
    yield "Boots", f"{tally.boots:,}"
    yield "Reconnects", f"{tally.reconnects:,}"
    yield "Transactions", f"{tally.started:,} started, {tally.ended:,} ended"
    yield "Energy", f"{tally.energy_wh / 1000:,.3f} kWh"
    rate = tally.messages / outcome.duration_s if outcome.duration_s else 0.0
    yield "Messages", f"{tally.messages:,}, {rate:,.1f} per second"
    yield "Answers", _listed(tally.answers)
    yield "Commands", _listed(tally.commands)
    yield "Tokens", _listed(tally.tokens)
    if outcome.storms:
        slowest_s = max(each.duration_s for each in outcome.storms)
        count = len(outcome.storms)
        yield "Storms", f"{count}; in the slowest the last was back after {slowest_s:.1f} s"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common()) or "none"
