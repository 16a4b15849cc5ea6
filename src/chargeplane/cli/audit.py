"""``chargeplane audit``: the audit log, checked and exported from the database."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
import typer
from sqlalchemy import Connection

from chargeplane.cli.accounts import TENANT_ID, print_json, with_store
from chargeplane.cli.exits import Refused, told
from chargeplane.cli.options import AsJson, Config, Data, Database
from chargeplane.runtime.audit import Entry, Head, check, entries, head
from chargeplane.runtime.store import Store

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The audit log: who did what to what and why.")

STEP_MAX = 1_000


@app.command(epilog="Example: chargeplane audit verify --head 120:9f86d081884c7d65")
def verify(
    known: Annotated[
        str | None,
        typer.Option("--head", metavar="SEQ:DIGEST", help="A head that was kept elsewhere."),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Find a changed, removed or inserted entry. Prints the head of the chain, to be kept."""

    async def work(store: Store) -> Head:
        kept = _head(known) if known else None
        broken, last = await store.read(
            lambda connection: (
                check(connection, TENANT_ID, kept),
                head(connection, TENANT_ID),
            )
        )
        if broken:
            raise Refused(f"the audit log is broken at entry {broken.seq}: {broken.reason}")
        return last

    with told():
        last = with_store(config, data, database, work)
        if as_json:
            print_json({"entries": last.seq, "head": f"{last.seq}:{last.digest}"})
        else:
            typer.echo(f"{last.seq} entries, none changed, removed or inserted.", err=True)
            typer.echo(f"{last.seq}:{last.digest}")


@app.command(epilog="Example: chargeplane audit export > audit.jsonl")
def export(config: Config = None, data: Data = None, database: Database = None) -> None:
    """Print all entries as JSON lines, the oldest first."""

    async def work(store: Store) -> None:
        after = 0
        while page := await store.read(partial(_page, after=after)):
            for entry in page:
                typer.echo(msgspec.json.encode(entry._asdict()))
            after = page[-1].seq

    with told():
        with_store(config, data, database, work)


def _page(connection: Connection, after: int) -> list[Entry]:
    return entries(connection, TENANT_ID, after=after, count_max=STEP_MAX)


def _head(text: str) -> Head:
    seq, _, digest = text.partition(":")
    if not seq.isdigit() or len(digest) != 64:
        raise Refused("write a head as verify prints it: SEQ:DIGEST")
    return Head(int(seq), digest)
