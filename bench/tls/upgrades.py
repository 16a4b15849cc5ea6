"""What an upgrade costs the server, held against two peers and with tickets of TLS 1.3.

*picows* is the transport alone, with the HTTP reader and the server of its own. *bare* is TLS on
the event loop, and one fixed answer to whatever comes.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.tls.serving import Served, served
from bench.tls.stations import AT_ONCE, Secured, both, come

__all__ = ["compared"]

ROUNDS, ROUNDS_OF_TICKETS = 25, 6
HANDSHAKES = 50
"""In one round: so short that the machine is hardly another one for the next server."""
GOAL = 0.8
OURS, PEERS = "ours", ("picows", "bare")


class _Spent(NamedTuple):
    """Microseconds of processor time for one upgrade."""

    server_us: float
    station_us: float


def compared(folder: Path) -> Iterator[str]:
    """The lines of the report."""
    yield (
        f"upgrades, {AT_ONCE} on their way at a time: microseconds of the server's processor "
        f"time, medians of {ROUNDS} rounds in turn; ratios: goal {GOAL} each"
    )
    yield f"  {'':<12}  ours   picows  ratio     bare  ratio   station"
    for title, secured in both(folder):
        yield from _lines(title, folder, secured)


def _lines(title: str, folder: Path, secured: Secured) -> Iterator[str]:
    servers = {kind: served(folder, kind) for kind in (OURS, *PEERS)}
    ticketing = served(folder, OURS, tickets=2)
    try:
        for each in (*servers.values(), ticketing):
            _spent(each, secured)  # what is only done once
        rounds = [_round(servers, secured, number) for number in range(ROUNDS)]
        tickets = [
            (
                _spent(servers[OURS], secured),
                _spent(ticketing, secured),
                _resumed(ticketing, secured),
            )
            for _ in range(ROUNDS_OF_TICKETS)
        ]
    finally:
        for each in (*servers.values(), ticketing):
            each.stop()
    figures = [f"{_median_us(each[OURS] for each in rounds):>6.0f}"]
    for peer in PEERS:
        ratio = median(each[peer].server_us / each[OURS].server_us for each in rounds)
        figures.append(f"{_median_us(each[peer] for each in rounds):>7.0f} {ratio:>6.2f}")
    figures.append(f"{median(each[OURS].station_us for each in rounds):>8.0f}")
    yield f"  {title:<12}" + "  ".join(figures)
    none, two, resumed = (_median_us(each) for each in zip(*tickets, strict=True))
    yield (
        f"  {'':<12}{none:>6.0f}  without tickets, {two:.0f} with two for each, "
        f"{resumed:.0f} resumed by them ({ROUNDS_OF_TICKETS} rounds)"
    )


def _round(servers: dict[str, Served], secured: Secured, number: int) -> dict[str, _Spent]:
    """All in turn, every second time from the last to the first."""
    order = list(servers) if number % 2 else list(reversed(servers))
    return {kind: _spent(servers[kind], secured) for kind in order}


def _median_us(spent: Iterable[_Spent]) -> float:
    return median(each.server_us for each in spent)


def _spent(port: Served, secured: Secured, session: ssl.SSLSession | None = None) -> _Spent:
    """What some upgrades cost both ends."""
    secured.session = session
    server_s, station_s = port.cpu_s(), time.process_time()
    stations = come(port.port, secured, range(HANDSHAKES))
    server_s, station_s = port.cpu_s() - server_s, time.process_time() - station_s
    secured.session = None
    resumed = sum(bool(each.session_reused) for each in stations)
    if resumed != (HANDSHAKES if session else 0):
        raise RuntimeError(f"{resumed} of {HANDSHAKES} were resumed")
    for each in stations:
        each.close()
    return _Spent(server_s / HANDSHAKES * 1e6, station_s / HANDSHAKES * 1e6)


def _resumed(port: Served, secured: Secured) -> _Spent:
    """The same with what a connection before has been told; TLS 1.3 does that after it."""
    (first,) = come(port.port, secured, range(1))
    session = first.session
    first.close()
    assert session is not None
    return _spent(port, secured, session)
