"""``chargeplane station``: the registered stations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from chargeplane.cli.accounts import (
    LISTED_MAX,
    TENANT_ID,
    by_command,
    command_of,
    print_json,
    show,
)
from chargeplane.cli.exits import Refused, told
from chargeplane.cli.options import (
    AsJson,
    Config,
    Data,
    Database,
    secret_keys,
    settings_of,
    store_settings,
)
from chargeplane.csms.provisioning.directory import (
    Directory,
    IdentityTaken,
    Made,
    New,
    PasswordWeak,
    Seen,
)
from chargeplane.csms.provisioning.finding import Wanted
from chargeplane.csms.provisioning.views import NewStation, station_view
from chargeplane.csms.soap_host import SoapHostFault
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import IdentityFault, identity_of_text
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.rest import PageRequest, cursor_of
from chargeplane.runtime.store import Function, Store, tenants

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The registered stations.")
T = TypeVar("T")

_COLUMNS = ("id", "registration", "ocpp_version", "security_profile", "model", "last_seen_at")

StationId = Annotated[str, typer.Argument(metavar="ID", help="The identity, as in its address.")]


@app.command(epilog="Example: chargeplane station add CP1 --security-profile 1")
def add(
    station_id: StationId,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    site: Annotated[str | None, typer.Option(help="Where it stands.")] = None,
    password: Annotated[
        str | None, typer.Option(help="16 to 64 characters; one is made if it is left out.")
    ] = None,
    security_profile: Annotated[
        int, typer.Option(min=0, max=3, help="0: no password, for closed networks; 1.")
    ] = 1,
    soap_host: Annotated[
        str | None,
        typer.Option(
            help="IP address or host name where it listens for SOAP, if it connects from another."
        ),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Register a station, and print its password. It cannot be shown again."""
    with told():
        new = _checked(New(station_id, password, security_profile, site, name, soap_host))

        async def work(directory: Directory) -> Made:
            return await directory.register(TENANT_ID, new)

        try:
            seen, secret = _with_directory(config, data, database, work)
        except PasswordWeak as weak:
            raise Refused(f"the password is refused: {weak}") from weak
        except SoapHostFault as fault:
            raise Refused(f"soap_host: {fault}") from fault
        except IdentityTaken as taken:
            raise Refused(f"there is a station {new.id} already") from taken
        if as_json:
            print_json({"id": new.id, "password": secret})
        elif secret is None:
            typer.echo(f"Station {seen.station.id} may connect without a password.", err=True)
        else:
            typer.echo("Put it into the station now; it cannot be shown again.", err=True)
            typer.echo(secret)


@app.command("list", epilog="Example: chargeplane station list --json")
def list_(
    as_json: AsJson = False, config: Config = None, data: Data = None, database: Database = None
) -> None:
    """List the stations, in the order of their ids."""
    with told():
        found = _with_directory(config, data, database, _all)
        show([each.station._asdict() for each in found], _COLUMNS, as_json=as_json)


@app.command("show", epilog="Example: chargeplane station show CP1")
def show_one(
    station_id: StationId,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Show what is known of a station. Whether it is connected, only the server knows."""

    async def work(directory: Directory) -> Seen | None:
        return await directory.find(TENANT_ID, station_id)

    with told():
        seen = _with_directory(config, data, database, work)
        if seen is None:
            raise Refused(f"there is no station {station_id}")
        facts: dict[str, Any] = msgspec.to_builtins(station_view(seen, False))
        del facts["connected"]
        if as_json:
            print_json(facts)
            return
        evses = facts.pop("evses")
        for heading, value in facts.items():
            typer.echo(f"{heading:<18} {'-' if value is None else value}")
        for evse in evses:
            for connector in evse["connectors"]:
                typer.echo(f"EVSE {evse['id']} connector {connector['id']}: {connector['status']}")


def _checked(new: New) -> New:
    """What was typed, by the rules of the REST interface."""
    body = {key: value for key, value in asdict(new).items() if value is not None}
    try:
        identity_of_text(new.id)
        msgspec.convert(body, NewStation)
    except IdentityFault as fault:
        raise Refused(str(fault)) from fault
    except msgspec.ValidationError as fault:
        text, _, member = str(fault).partition(" - at `$.")
        raise Refused(f"{member.rstrip('`')}: {text}") from fault
    return new


async def _all(directory: Directory) -> list[Seen]:
    found: list[Seen] = []
    page: PageRequest | None = PageRequest(LISTED_MAX)
    while page is not None:
        rows = await directory.registered(TENANT_ID, Wanted(), "id", page)
        found += [row.seen for row in rows[:LISTED_MAX]]
        more = len(rows) > LISTED_MAX
        last = found[-1].station.id if more else ""
        page = PageRequest(LISTED_MAX, cursor_of((last, last))) if more else None
    return found


def _with_directory(
    config: Path | None,
    data: str | None,
    database: str | None,
    work: Callable[[Directory], Awaitable[T]],
) -> T:
    """Do something with the stations of the database that the settings name."""
    settings = settings_of(config, data=data, database=database)
    where = store_settings(settings)

    async def opened() -> T:
        clock = SystemClock()
        async with Store(where) as store:
            passwords = Passwords(secret_keys(settings))  # a wrong folder gets no key of its own
            now = clock.now()
            await store.write(Function(lambda c: tenants.ensure(c, TENANT_ID, "default", now)))
            with by_command(command_of(work)):
                return await work(Directory(store, clock, lambda *_: False, passwords=passwords))

    return asyncio.run(opened())
