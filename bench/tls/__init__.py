"""TLS on the port for stations: what it adds to the bare transport, what is dear in it, and storms.

Each server runs in a process of its own on the first processor, with the same certificates and the
same context; the load comes from the last one. What counts is upgrades for each second of the
server's processor time. Beside ours run *picows*, the transport alone with the HTTP reader and the
server of its own, and *bare*: TLS on the event loop, and one fixed answer to whatever comes. Then
it is told what a connection holds in memory, and how long 5,000 stations need until they are all
back after a restart, booted and durable. Linux only.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.tls.alone import alone
from bench.tls.pki import prepared
from bench.tls.restart import restarted
from bench.tls.serving import PROCESSORS, Served, served
from bench.tls.stations import AT_ONCE, Secured, come
from chargeplane.runtime.links import raise_open_files_max

ROUNDS = 5
HANDSHAKES = 250
HELD_FEW, HELD = 200, 1_200
PEERS = "picows", "bare"


def run() -> Iterator[str]:
    """The lines of the report."""
    raise_open_files_max()
    os.sched_setaffinity(0, {max(PROCESSORS)})
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder)
        yield f"upgrades for each cpu-s of the server, {AT_ONCE} at a time"
        for title, secured in _both(folder):
            yield from _compared(title, folder, secured)
        yield from alone(folder)
        yield "memory for each connection that is held: at first, and when all have come again"
        for title, secured in _both(folder):
            yield f"  {title:<12} " + "   ".join(
                f"{kind} {_held_kb(folder, kind, secured)} kB" for kind in ("ours", *PEERS)
            )
    yield from restarted()


def _both(folder: Path) -> Iterator[tuple[str, Secured]]:
    yield "TLS", Secured(folder, mutual=False)
    yield "mutual TLS", Secured(folder, mutual=True)


def _compared(title: str, folder: Path, secured: Secured) -> Iterator[str]:
    """Ours and the peers in turn; then what tickets cost and what they bring."""
    servers = {kind: served(folder, kind) for kind in ("ours", *PEERS)}
    servers["ours, 2 tickets"] = served(folder, "ours", tickets=2)
    try:
        rounds = [
            {kind: _rate(each, secured) for kind, each in servers.items()} for _ in range(ROUNDS)
        ]
        resumed = [_rate(servers["ours, 2 tickets"], secured, resumes=True) for _ in range(ROUNDS)]
    finally:
        for each in servers.values():
            each.stop()
    yield f"  {title:<12} ours {median(each['ours'] for each in rounds):>7,.0f}/s"
    for peer in PEERS:
        ratio = median(each["ours"] / each[peer] for each in rounds)
        rate = median(each[peer] for each in rounds)
        yield f"  {'':<12} {peer:<16} {rate:>7,.0f}/s   ratio {ratio:5.2f}"
    with_tickets = median(each["ours, 2 tickets"] for each in rounds)
    yield f"  {'':<12} ours, 2 tickets  {with_tickets:>7,.0f}/s"
    yield f"  {'':<12} resumed by them  {median(resumed):>7,.0f}/s"


def _rate(port: Served, secured: Secured, *, resumes: bool = False) -> float:
    """Upgrades for each second of the server's processor time."""
    secured.session = _session(port, secured) if resumes else None
    start_s = port.cpu_s()
    held = come(port.port, secured, range(HANDSHAKES))
    spent_s = port.cpu_s() - start_s
    secured.session = None
    resumed = sum(bool(each.session_reused) for each in held)
    if resumed != (HANDSHAKES if resumes else 0):
        raise RuntimeError(f"{resumed} of {HANDSHAKES} were resumed")
    for each in held:
        each.close()
    return HANDSHAKES / spent_s


def _session(port: Served, secured: Secured) -> ssl.SSLSession:
    """What a connection can be resumed with; TLS 1.3 tells it after the handshake."""
    (first,) = come(port.port, secured, range(1))
    session = first.session
    first.close()
    assert session is not None
    return session


def _held_kb(folder: Path, kind: str, secured: Secured) -> str:
    """What one more connection adds to the memory of a server."""
    port = served(folder, kind)
    try:
        held = come(port.port, secured, range(HELD_FEW))
        before = port.memory_kb()
        held += come(port.port, secured, range(HELD_FEW, HELD))
        first = port.memory_kb() - before
        for each in held:
            each.close()
        held = come(port.port, secured, range(HELD))
        again = port.memory_kb() - before
        for each in held:
            each.close()
    finally:
        port.stop()
    return f"{first / (HELD - HELD_FEW):.0f}, {again / (HELD - HELD_FEW):.0f}"
