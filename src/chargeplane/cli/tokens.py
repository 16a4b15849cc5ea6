"""``chargeplane token``: API tokens for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from chargeplane.cli.accounts import LISTED_MAX, TENANT_ID, print_json, show, with_accounts
from chargeplane.cli.exits import Refused, told
from chargeplane.cli.options import AsJson, Config, Data, Database
from chargeplane.runtime.access import Accounts, ApiToken, Role
from chargeplane.runtime.access.credentials import fault_of_name
from chargeplane.runtime.clock import SystemClock

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="API tokens for programs.")

_COLUMNS = ("id", "name", "role", "hint", "created_at", "expires_at")
_EXPIRES_DAYS_MAX = 36_500


@app.command(epilog="Example: chargeplane token create nightly-report --role viewer")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.VIEWER,
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=_EXPIRES_DAYS_MAX, help="Days until it ends; never.")
    ] = None,
    permission: Annotated[
        list[str] | None,
        typer.Option(metavar="AREA:ACTION", help="Only this of the role's; given often: these."),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only at this site; given often: these."),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Make a token and print it. It cannot be shown again."""
    expires_at = None
    if expires_days is not None:
        expires_at = SystemClock().now() + timedelta(days=expires_days)

    async def work(accounts: Accounts) -> tuple[ApiToken, str]:
        return await accounts.add_token(
            TENANT_ID, name, role, expires_at, permissions=permission or None, sites=site or None
        )

    with told():
        if fault := fault_of_name(name):
            raise Refused(fault)
        token, secret = with_accounts(config, data, database, work)
        if as_json:
            members = {column: getattr(token, column) for column in _COLUMNS}
            print_json(members | {"token": secret})
            return
        typer.echo("Keep it now; it cannot be shown again.", err=True)
        typer.echo(secret)


@app.command("list", epilog="Example: chargeplane token list --json")
def list_(
    as_json: AsJson = False, config: Config = None, data: Data = None, database: Database = None
) -> None:
    """List the tokens, without their secrets."""
    with told():
        rows = with_accounts(config, data, database, _all)
        show([row._asdict() for row in rows], _COLUMNS, as_json=as_json)


@app.command(epilog="Example: chargeplane token revoke nightly-report")
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID|NAME")],
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Revoke a token, at once. A name must belong to one token only."""

    async def work(accounts: Accounts) -> None:
        meant = [each for each in await _all(accounts) if token in (str(each.id), each.name)]
        if not meant:
            raise Refused(f"there is no token {token}")
        if len(meant) > 1:
            raise Refused(f"{len(meant)} tokens are named {token}; say which by its id")
        await accounts.remove_token(TENANT_ID, meant[0].id)

    with told():
        with_accounts(config, data, database, work)


async def _all(accounts: Accounts) -> list[ApiToken]:
    found: list[ApiToken] = []
    while page := await accounts.tokens(
        TENANT_ID, count_max=LISTED_MAX, after=found[-1].id if found else None
    ):
        found += page
    return found
