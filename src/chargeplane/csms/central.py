"""The central system: all blocks, the gateway and the ports of stations, put together.

The only place that knows every block, and that introduces them to each other.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from chargeplane.csms import (
    authorization,
    availability,
    data_transfer,
    metering,
    provisioning,
    remote_control,
    transactions,
)
from chargeplane.csms.authorization import Authorizer, UnknownTokens
from chargeplane.csms.contract import Block, Station
from chargeplane.csms.gateway.admission import Admission
from chargeplane.csms.gateway.desk import Desk
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.csms.gateway.meter import Meter
from chargeplane.csms.gateway.soap import SoapEndpoint
from chargeplane.csms.gateway.soap_stations import SoapStations
from chargeplane.csms.housekeeping import Housekeeping, Retention
from chargeplane.csms.journal import note
from chargeplane.csms.remote_control import RemoteStarts
from chargeplane.csms.transactions import Transactions
from chargeplane.csms.transactions.listing import one
from chargeplane.domain.commands import Command, Outcome
from chargeplane.runtime.bus import Bus, Relay
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import (
    CloseCode,
    Listener,
    ListenerSettings,
    Transport,
    default_transport,
    raise_open_files_max,
)
from chargeplane.runtime.rest import Routes
from chargeplane.runtime.settings import UnknownStations
from chargeplane.runtime.store import Store, StoreError
from chargeplane.runtime.telemetry import Metrics

__all__ = ["CentralSystem", "Options"]

_log = logging.getLogger(__name__)
# Of all that the process may open: for the database, the web server, and telling those who are one
# too many why they are turned away.
OTHER_FILES = 512


@dataclass(frozen=True)
class Options:
    """What can be chosen about a central system."""

    unknown_stations: UnknownStations = UnknownStations.REFUSE
    min_security_profile: int = 0
    unknown_tokens: UnknownTokens = UnknownTokens.REJECT
    heartbeat_interval_s: int = 300
    retry_interval_s: int = 60
    transport: Transport = field(default_factory=default_transport)
    retention: Retention = field(default_factory=Retention)
    loopback_allowed: bool = False
    """Whether SOAP stations may be called on this machine; see ``gateway.soap_routes``."""


class CentralSystem:
    """Serves stations, and offers routes for people and programs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        options: Options | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Made of a store and a clock; ``start`` and ``listen`` follow."""
        options = options or Options()
        self.bus = Bus()
        self.bus.listen(note)
        self._relay = Relay(store, self.bus, clock)
        self._housekeeping = Housekeeping(store, clock, options.retention)
        self._store = store
        self.transactions = Transactions(store)
        self.blocks = self._blocks(store, clock, options)
        self.gateway = Gateway(self.blocks, store, self.bus, clock, meter=Meter(metrics))
        self._soap = SoapStations(self.gateway, loopback_allowed=options.loopback_allowed)
        self.desk = Desk(self.gateway, self.blocks, self._soap)
        admission = Admission(
            store,
            clock,
            unknown=options.unknown_stations,
            min_security_profile=options.min_security_profile,
        )
        self.listener = Listener(
            admission,
            self.gateway.opened,
            respond=SoapEndpoint(self.gateway, admission, self._soap),
            settings=ListenerSettings(
                connections_max=max(raise_open_files_max() - OTHER_FILES, OTHER_FILES)
            ),
            transport=options.transport,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def _blocks(self, store: Store, clock: Clock, options: Options) -> tuple[Block, ...]:
        authorizer = Authorizer(
            store, clock, self.transactions.active_count, options.unknown_tokens
        )
        starts = RemoteStarts(clock)
        transactions_block, of_transaction = transactions.block(
            self.transactions, authorizer, starts.match
        )
        return (
            provisioning.block(
                store,
                clock,
                is_connected=self.is_connected,
                send=self.send,
                disconnect=self.disconnect,
                heartbeat_interval_s=options.heartbeat_interval_s,
                retry_interval_s=options.retry_interval_s,
            ),
            authorization.block(authorizer),
            availability.block(store),
            transactions_block,
            metering.block(of_transaction),
            remote_control.block(starts, self.wire_id),
            data_transfer.block(),
        )

    @property
    def routes(self) -> tuple[Routes, ...]:
        """The routes of all blocks."""
        return tuple(each for block in self.blocks for each in block.routes)

    async def start(self) -> None:
        """Begin what runs beside the stations."""
        for work in (self._relay.run(), self._housekeeping.run()):
            self._tasks.append(asyncio.create_task(work))
        self._soap.start()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Open a port for stations; its number."""
        return await self.listener.listen(host, port, tls)

    async def stop(self) -> None:
        """Let the stations go, and give everything to the store."""
        for task in self._tasks:
            task.cancel()
        await self.listener.drain()
        await self._soap.stop()
        await self.gateway.drain()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._relay.finish()
        except StoreError as error:
            _log.warning("the last events will be told again at the next start: %s", error)

    # What blocks and others may ask -----------------------------------------------------------

    def is_connected(self, tenant_id: UUID, station_id: str) -> bool:
        """Whether a station can be reached now."""
        return self.gateway.is_connected(tenant_id, station_id)

    async def send(self, tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        """Carry out a command (``contract.Send``)."""
        return await self.desk(tenant_id, station_id, command)

    def disconnect(self, tenant_id: UUID, station_id: str) -> None:
        """End a station's connection, so that it comes back under what is true now."""
        conversation = self.gateway.conversation(tenant_id, station_id)
        if conversation is not None:
            conversation.link.close(CloseCode.POLICY_VIOLATION, "the station has changed")
        self._soap.disconnect(tenant_id, station_id, "the station has changed")

    async def wire_id(self, station: Station, transaction_id: str) -> str | None:
        """What a station calls a transaction of ours; None if it has no such one."""
        try:
            wanted = UUID(transaction_id)
        except ValueError:
            return None
        row = await self._store.read(
            partial(one, tenant_id=station.tenant_id, transaction_id=wanted)
        )
        return row["wire_id"] if row is not None and row["station_id"] == station.id else None
