"""The parts of the program, in the order of their start.

Whoever opens a database imports this as well: it is what makes the tables of all parts known.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from chargeplane.cli.composition import Contribution, Foundation, Part
from chargeplane.cli.demonstration import DAY, MEMBERS, SPEED, TOKENS, furnish, keep_reserved
from chargeplane.cli.doors import Doors, check_files, on_hangup
from chargeplane.cli.exits import Refused
from chargeplane.cli.issuing import (
    est_issuers,
    ocsp_checks,
    revocation_lists,
    station_authorities,
)
from chargeplane.cli.options import vault_of
from chargeplane.cli.rotation import Rotation
from chargeplane.cli.security import tell_of_keys
from chargeplane.cli.simulation.simulator import simulator
from chargeplane.csms.central import CentralSystem
from chargeplane.csms.options import Options
from chargeplane.runtime.links import raise_open_files_max
from chargeplane.runtime.process import tune
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import Function
from chargeplane.station import Fleet

__all__ = ["PARTS"]

_log = logging.getLogger(__name__)


def files_url(settings: Settings, *, is_demo: bool) -> str:
    """Where stations send and fetch files; empty: nobody can tell.

    Without a public address it is that of the web server, unless that listens on all addresses:
    then only the stations of a demonstration, which live here, know which one to take.
    """
    if settings.public_url:
        return f"{settings.public_url.rstrip('/')}/api/v1"
    host = settings.host
    if host in {"0.0.0.0", "::", ""}:
        host = "127.0.0.1" if is_demo else ""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}/api/v1" if host else ""


@asynccontextmanager
async def central_system(base: Foundation) -> AsyncIterator[Contribution]:
    """The central system, and the port of stations."""
    settings = base.settings
    check_files(settings)
    vault = vault_of(settings, base.keyring)
    rotation = Rotation(base.keyring, base.store, base.clock, base.secrets, vault)
    await tell_of_keys(base.store, base.keyring.keys, vault)
    options = Options(
        unknown_stations=settings.unknown_stations,
        min_security_profile=settings.min_security_profile,
        loopback_allowed=base.is_demo,
        passwords=rotation.passwords,
        vault=vault if vault.exists else None,
        issuers=est_issuers(settings, os.environ, vault, base.clock),
        lists=revocation_lists(settings, vault, base.clock),
        checks=ocsp_checks(settings, base.clock),
        authorities=partial(station_authorities, settings, vault),
        files=settings.data / "files",
        public_url=f"{settings.public_url.rstrip('/')}/api/v1" if settings.public_url else "",
        files_url=files_url(settings, is_demo=base.is_demo),
        ocsp_hosts=tuple(filter(None, map(str.strip, settings.ocsp_hosts.split(",")))),
        tells_unknown=settings.tell_unknown_stations,
        signed_firmware_only=settings.signed_firmware_only,
    )
    central = CentralSystem(base.store, base.clock, options, base.metrics)
    doors = Doors(settings, central.listener, vault, base.clock)
    await central.start()
    try:
        shown = await doors.open()
    except Refused:
        await central.stop()
        raise
    on_hangup(doors.reload, rotation.look)
    chores = [doors.watch(), rotation.watch()]
    if base.is_demo:
        chores.append(keep_reserved(base.store, base.clock, central.send))
    watching = [asyncio.create_task(each) for each in chores]
    tune()
    most = central.listener.settings.connections_max
    files = raise_open_files_max()
    _log.info("stations may connect", extra={"connections_max": most, "files_max": files})
    try:
        yield Contribution(central.routes, shown, central.bus, central.cut)
    finally:
        for task in watching:
            task.cancel()
        await central.stop()


@asynccontextmanager
async def virtual_stations(base: Foundation) -> AsyncIterator[Contribution]:
    """In a demonstration: stations of every version, with drivers."""
    if not base.is_demo:
        yield Contribution()
        return
    await base.store.write(Function(partial(furnish, now=base.clock.now())))
    at = f"{base.settings.host}:{base.settings.ocpp_port}"
    fleet = Fleet(
        MEMBERS,
        url=f"ws://{at}/ocpp",
        soap_url=f"http://{at}/soap",
        tokens=TOKENS,
        speed=SPEED,
        day=DAY,
    )
    living = asyncio.create_task(fleet.run())
    living.add_done_callback(_note_crash)
    try:
        yield Contribution(
            addresses={"Virtual": f"{len(MEMBERS)} stations charge, {SPEED:.0f} times as fast"}
        )
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)  # a crash was told when it happened


def _note_crash(living: asyncio.Task[None]) -> None:
    """Stations that are gone would be a riddle otherwise."""
    if not living.cancelled() and (error := living.exception()) is not None:
        _log.error("the virtual stations have ended", exc_info=error)


PARTS: tuple[Part, ...] = (central_system, virtual_stations, simulator)
