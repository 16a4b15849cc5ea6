"""``chargeplane user``: the people who may log in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chargeplane.cli.accounts import LISTED_MAX, TENANT_ID, show, with_accounts
from chargeplane.cli.exits import Refused, told
from chargeplane.cli.options import AsJson, Config, Data, Database
from chargeplane.runtime.access import Accounts, LastAdministrator, NameTaken, Role, User
from chargeplane.runtime.access.credentials import fault_of_name, fault_of_password, new_password

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The people who may log in.")

_COLUMNS = ("id", "name", "role", "created_at")

Name = Annotated[str, typer.Argument(metavar="NAME")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make a random password and print it, once.")
]


@app.command(epilog="Example: chargeplane user add ada --role operator --generate")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.VIEWER,
    generate: Generate = False,
    password_stdin: FromStdin = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Add a user. The password is asked for, read from standard input, or made."""
    with told():
        if fault := fault_of_name(name):
            raise Refused(fault)
        password = _password(generate, password_stdin)

        async def work(accounts: Accounts) -> User:
            try:
                return await accounts.add_user(TENANT_ID, name, role, password)
            except NameTaken as error:
                raise Refused(f"there is a user {name} already") from error

        with_accounts(config, data, database, work)
        _tell(password, generate, f"{name} can log in.")


@app.command("list", epilog="Example: chargeplane user list --json")
def list_(
    as_json: AsJson = False, config: Config = None, data: Data = None, database: Database = None
) -> None:
    """List the users."""

    async def work(accounts: Accounts) -> list[User]:
        found: list[User] = []
        while page := await accounts.users(
            TENANT_ID, count_max=LISTED_MAX, after=found[-1].id if found else None
        ):
            found += page
        return found

    with told():
        rows = with_accounts(config, data, database, work)
        show([row._asdict() for row in rows], _COLUMNS, as_json=as_json)


@app.command(epilog="Example: chargeplane user remove ada")
def remove(name: Name, config: Config = None, data: Data = None, database: Database = None) -> None:
    """Remove a user and end all sessions of this user."""

    async def work(accounts: Accounts) -> None:
        user = await _known(accounts, name)
        try:
            await accounts.remove_user(TENANT_ID, user.id)
        except LastAdministrator as error:
            raise Refused(str(error)) from error

    with told():
        with_accounts(config, data, database, work)


@app.command(epilog="Example: chargeplane user password admin --generate")
def password(
    name: Name,
    generate: Generate = False,
    password_stdin: FromStdin = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Set a user's password and end all sessions of this user."""
    with told():
        secret = _password(generate, password_stdin)

        async def work(accounts: Accounts) -> None:
            user = await _known(accounts, name)
            await accounts.change_user(TENANT_ID, user.id, password=secret)

        with_accounts(config, data, database, work)
        _tell(secret, generate, f"The password of {name} is changed.")


async def _known(accounts: Accounts, name: str) -> User:
    user = await accounts.user_named(TENANT_ID, name)
    if user is None:
        raise Refused(f"there is no user {name}")
    return user


def _password(generate: bool, from_stdin: bool) -> str:
    if generate:
        return new_password()
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        given = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        raise Refused("no terminal to ask for a password: use --password-stdin or --generate")
    if fault := fault_of_password(given):
        raise Refused(fault)
    return given


def _tell(password: str, generated: bool, message: str) -> None:
    """A made password goes to stdout alone, so that a script can take it."""
    typer.echo(message, err=True)
    if generated:
        typer.echo(password)
