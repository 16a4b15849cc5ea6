"""``chargeplane security``: the secret keys of the installation, and their rotation.

    rotate-key    a new key on top of the file; what can be sealed anew is, at once
    keys          what is under which key; how many stations have not come since
    forget-keys   old keys go that nothing is under any more

Each step may be interrupted anywhere and called again: until the old key is forgotten, everything
opens with the keys of the file.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import typer

from chargeplane.cli.accounts import by_command, show, with_store
from chargeplane.cli.exits import Refused, told
from chargeplane.cli.options import (
    SECRET_FILE,
    AsJson,
    Config,
    Data,
    Database,
    secret_keys,
    settings_of,
    vault_of,
)
from chargeplane.csms.security.keys import passwords_by_key, stations_to_come
from chargeplane.runtime.access import Factors
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import PkiFault, Vault
from chargeplane.runtime.secrets import (
    KEY_VARIABLE,
    SecretError,
    Secrets,
    add_key,
    id_of_key,
    keep_keys,
    new_key,
)
from chargeplane.runtime.secrets_stored import sealed_by_key
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import Function, Store

__all__ = ["app", "tell_of_keys"]

_log = logging.getLogger(__name__)
app = typer.Typer(no_args_is_help=True, help="The secret keys of the installation.")
SHOWN_MAX = 20
"""Stations that are named; there may be more."""


@dataclass(frozen=True)
class KeyUse:
    """What is under a key."""

    key: str
    is_current: bool
    secrets: int
    """Second factors and log-ins that are under way."""
    authority_keys: int
    """Private keys of the certificate authority that the current key does not open."""
    station_passwords: int

    @property
    def is_used(self) -> bool:
        """Whether something would be lost with it."""
        return self.is_current or bool(
            self.secrets or self.authority_keys or self.station_passwords
        )


@app.command("rotate-key", epilog="Example: chargeplane security rotate-key")
def rotate_key(
    later: Annotated[
        bool, typer.Option("--later", help="Seal nothing anew: `serve` does.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Make a new secret key, and seal anew what is stored.

    Passwords of stations move when their stations log in. If an earlier call was interrupted, this
    one ends it. A server that runs takes the new key by itself. With keys in the environment, put a
    new one (`new-key`) in front, restart the server and call this.
    """
    with told():
        settings = settings_of(config, data=data, database=database)

        async def work(store: Store) -> list[KeyUse]:
            keys = secret_keys(settings)
            is_resumed = _is_unfinished(await _uses(store, keys, vault_of(settings)))
            with by_command("security rotate-key"):
                await store.write(Function(lambda connection: None))  # it is in the audit log
            if not os.environ.get(KEY_VARIABLE) and not is_resumed:
                keys = _added(settings)
            if not later:
                await _reseal(store, keys, vault_of(settings))
            return await _uses(store, keys, vault_of(settings))

        uses = with_store(config, data, database, work)
        _show(uses, as_json=as_json)
        left = sum(each.station_passwords for each in uses if not each.is_current)
        typer.echo(f"{left} passwords of stations are under older keys.", err=True)


@app.command(epilog="Example: chargeplane security keys --json")
def keys(
    as_json: AsJson = False, config: Config = None, data: Data = None, database: Database = None
) -> None:
    """Show what is under which key. Stations that have not come since a rotation are named."""
    with told():
        settings = settings_of(config, data=data, database=database)

        async def work(store: Store) -> tuple[list[KeyUse], list[str]]:
            found = secret_keys(settings)
            look = partial(
                stations_to_come, key_id=Passwords(found).key_ids[0], count_max=SHOWN_MAX
            )
            return await _uses(store, found, vault_of(settings)), await store.read(look)

        uses, waiting = with_store(config, data, database, work)
        _show(uses, as_json=as_json)
        if waiting:
            typer.echo(f"Not yet under the first key: {', '.join(waiting)}", err=True)


@app.command("forget-keys", epilog="Example: chargeplane security forget-keys")
def forget_keys(
    force: Annotated[
        bool, typer.Option("--force", help="Keep the first alone: what is under others is lost.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Let old keys go that nothing is under any more. Refused while all are in use."""
    with told():
        settings = settings_of(config, data=data, database=database)
        if os.environ.get(KEY_VARIABLE):
            raise Refused(f"the keys are in {KEY_VARIABLE}: `security keys` says which may go")

        async def work(store: Store) -> list[KeyUse]:
            uses = await _uses(store, secret_keys(settings), vault_of(settings))
            kept = {each.key for each in uses if each.is_current or (each.is_used and not force)}
            if len(uses) > 1 and len(kept) == len(uses):
                left = sum(each.station_passwords for each in uses if not each.is_current)
                raise Refused(
                    f"all keys are in use; {left} passwords of stations are under older ones "
                    "(`chargeplane security keys` names them)"
                )
            with by_command("security forget-keys"):
                await store.write(Function(lambda connection: None))
            try:
                left_keys = keep_keys(settings.data / SECRET_FILE, kept)
            except SecretError as error:
                raise Refused(str(error)) from error
            return await _uses(store, left_keys, vault_of(settings))

        _show(with_store(config, data, database, work), as_json=as_json)


@app.command("new-key", epilog="Example: chargeplane security new-key")
def new_key_command() -> None:
    """Print a new key, for the environment of an installation."""
    typer.echo(new_key())


async def tell_of_keys(store: Store, found: Sequence[bytes], vault: Vault) -> None:
    """At a start: encrypt the keys of the authority anew, and log what is under older keys."""
    if len(found) == 1:
        return
    try:
        if count := vault.reseal():
            _log.info("%d keys of the authority are under the new secret key", count)
    except PkiFault as fault:
        _log.error("keys of the authority stay under an old secret key: %s", fault)
    by_key = await store.read(passwords_by_key)
    left = by_key.total() - by_key[Passwords(found).key_ids[0]]
    _log.info("%d passwords of stations are under older secret keys", left)


async def _reseal(store: Store, found: Sequence[bytes], vault: Vault) -> None:
    try:
        vault.reseal()
    except PkiFault as fault:
        raise Refused(str(fault)) from fault
    await Factors(store, SystemClock(), Secrets(found)).reseal()


def _added(settings: Settings) -> list[bytes]:
    try:
        return add_key(settings.data / SECRET_FILE)
    except SecretError as error:
        raise Refused(str(error)) from error


async def _uses(store: Store, found: Sequence[bytes], vault: Vault) -> list[KeyUse]:
    """What is under each key; what is under none that we have is not counted."""
    now = SystemClock().now()
    sealed: Counter[str] = await store.read(partial(sealed_by_key, now=now))
    passwords = await store.read(passwords_by_key)
    stale = vault.stale() if len(found) > 1 else []
    ids = Passwords(found).key_ids
    return [
        KeyUse(
            id_of_key(key),
            number == 0,
            sealed[id_of_key(key)],
            # Which of the older ones it is does not matter: none may go.
            len(stale) if number else 0,
            passwords[ids[number]],
        )
        for number, key in enumerate(found)
    ]


def _is_unfinished(uses: Sequence[KeyUse]) -> bool:
    """Whether an earlier rotation has left something that can be sealed anew."""
    return any(each.secrets or each.authority_keys for each in uses if not each.is_current)


def _show(uses: Sequence[KeyUse], *, as_json: bool) -> None:
    columns = ("key", "is_current", "secrets", "authority_keys", "station_passwords")
    show([asdict(each) for each in uses], columns, as_json=as_json)
