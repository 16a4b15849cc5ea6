"""Puts the program together: store, accounts, the given parts, and the web server on top.

What is entered first ends last: when the program is told to stop, the web server takes no more
requests, then the parts end, then the store commits what waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from chargeplane import __version__, web
from chargeplane.cli.demonstration import is_furnished
from chargeplane.cli.exits import Refused, no_port
from chargeplane.cli.log_in import policy_of, provider_of
from chargeplane.cli.options import keyring_of, store_settings
from chargeplane.runtime.access import (
    Accounts,
    Challenges,
    Factors,
    Introduced,
    first_start,
    renew_demo,
    routes,
)
from chargeplane.runtime.access.credentials import fault_of_token
from chargeplane.runtime.audit import api as audit_api
from chargeplane.runtime.bus import Bus
from chargeplane.runtime.clock import Clock, SystemClock
from chargeplane.runtime.keyring import Keyring
from chargeplane.runtime.links import raise_open_files_max, room_for_connections
from chargeplane.runtime.rest import Routes
from chargeplane.runtime.rest.idempotency import forget_expired
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.settings import Settings, SettingsError
from chargeplane.runtime.store import Store, upgrade
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import addresses, configuration

__all__ = [
    "Announcement",
    "Contribution",
    "Foundation",
    "Part",
    "given_token",
    "run",
    "stop_signals",
]

TOKEN_VARIABLE = "CHARGEPLANE_API_TOKEN"


@dataclass(frozen=True)
class Foundation:
    """What every part of the program builds on."""

    settings: Settings
    store: Store
    clock: Clock
    metrics: Metrics
    is_demo: bool
    secrets: Secrets
    keyring: Keyring


@dataclass(frozen=True)
class Contribution:
    """What a part adds to the program while it runs."""

    routes: Sequence[Routes] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    """What to show at the start, by heading: ``{"Stations": "ws://127.0.0.1:9000/ocpp/<id>"}``."""
    bus: Bus | None = None
    """Where it tells what happens; one part has one."""
    cut: Callable[[UUID], None] | None = None
    """Ends what a tenant that was closed has open here, such as the links of its stations."""


Part = Callable[[Foundation], AbstractAsyncContextManager[Contribution]]
"""Begins, contributes, and ends when the context does."""


@dataclass(frozen=True)
class Announcement:
    """The program is ready: how to reach it."""

    address: str
    """Of console and REST, with a slash at the end."""
    addresses: Mapping[str, str]
    introduced: Introduced | None
    """How to log in, at the first start and in a demonstration."""


def given_token(environment: Mapping[str, str]) -> str | None:
    """The administrator's token that the environment sets.

    Raises:
        SettingsError: it cannot be used as a token. It is not repeated in the message.
    """
    token = environment.get(TOKEN_VARIABLE) or None
    if token and (fault := fault_of_token(token)):
        raise SettingsError((f"{TOKEN_VARIABLE}: {fault}",))
    return token


async def run(
    settings: Settings,
    announce: Callable[[Announcement], None],
    parts: Sequence[Part],
    *,
    is_demo: bool = False,
    environment: Mapping[str, str] = os.environ,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run the program until SIGINT or SIGTERM.

    Args:
        settings: all of them.
        announce: called once, when everything serves.
        parts: what runs beside the web server, in the order of their start.
        is_demo: make a new password and token at every start, and show them.
        environment: where the administrator's token may be.
        origins: where settings were set, to be shown; those at their default are missing.

    Raises:
        SettingsError: the token of the environment, or a setting, cannot be used.
        StoreError: the database cannot be used.
        Refused: a port cannot be had, or a demonstration would change an installation.
    """
    if settings.nats:
        raise SettingsError(("nats: this version runs on one node; leave it out",))
    token = given_token(environment)
    provider = provider_of(settings, environment)
    async with stop_signals() as stop, AsyncExitStack() as stack:
        base = await _foundation(settings, is_demo, stack)
        accounts = Accounts(base.store, base.clock, policy=policy_of(settings))
        challenges = Challenges(base.store, base.clock, base.secrets)
        introduced = await first_start(base.store, accounts, base.clock, challenges, token)
        await Factors(base.store, base.clock, base.secrets).reseal()
        if is_demo:
            if introduced is None and not await base.store.read(is_furnished):
                raise Refused(
                    f"{settings.data} has users and is no demonstration, which would give its "
                    "administrator another password; --data names another folder"
                )
            introduced = await renew_demo(accounts, token)
        listening = await _listening(settings, stack)
        contributions = [await stack.enter_async_context(part(base)) for part in parts]
        accounts.tenants.on_closed += [each.cut for each in contributions if each.cut is not None]
        shown = configuration.routes(configuration.configuration(settings, origins, environment))
        of_program = [routes(accounts, base.secrets, provider), audit_api.routes(), shown]
        server = await _served(base, accounts, of_program, contributions, stack, listening)
        announced = {name: it for each in contributions for name, it in each.addresses.items()}
        announce(Announcement(_url(settings.host, server.port), announced, introduced))
        async with asyncio.TaskGroup() as chores:
            chore = chores.create_task(forget_expired(base.store, base.clock))
            await stop.wait()
            chore.cancel()


async def _foundation(settings: Settings, is_demo: bool, stack: AsyncExitStack) -> Foundation:
    where = store_settings(settings)
    keyring = keyring_of(settings)
    secrets = Secrets(keyring.keys, keyring.look)
    keyring.bind(secrets.use)
    await asyncio.to_thread(upgrade, where)
    metrics = Metrics()
    store = await stack.enter_async_context(Store(where, on_commit=metrics.committed))
    metrics.watch(store)
    return Foundation(settings, store, SystemClock(), metrics, is_demo, secrets, keyring)


async def _listening(settings: Settings, stack: AsyncExitStack) -> socket.socket:
    """The port of the console, before a part begins and a station is let in for nothing."""
    host, port = settings.host, settings.port
    try:
        listening = await asyncio.to_thread(web.listening_at, host, port)
    except OSError as error:
        raise no_port(host, port, error, "--port") from error
    stack.callback(listening.close)
    return listening


async def _served(
    base: Foundation,
    accounts: Accounts,
    of_program: Sequence[Routes],
    contributions: Sequence[Contribution],
    stack: AsyncExitStack,
    listening: socket.socket,
) -> web.WebServer:
    announced = {name: it for each in contributions for name, it in each.addresses.items()}
    of_parts = (each for part in contributions for each in part.routes)
    offered = [*of_program, *of_parts, addresses.routes(announced)]
    bus = next((part.bus for part in contributions if part.bus is not None), None)
    app = web.create_app(
        web.Parts(
            base.store,
            base.clock,
            base.metrics,
            accounts.authenticate,
            offered,
            __version__,
            policy=accounts.sessions.policy,
            bus=bus,
            alarms=accounts.alarms,
            recognise=accounts.recognise,
        )
    )
    host, port = base.settings.host, base.settings.port
    most = room_for_connections(raise_open_files_max()).web
    return await stack.enter_async_context(web.WebServer(app, host, port, most, listening))


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set. A second one ends the program at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def ask() -> None:
        stop.set()
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, ask)
    try:
        yield stop
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{port}/"
