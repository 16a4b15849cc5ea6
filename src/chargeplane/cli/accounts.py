"""The accounts of a database, for one command: it works beside a running server, or without one."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import typer

from chargeplane.cli.options import settings_of, store_settings
from chargeplane.runtime.access import Accounts
from chargeplane.runtime.audit import Actor, Note, noted
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Function, Store, tenants

__all__ = [
    "LISTED_MAX", "TENANT_ID", "by_command", "command_of", "print_json", "show", "with_accounts",
    "with_store",
]  # fmt: skip

T = TypeVar("T")

TENANT_ID: UUID = tenants.DEFAULT_TENANT_ID
LISTED_MAX = 1_000
"""Of one list; longer ones are read page by page."""


def with_accounts(
    config: Path | None,
    data: str | None,
    database: str | None,
    work: Callable[[Accounts], Awaitable[T]],
) -> T:
    """Do something with the accounts of the database that the settings name.

    What it changes is in the audit log as the work of whoever is logged in at this machine.

    Raises:
        SettingsError: the settings are wrong.
        StoreError: the database cannot be used.
    """

    async def noticed(store: Store) -> T:
        with by_command(command_of(work)):
            return await work(Accounts(store, SystemClock()))

    return with_store(config, data, database, noticed)


@contextmanager
def by_command(action: str, target: str = "") -> Iterator[Note]:
    """What is written within is in the audit log, as the work of the user of this machine."""
    actor = Actor(TENANT_ID, "command-line", str(os.getuid()), os_user())
    with noted(Note(actor, action, target, SystemClock().now())) as note:
        yield note


def os_user() -> str:
    """Whom the operating system knows; what the environment says anybody may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def with_store(
    config: Path | None,
    data: str | None,
    database: str | None,
    work: Callable[[Store], Awaitable[T]],
) -> T:
    """Do something with the database that the settings name.

    Raises:
        SettingsError: the settings are wrong.
        StoreError: the database cannot be used.
    """
    where = store_settings(settings_of(config, data=data, database=database))

    async def opened() -> T:
        async with Store(where) as store:
            now = SystemClock().now()
            await store.write(Function(lambda c: tenants.ensure(c, TENANT_ID, "default", now)))
            return await work(store)

    return asyncio.run(opened())


def show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows: as one JSON array, or as a table whose lines are never broken."""
    if as_json:
        print_json([{name: row[name] for name in columns} for row in rows])
        return
    lines = [tuple(columns), *(tuple(_cell(row[name]) for name in columns) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def command_of(work: Callable[..., object]) -> str:
    """The command that the work was written for, as in ``tokens create``."""
    function: str = getattr(work, "__qualname__", "").partition(".")[0]
    return f"{work.__module__.rpartition('.')[2]} {function}"


def print_json(value: object) -> None:
    """Print one JSON value; times as RFC 3339."""
    typer.echo(msgspec.json.encode(value))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return _plain(str(value))


def _plain(text: str) -> str:
    """Names are anybody's: no control character reaches the terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)
