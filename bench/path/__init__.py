"""The whole path of a TransactionEvent, from the socket to the answer that is durable.

Beside ours runs the *limit*: a server that only decodes, commits one row and answers, on the same
libraries; and the *example* of the package ``ocpp``, which validates and stores nothing. Each
server has the first processor to itself, the load comes from the other one, every station has one
message on its way. The last rows are of a load that has a rate of its own: half of what ours has
reached. They say how long a station waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.path.load import Figures, load
from bench.path.offered import offer
from bench.path.servers import Server

# Many short ones in turn: what else a machine does changes more from minute to minute than what
# is compared here. The median of their ratios counts.
ROUNDS = 7
ROUND_S = 2.0
STATIONS = (1, 100, 1_000)
PEERS = ("limit", "example")


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield "TransactionEvent of 2.0.1, durable before it is answered (SQLite), one core"
    reached_per_s = 0.0
    for stations in STATIONS:
        rounds = [
            {name: _figures(name, stations) for name in ("ours", *PEERS)} for _ in range(ROUNDS)
        ]
        ours = [each["ours"] for each in rounds]
        yield _line("ours", stations, ours)
        for peer in PEERS:
            theirs = [each[peer] for each in rounds]
            ratio = median(a.per_s / b.per_s for a, b in zip(ours, theirs, strict=True))
            yield f"{_line(peer, stations, theirs)}   ratio {ratio:6.2f}"
        reached_per_s = median(each.per_s for each in ours)
    yield from _offered(STATIONS[-1], reached_per_s / 2)


def _offered(stations: int, per_s: float) -> Iterator[str]:
    """How long a station waits when the server has time."""
    field = per_s * 60 / stations
    yield f"the same, {per_s:,.0f} messages/s offered: {field:,.0f} times one a minute of each"
    for name in ("ours", "limit"):
        rounds = []
        for _ in range(ROUNDS):
            with Server(name, stations) as server:
                rounds.append(offer(server, stations, per_s, ROUND_S))
        yield _line(name, stations, rounds)


def _figures(name: str, stations: int) -> Figures:
    with Server(name, stations) as server:
        return load(server, stations, ROUND_S)


def _line(name: str, stations: int, rounds: list[Figures]) -> str:
    per_s, p50, p99 = (
        median(getattr(each, what) for each in rounds) for what in ("per_s", "p50_ms", "p99_ms")
    )
    cpu = median(each.per_cpu_s for each in rounds)
    commit = median(each.per_commit for each in rounds)
    return (
        f"  {name:<8} {stations:>5} stations {per_s:>9,.0f}/s {cpu:>9,.0f}/cpu-s "
        f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  {commit:5.0f} per commit"
    )
