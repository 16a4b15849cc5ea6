"""What is asked of the operating system for each connection, and for the process."""

from __future__ import annotations

import resource
import socket
from typing import Final, NamedTuple

__all__ = ["Room", "raise_open_files_max", "room_for_connections", "tune_socket"]

# The system notices a dead peer by itself, for links whose pings are off and for peers that neither
# read nor close: probes after a minute, the end after a minute without any acknowledgement.
_OPTIONS: tuple[tuple[str, int], ...] = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPINTVL", 20),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 60_000),
)


def tune_socket(connection: socket.socket | None) -> None:
    """Have the system watch a connection. Options that it does not know are left out.

    What is set of a socket that listens holds for each connection that it accepts.
    """
    if connection is None or connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def raise_open_files_max() -> int:
    """Let the process open as many files as it may; how many that is.

    Each connection is a file. Call it once at start, say the number, and hold the connections of a
    listener below it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft


OTHER_FILES: Final = 2_048
"""Of all that the process may open, where that is enough: what stations leave to others."""
_WEB_MAX: Final = 1_000
_OVER_MAX: Final = 128


class Room(NamedTuple):
    """How many connections there may be, so that each of them finds a file.

    What is left is for the database, requests of ours and files that are read and written.
    """

    stations: int
    of_one_source: int
    stations_over: int
    """Stations that are one too many, and are told so."""
    web: int


def room_for_connections(files_max: int) -> Room:
    """What to make of so many files. One address never takes all that there is for stations."""
    others = min(OTHER_FILES, files_max // 2)
    stations = files_max - others
    return Room(
        stations,
        of_one_source=min(5_000, stations // 2),
        stations_over=min(_OVER_MAX, others // 8),
        web=min(_WEB_MAX, others // 2),
    )
