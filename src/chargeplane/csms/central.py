"""The central system: all blocks, the gateway and the ports of stations, put together.

The only place that knows every block, and that introduces them to each other.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from uuid import UUID

from cryptography import x509
from sqlalchemy import Connection

from chargeplane.csms import (
    authorization,
    availability,
    certificates,
    data_transfer,
    diagnostics,
    files,
    firmware,
    flight_recorder,
    metering,
    overview,
    preference,
    provisioning,
    remote_control,
    repairs,
    reservation,
    security,
    site,
    transactions,
)
from chargeplane.csms.authorization import Authorizer
from chargeplane.csms.certificates import (
    Certificates,
    HttpResponders,
    Renewals,
)
from chargeplane.csms.contract import Block, Station
from chargeplane.csms.files import Files, Tidying
from chargeplane.csms.firmware import Campaigns, Firmware, Images
from chargeplane.csms.gateway.admission import Admission
from chargeplane.csms.gateway.desk import Desk
from chargeplane.csms.gateway.dispatcher import outbox_row
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.csms.gateway.meter import Meter
from chargeplane.csms.gateway.redaction import redacted
from chargeplane.csms.gateway.soap import SoapEndpoint
from chargeplane.csms.gateway.soap_stations import SoapStations
from chargeplane.csms.housekeeping import Housekeeping
from chargeplane.csms.journal import NOTED, note
from chargeplane.csms.options import Options
from chargeplane.csms.overview import Overview
from chargeplane.csms.preference import Chosen
from chargeplane.csms.preferences import Preferences
from chargeplane.csms.pulse import HEARD, Pulse
from chargeplane.csms.remote_control import RemoteStarts
from chargeplane.csms.reservation import Reservations
from chargeplane.csms.security import (
    Changes,
    ForeignTransactions,
    Recorder,
    Signatures,
    Trail,
)
from chargeplane.csms.transactions import (
    Posting,
    Transactions,
    active_count,
    day,
    samples_after,
)
from chargeplane.csms.transactions.listing import one
from chargeplane.csms.transactions.owners import owners
from chargeplane.domain.commands import Command, Outcome
from chargeplane.domain.events import (
    Event,
    SecurityEventNoted,
    StationConnected,
    TransactionStarted,
)
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.bus import Bus, Published, Relay
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import (
    CloseCode,
    Listener,
    ListenerSettings,
    raise_open_files_max,
    room_for_connections,
)
from chargeplane.runtime.pki import Vault, der_of, organization
from chargeplane.runtime.rest import Routes
from chargeplane.runtime.store import Function, Row, Rows, Store, StoreError, new_id
from chargeplane.runtime.store.rows import write_rows
from chargeplane.runtime.telemetry import Metrics

__all__ = ["CentralSystem"]

_log = logging.getLogger(__name__)
ADMITTED_S_MAX = 10.0
"""So long after its admission the link of a station may come up."""


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
        self.bus.listen(note, *NOTED)
        self.pulse = Pulse(clock)
        self.bus.listen(self.pulse.hear, *HEARD)
        self._relay = Relay(store, self.bus, clock, (samples_after,))
        preferred = Preferences(unknown_tokens=options.unknown_tokens)
        self.preferences = Chosen(store, clock, preferred)
        self._housekeeping = Housekeeping(store, clock, options.retention, self.preferences)
        self._store = store
        self._posting = Posting(store, may_post=lambda: not self._relay.is_behind)
        self.transactions = Transactions(store, self._posting, options.draw)
        self._passwords = options.passwords
        self.recorder = Recorder(store, clock, self.tell)
        self.certificates = self._certificates(clock, options)
        self.renewals = Renewals(store, clock, self.send, self._here, options.authorities)
        self.bus.listen(self.renewals.heard, *certificates.HEARD)
        self.changes = Changes(
            store,
            clock,
            self.send,
            self.disconnect,
            self._passwords,
            self.recorder,
            self.certificates.has_valid,
        )
        self.bus.listen(self.changes.heard, StationConnected)
        self.foreign = ForeignTransactions(store, owners, self.recorder, self._is_1x)
        self.bus.listen(self.foreign.hear, TransactionStarted)
        self.bus.listen(Trail(store, clock).hear, SecurityEventNoted)
        self.signatures = Signatures(store, clock, self.recorder, self.certificates.issued_to)
        self.certificates.on_change = self.signatures.refresh
        url = options.files_url or options.public_url
        self.files = Files(store, clock, options.files, self.recorder, url)
        self._tidying = Tidying(
            store, clock, options.files, (self.files.shelf.folder, firmware.files_named)
        )
        self.firmware = Firmware(store, clock, self.files, signed_only=options.signed_firmware_only)
        self._campaigns = Campaigns(self.firmware, self.send, self.is_connected, self.tell)
        self.images = self._images(clock, options)
        self.bus.listen(self._campaigns.heard, *firmware.HEARD)
        self.reservations = Reservations(store, clock, self.tell_of, options.draw)
        self.bus.listen(self.reservations.hear, *reservation.HEARD)
        self.blocks = self._blocks(store, clock, options)
        self.gateway = Gateway(
            self.blocks,
            store,
            self.bus,
            clock,
            meter=Meter(metrics),
            notify=self.recorder,
            check_signature=self.signatures.check,
        )
        self._soap = SoapStations(self.gateway, loopback_allowed=options.loopback_allowed)
        self.desk = Desk(self.gateway, self.blocks, self._soap)
        self.listener = self._listener(store, clock, options)
        self._tasks: list[asyncio.Task[None]] = []

    def _certificates(self, clock: Clock, options: Options) -> Certificates:
        return Certificates(
            self._store,
            clock,
            options.vault,
            self.send,
            self.recorder,
            options.public_url,
            options.issuers,
            options.lists,
            self,
            options.checks,
        )

    def _images(self, clock: Clock, options: Options) -> Images:
        images = Images(self._store, clock, self.files, self.recorder, self._is_revoked)
        if options.lists is not None:
            options.lists.others = images.roots.all
        return images

    def _listener(self, store: Store, clock: Clock, options: Options) -> Listener:
        admission = Admission(
            store,
            clock,
            unknown=options.unknown_stations,
            min_security_profile=options.min_security_profile,
            passwords=self._passwords,
            notify=self.recorder,
            is_revoked=self.certificates.is_refused,
            operator=operator_of(options.vault),
            tells_unknown=options.tells_unknown,
            renewals=self.renewals,
        )
        room = room_for_connections(raise_open_files_max())
        return Listener(
            admission,
            self.gateway.opened,
            respond=SoapEndpoint(self.gateway, admission, self._soap),
            settings=ListenerSettings(
                connections_max=room.stations,
                per_source_max=room.of_one_source,
                over_max=room.stations_over,
            ),
            transport=options.transport,
        )

    def _blocks(self, store: Store, clock: Clock, options: Options) -> tuple[Block, ...]:
        active = self.transactions.active_count
        authorizer = Authorizer(store, clock, active, self.preferences)
        starts = RemoteStarts(clock, options.draw)
        transactions_block, *of_transaction = transactions.block(
            self.transactions, authorizer, starts.match, store, clock, self.tell
        )
        return (
            provisioning.block(
                store,
                clock,
                is_connected=self.is_connected,
                send=self.send,
                disconnect=self.disconnect,
                power_w=self.pulse.power_w,
                redact=redacted,
                preferences=self.preferences,
                passwords=self._passwords,
            ),
            flight_recorder.block(store),
            repairs.block(store),
            authorization.block(authorizer),
            availability.block(store),
            transactions_block,
            metering.block(*of_transaction),
            remote_control.block(starts, self.wire_id),
            reservation.block(self.reservations, store, self.send),
            data_transfer.block(),
            security.block(self.changes, self.signatures),
            certificates.block(
                self.certificates,
                self._ask,
                self.renewals,
                responders=HttpResponders(options.ocsp_hosts),
                contracts=options.contracts,
            ),
            files.block(self.files),
            diagnostics.block(store, clock, self.files),
            firmware.block(self.firmware, self.images, self._campaigns),
            site.block(store, self.is_connected, self.pulse.drawing),
            preference.block(self.preferences),
            overview.block(self._overview(store, clock)),
        )

    def _overview(self, store: Store, clock: Clock) -> Overview:
        """The overview, with all that know of something that comes."""
        found = Overview(
            store,
            clock,
            self.pulse,
            self.is_connected,
            day,
            active_count,
            (authorization.expiring, certificates.coming, reservation.coming, firmware.coming),
            security.alerts,
        )
        self.bus.listen(found.hear, *overview.HEARD)
        return found

    @property
    def routes(self) -> tuple[Routes, ...]:
        """The routes of all blocks."""
        return tuple(each for block in self.blocks for each in block.routes)

    async def start(self) -> None:
        """Begin what runs beside the stations."""
        await self.preferences.load()
        await self.images.roots.load()
        await self.certificates.load()
        await self.renewals.load()
        await self.signatures.load()
        for work in (
            self._relay.run(),
            self._housekeeping.run(),
            self.preferences.run(),
            self.reservations.run(),
            self.changes.run(),
            self.certificates.run(),
            self._tidying.run(),
            self._campaigns.run(),
        ):
            self._tasks.append(asyncio.create_task(work))
        self._soap.start()

    async def listen(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, entrance: object = None
    ) -> int:
        """Open a port for stations; its number."""
        return await self.listener.listen(host, port, tls, entrance)

    async def stop(self) -> None:
        """Let the stations go, and give everything to the store."""
        for task in self._tasks:
            task.cancel()
        await self.listener.drain()
        await self._soap.stop()
        await self.gateway.drain()
        self._posting.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.renewals.stop()
        await self.certificates.stop()
        await self.foreign.settle()
        await self.reservations.settle()
        await self.recorder.stop()
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

    async def _ask(self, station: Station, request: Request) -> Response | Outcome:
        """Ask a station on behalf of a block (``contract.Asker``)."""
        return await self.desk.ask(station, request)

    async def tell(self, tenant_id: UUID, rows: tuple[Row, ...], events: tuple[Event, ...]) -> None:
        """Make rows and events durable together, and then tell the events."""
        published = [Published(tenant_id, new_id(), event) for event in events]
        told = [outbox_row(each, each.event) for each in published]
        await self._store.write(Rows((*rows, *told)))
        self.bus.publish(published)

    async def tell_of(
        self, tenant_id: UUID, work: Callable[[Connection], Sequence[Event]]
    ) -> Sequence[Event]:
        """Do some work in the writer's transaction, and tell the events that it gives back.

        They are durable together with it.
        """

        def both(connection: Connection) -> list[Published]:
            published = [Published(tenant_id, new_id(), event) for event in work(connection)]
            write_rows(connection, [outbox_row(each, each.event) for each in published])
            return published

        told = await self._store.write(Function(both))
        self.bus.publish(told)
        return [each.event for each in told]

    def disconnect(self, tenant_id: UUID, station_id: str) -> None:
        """End a station's connection, so that it comes back under what is true now."""
        conversation = self.gateway.conversation(tenant_id, station_id)
        if conversation is not None:
            conversation.link.close(CloseCode.POLICY_VIOLATION, "the station has changed")
        self._soap.disconnect(tenant_id, station_id, "the station has changed")

    def cut(self, tenant_id: UUID) -> None:
        """End the connections of all stations of a tenant that was closed just now.

        And once more a little later: those of stations that were admitted a moment before.
        """
        self._cut(tenant_id)
        asyncio.get_running_loop().call_later(ADMITTED_S_MAX, self._cut, tenant_id)

    def _cut(self, tenant_id: UUID) -> None:
        here = (*self.gateway.conversations, *self.gateway.soap_conversations)
        for owner, station_id in here:
            if owner == tenant_id:
                self.disconnect(owner, station_id)

    def shown(self) -> Iterator[tuple[UUID, str, bytes]]:
        """Tenant and id of connected stations that have shown a certificate, and it in DER."""
        for (tenant_id, station_id), conversation in self.gateway.conversations.items():
            tls = conversation.link.facts.tls
            if tls is not None and tls.client_certificate is not None:
                yield tenant_id, station_id, tls.client_certificate

    def _is_revoked(self, certificate: x509.Certificate) -> bool:
        return self.certificates.is_revoked(der_of(certificate))

    def _here(self, tenant_id: UUID, station_id: str) -> Station | None:
        conversation = self.gateway.conversation(tenant_id, station_id)
        return conversation.station if conversation else None

    def _is_1x(self, tenant_id: UUID, station_id: str) -> bool:
        key = tenant_id, station_id
        here = self.gateway.conversations.get(key) or self.gateway.soap_conversations.get(key)
        return here is not None and str(here.station.version).startswith("1.")

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


def operator_of(vault: Vault | None) -> str:
    """The organisation that station certificates must name (A00.FR.404); empty: any."""
    return organization(vault.root().subject) if vault else ""
