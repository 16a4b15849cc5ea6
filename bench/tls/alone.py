"""What a handshake costs the server in OpenSSL alone: both ends in memory, only one is timed.

The lower quartile is told: whoever else uses the machine makes the rest slower.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles

from bench.tls.pki import certificates_in, trusted_in
from bench.tls.stations import Secured
from chargeplane.runtime.links import server_context

HANDSHAKES = 200


def alone(folder: Path) -> Iterator[str]:
    """The lines of the report."""
    yield "OpenSSL alone, microseconds of the server for each handshake"
    for name, version in (("1.3", ssl.TLSVersion.TLSv1_3), ("1.2", ssl.TLSVersion.TLSv1_2)):
        for mutual in (False, True):
            secured = Secured(folder, mutual=mutual)
            found = {
                "as it is": _quartile_us(_context(folder, version), secured.context),
                "2 tickets": _quartile_us(_context(folder, version, 2), secured.context),
                "resumed": _quartile_us(
                    _context(folder, version, 2), secured.context, resumes=True
                ),
            }
            title = f"{'mutual ' if mutual else ''}TLS {name}"
            figures = "   ".join(f"{what} {each:>4.0f}" for what, each in found.items())
            yield f"  {title:<16} {figures}"


def _context(folder: Path, version: ssl.TLSVersion, tickets: int | None = None) -> ssl.SSLContext:
    context = server_context(certificates_in(folder), trusted=trusted_in(folder))
    context.minimum_version = context.maximum_version = version
    if tickets is not None:
        context.num_tickets = tickets
    return context


def _quartile_us(server: ssl.SSLContext, client: ssl.SSLContext, *, resumes: bool = False) -> float:
    session: ssl.SSLSession | None = None
    took_s = []
    for number in range(HANDSHAKES):
        end, spent_s = _shaken(server, client, session)
        if end.session_reused != (resumes and number > 0):
            raise RuntimeError("a session was resumed that should not be, or the other way round")
        session = end.session if resumes else None
        took_s.append(spent_s)
    return quantiles(took_s)[0] * 1e6


def _shaken(
    server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[ssl.SSLObject, float]:
    """The client's end, and what the server's took."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname="localhost", session=session)
    start_s = time.process_time()
    far = server.wrap_bio(to_server, to_client, server_side=True)
    spent_s = time.process_time() - start_s
    is_near_ready = is_far_ready = False
    while not (is_near_ready and is_far_ready):
        is_near_ready = is_near_ready or _is_ready(near.do_handshake)
        start_s = time.process_time()
        is_far_ready = is_far_ready or _is_ready(far.do_handshake)
        spent_s += time.process_time() - start_s
    far.write(b".")  # the tickets of TLS 1.3 come in front of it
    near.read(1)
    return near, spent_s


def _is_ready(shake: Callable[[], None]) -> bool:
    try:
        shake()
    except ssl.SSLWantReadError:
        return False
    return True
