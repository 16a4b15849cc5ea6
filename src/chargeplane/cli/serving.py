"""``chargeplane serve`` and ``chargeplane demo``."""

from __future__ import annotations

import asyncio
import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from chargeplane import __version__
from chargeplane.cli.composition import Announcement, run
from chargeplane.cli.exits import told
from chargeplane.cli.options import Config, Data, Database, origins_of, settings_of
from chargeplane.cli.parts import PARTS
from chargeplane.runtime.settings import (
    LogFormat,
    Settings,
    SettingsError,
    UnknownStations,
    by_source,
)
from chargeplane.runtime.telemetry import configure

__all__ = ["demo", "serve"]

_DEMO_FOLDER = "demo"

Host = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Port of console and REST; 8080.")]
OcppPort = Annotated[int | None, typer.Option(help="Port of stations, plain; 9000.")]
OcppTlsPort = Annotated[int | None, typer.Option(help="Port of stations, TLS; 9443.")]
LegacyPort = Annotated[
    int | None,
    typer.Option("--ocpp-legacy-tls-port", help="Port of 1.6 stations without TLS 1.2; none."),
]
TlsNames = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Host names for own TLS certificates, a,b.")
]
Nats = Annotated[str | None, typer.Option(metavar="URL", help="For several nodes; not served yet.")]
Unknown = Annotated[
    UnknownStations | None,
    typer.Option("--unknown-stations", help="What to do with unregistered stations; refuse."),
]
Profile = Annotated[
    int | None,
    typer.Option("--min-security-profile", help="Refuse stations with a lower one; 1."),
]
Simulated = Annotated[
    bool | None,
    typer.Option("--simulator", help="Virtual stations in the console, for trying out; no."),
]
Log = Annotated[LogFormat | None, typer.Option("--log-format", help="Log lines on stderr; auto.")]


def serve(
    config: Config = None,
    data: Data = None,
    database: Database = None,
    host: Host = None,
    port: Port = None,
    ocpp_port: OcppPort = None,
    ocpp_tls_port: OcppTlsPort = None,
    ocpp_legacy_tls_port: LegacyPort = None,
    tls_names: TlsNames = None,
    nats: Nats = None,
    unknown_stations: Unknown = None,
    min_security_profile: Profile = None,
    simulator: Simulated = None,
    log_format: Log = None,
) -> None:
    """Run the central system.

    It runs until it is told to stop (Ctrl-C, SIGTERM). A new database is made, an older one is
    upgraded, one of a newer program is refused. The first start shows a link that makes the first
    administrator, once.
    """
    flags = _text_of(locals())
    with told():
        _run(settings_of(config, **flags), origins_of(config, **flags), is_demo=False)


def demo(
    config: Config = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    ocpp_port: OcppPort = None,
    ocpp_tls_port: OcppTlsPort = None,
    log_format: Log = None,
) -> None:
    """Run a demonstration on this machine alone.

    It has an embedded database of its own. Every start shows a new password and a new API token.
    """
    flags = _text_of(locals()) | {"database": "", "nats": "", "min_security_profile": 0}
    with told():
        settings = settings_of(config, **flags)
        if not _is_loopback(settings.host):
            raise SettingsError((f"host: a demonstration stays on 127.0.0.1, not {settings.host}",))
        folder = settings.data if data else settings.data / _DEMO_FOLDER
        _run(_with(settings, data=folder), origins_of(config, **flags), is_demo=True)


def _run(settings: Settings, origins: dict[str, str], *, is_demo: bool) -> None:
    configure(settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, _announce, PARTS, is_demo=is_demo, origins=origins))
    except SettingsError as error:
        raise by_source(error, origins) from error


def _announce(ready: Announcement) -> None:
    """Say where everything is. Each line has a heading, so that a program finds its own."""
    lines = {
        "Console": ready.address,
        "REST": f"{ready.address}api/v1 (documentation: {ready.address}api/docs)",
        **ready.addresses,
    }
    if ready.introduced:
        if ready.introduced.setup:
            lines["Set up"] = f"{ready.address}setup#{ready.introduced.setup}"
        if ready.introduced.password:
            lines["Log in"] = f"{ready.introduced.name} {ready.introduced.password}"
        if ready.introduced.token:
            lines["API token"] = ready.introduced.token
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"chargeplane {__version__} is ready.", markup=False)
    for heading, text in lines.items():
        console.print(f"  {heading:<10} {text}", markup=False)
    if ready.introduced:
        shown = "link works" if ready.introduced.setup else "password is shown"
        console.print(f"The {shown} this once. Ctrl-C ends the program.", markup=False)


def _text_of(given: dict[str, Any]) -> dict[str, Any]:
    """Flags as the settings take them: by name, choices as text."""
    return {
        name: str(value) if isinstance(value, StrEnum) else value
        for name, value in given.items()
        if name != "config"
    }


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _with(settings: Settings, *, data: Path) -> Settings:
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return Settings(**(values | {"data": data}))
