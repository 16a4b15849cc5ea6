"""Stations as a load at a rate of its own, however fast the server is.

In a closed loop of a thousand stations, each with a message on its way at any time, a message takes
as long as a thousand messages take (Little's law): that says how fast the server is and nothing
about how long a station waits. Here the messages of all stations are due at even times. Each is
timed from when it was due, so that a server that falls behind cannot hide it.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from typing import TYPE_CHECKING

from bench.path.load import Figures, connect, event, figures

if TYPE_CHECKING:
    from bench.path.servers import Server

WARM_UP_S = 1.0
_SPIN_S = 0.001  # epoll waits no shorter


def offer(server: Server, stations: int, per_s: float, duration_s: float) -> Figures:
    """Let the stations talk in turn, so many messages a second, and measure after a while."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    fleet = [connect(server.port, station) for station in range(stations)]
    for station, connection in enumerate(fleet):
        connection.sendall(event(station, 0))
    for connection in fleet:
        connection.recv(4_096)
    poll, numbers = select.epoll(), {each.fileno(): n for n, each in enumerate(fleet)}
    for connection in fleet:
        poll.register(connection, select.EPOLLIN)
    waiting: list[deque[float]] = [deque() for _ in fleet]  # when each was due, the first one sent
    took: list[float] = []
    begin = time.perf_counter()
    start, end = begin + WARM_UP_S, begin + WARM_UP_S + duration_s
    cpu_s, commits, sent, is_warm = 0.0, 0, 0, False
    while (now := time.perf_counter()) < end:
        if not is_warm and now >= start:
            is_warm, cpu_s, commits = True, server.cpu_s(), server.commits()
            took.clear()
        due = begin + sent / per_s
        if due <= now:
            station = sent % stations
            waiting[station].append(due)
            if len(waiting[station]) == 1:
                fleet[station].sendall(event(station, 1 + sent // stations))
            sent += 1
        pause_s = due - now
        for number, _ in poll.poll(pause_s if pause_s > _SPIN_S else 0):
            station = numbers[number]
            if b'[3,"' not in (answer := fleet[station].recv(4_096)):
                raise RuntimeError(f"station {station} was told {answer!r}")
            took.append(time.perf_counter() - waiting[station].popleft())
            if waiting[station]:
                seq_no = 1 + (sent - 1 - station) // stations - (len(waiting[station]) - 1)
                fleet[station].sendall(event(station, seq_no))
    found = figures(server, took, time.perf_counter() - start, cpu_s, commits)
    for connection in fleet:
        connection.close()
    return found
