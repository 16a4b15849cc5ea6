"""The gateway itself: who is connected, and what comes and goes.

Links bring conversations; ``Owners`` says which of them speaks for its station. SOAP stations have
no connection: they are here for as long as they have been heard from lately.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from chargeplane.csms.contract import Block, CheckSignature, Heard, Notice, Notify, Station
from chargeplane.csms.gateway.admission import Admitted
from chargeplane.csms.gateway.conversation import Conversation
from chargeplane.csms.gateway.dispatcher import Dispatcher, outbox_row
from chargeplane.csms.gateway.lifting import lifted
from chargeplane.csms.gateway.meter import Meter
from chargeplane.csms.gateway.owners import Owners
from chargeplane.csms.gateway.tray import Tray
from chargeplane.csms.inventory import Known, stations
from chargeplane.csms.repair_counts import RepairCounts
from chargeplane.domain.events import Event, StationConnected, StationDisconnected
from chargeplane.ocpp.errors import OcppError
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.tolerance import TOLERANT, Tolerance
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.bus import Bus, Published
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import NO_PONG, Ending, Link, Receiver
from chargeplane.runtime.ownership import Alarm
from chargeplane.runtime.store import Change, Store, new_id

if TYPE_CHECKING:
    from chargeplane.csms.gateway.soap_conversation import SoapConversation

__all__ = ["Gateway", "Key"]

_log = logging.getLogger(__name__)
Key = tuple[UUID, str]

# A station's time of life is written at most so often.
SEEN_EVERY = timedelta(seconds=30)
# The stations whose last epoch is at hand: it is in the store long before as many others came.
EPOCHS_MAX = 10_000
# The stations that were cut off for their silence and have never answered a ping.
PONGLESS_MAX = 10_000
# Longer than the store lets anything wait: a fault of ours must not make a station mute for ever.
UNSETTLED_S_MAX = 60.0
_SEEN = Change(stations, ["tenant_id", "id", "last_seen_at"])
_CONNECTED = Change(
    stations, ["tenant_id", "id", "last_seen_at", "epoch", "ocpp_version", "transport"]
)


class Gateway:
    """Holds the conversations of one node."""

    def __init__(
        self,
        blocks: Iterable[Block],
        store: Store,
        bus: Bus,
        clock: Clock,
        *,
        meter: Meter | None = None,
        tolerance: Tolerance = TOLERANT,
        limits: Limits | None = None,
        notify: Notify = lambda notice: None,
        check_signature: CheckSignature | None = None,
    ) -> None:
        """Nobody is connected yet."""
        self.check_signature = check_signature
        self.store = store
        self.bus = bus
        self.clock = clock
        self._notify = notify
        self.meter = meter or Meter()
        self.tolerance = tolerance
        self.limits = limits or Limits()
        self.tray = Tray(store, bus)
        self.repairs = RepairCounts(store)
        self.meter.watch("tray", lambda: self.tray.waiting_count)
        self.dispatcher = Dispatcher(blocks, store, self.tray, self.meter)
        self.conversations: dict[Key, Conversation] = {}
        self.soap_conversations: dict[Key, SoapConversation] = {}
        self._owners = Owners(self._granted, self._lost, self._alarm)
        self._seen: dict[Key, datetime] = {}
        self._unsettled: dict[Key, Conversation] = {}
        self._epochs: dict[Key, int] = {}
        self._pongless: dict[Key, None] = {}

    # Links ----------------------------------------------------------------------------------

    def opened(self, link: Link) -> Receiver:
        """A link was admitted. Nothing it says counts before it owns its identity."""
        admitted: Admitted = link.facts.context
        known = admitted.known
        version = Version.of_subprotocol(link.facts.subprotocol or "")
        assert version is not None  # the listener negotiates no other
        station = Station(
            known.tenant_id,
            known.id,
            version,
            registration=known.registration,
            security_profile=known.security_profile,
            remote_host=link.facts.peer.host,
            must_renew=admitted.must_renew,
        )
        for name in link.facts.repairs:
            self.repaired(station, name, self.clock.now(), None)
        link.facts = link.facts._replace(context=None)  # such as the hash of a password
        conversation = Conversation(self, link, station)
        link.hold()
        self._owners.claim(conversation, self.last_epoch(known), admitted.credential)
        return conversation

    def link_ended(self, conversation: Conversation, ending: Ending) -> None:
        """A link is over. Only the owner's end says anything about the station."""
        conversation.end()
        self._note_pongs(conversation, ending)
        if self._owners.is_owner(conversation):
            # Told before the next one is granted the station: it goes, and then it comes.
            self._gone(conversation, ending.reason or f"closed with {ending.code}")
        self._owners.ended(conversation)

    def _granted(self, conversation: Conversation) -> None:
        station = conversation.station
        station.epoch = conversation.epoch
        key = station.tenant_id, station.id
        if soap := self.soap_conversations.get(key):
            self.soap_ended(soap, "the station has connected over WebSocket")
        self.conversations[key] = conversation
        if key in self._pongless and conversation.link.ping_interval_s is not None:
            patience_s = max(conversation.link.ping_interval_s, 2.0 * station.heartbeat_interval_s)
            conversation.link.tune_ping(patience_s, conversation.link.ping_timeout_s)
        self._tell_connected(station)
        if key not in self._unsettled:
            conversation.link.go_on()

    def _note_pongs(self, conversation: Conversation, ending: Ending) -> None:
        """Some stations can answer no ping: next time they get the time of two heartbeats."""
        key = conversation.station.tenant_id, conversation.station.id
        if conversation.link.answers_pings:
            self._pongless.pop(key, None)
        elif ending.reason == NO_PONG:
            self._pongless[key] = None
            if len(self._pongless) > PONGLESS_MAX:
                del self._pongless[next(iter(self._pongless))]

    def _lost(self, conversation: Conversation) -> None:
        conversation.end()
        self._gone(conversation, "another connection of the station took over")

    def _gone(self, conversation: Conversation, reason: str) -> None:
        station = conversation.station
        key = station.tenant_id, station.id
        if self.conversations.get(key) is conversation:
            del self.conversations[key]
        self._tell_gone(station, conversation.epoch, reason)

    def _alarm(self, conversation: Conversation, alarm: Alarm) -> None:
        station = conversation.station
        self.meter.alarm()
        _log.warning(
            "a second connection from %s was refused while the one from %s is alive",
            alarm.claim.host,
            alarm.owner.host,
            extra={"station_id": station.id},
        )
        detail = f"refused while the connection from {alarm.owner.host} is alive"
        notice = Notice(station.tenant_id, station.id, "IdentityContested", alarm.claim.host)
        self._notify(notice._replace(detail=detail))

    # SOAP -----------------------------------------------------------------------------------

    def soap_began(self, conversation: SoapConversation) -> None:
        """A station is heard that was not here, or was here otherwise."""
        station = conversation.station
        self.soap_conversations[station.tenant_id, station.id] = conversation
        self._tell_connected(station)

    def soap_ended(self, conversation: SoapConversation, reason: str) -> None:
        """A station has not been heard for too long, or must go. Only the first end counts."""
        station = conversation.station
        key = station.tenant_id, station.id
        conversation.end()
        if self.soap_conversations.get(key) is conversation:
            del self.soap_conversations[key]
            self._tell_gone(station, station.epoch, reason)

    # What conversations tell ----------------------------------------------------------------

    def unsettled(self, conversation: Conversation) -> None:
        """It has ended while a request was being decided or stored.

        The station will repeat it. Its next conversation is not heard before this one is settled,
        or blocks would take the repetition for new: what they look up is not yet in the store.
        """
        station = conversation.station
        self._unsettled[station.tenant_id, station.id] = conversation
        asyncio.get_running_loop().call_later(UNSETTLED_S_MAX, self.settled, conversation)

    def settled(self, conversation: Conversation) -> None:
        """What was under way when it ended is stored, or never will be."""
        key = conversation.station.tenant_id, conversation.station.id
        if self._unsettled.get(key) is conversation:
            del self._unsettled[key]
            if heir := self.conversations.get(key):
                heir.link.go_on()

    def seen(self, station: Station, now: datetime) -> datetime:
        """A station is alive; from when on this is worth telling again."""
        key = station.tenant_id, station.id
        last = self._seen.get(key)
        if last is None or now - last >= SEEN_EVERY:
            self._seen[key] = last = now
            self.tray.put([(_SEEN, (station.tenant_id, station.id, now))])
        return last + SEEN_EVERY

    def told(
        self, station: Station, request: Request, frame_id: UUID, received_at: datetime
    ) -> None:
        """A message that wants no answer (SEND, 2.1); its frame is recorded."""
        heard = Heard(station, lifted(request, received_at), frame_id, received_at)
        _log.debug("%s", type(heard.request).__name__, extra={"station_id": heard.station.id})

    def repaired(self, station: Station, name: str, at: datetime, frame_id: UUID | None) -> None:
        """A repair was made to a frame of a station; None: to its handshake."""
        self.meter.repaired(name)
        self.repairs.note(station.tenant_id, station.id, name, at, frame_id)

    def fault(self, station: Station, error: OcppError) -> None:
        """We have nearly sent something that the station's version does not allow."""
        _log.error("an answer breaks its schema: %s", error, extra={"station_id": station.id})

    def _tell_connected(self, station: Station) -> None:
        now = self.clock.now()
        connected = StationConnected(
            tenant_id=station.tenant,
            station_id=station.id,
            reported_at=now,
            received_at=now,
            ocpp_version=station.version,
            transport=station.transport,
            security_profile=station.security_profile,
            epoch=station.epoch,
            remote_address=station.remote_host,
        )
        row = (
            station.tenant_id,
            station.id,
            now,
            station.epoch,
            str(station.version),
            station.transport,
        )
        self._tell(station, connected, [(_CONNECTED, row)])
        key = station.tenant_id, station.id
        self._epochs.pop(key, None)
        self._epochs[key] = station.epoch
        if len(self._epochs) > EPOCHS_MAX:
            del self._epochs[next(iter(self._epochs))]
        self.meter.connected(station.version, 1)

    def _tell_gone(self, station: Station, epoch: int, reason: str) -> None:
        self._seen.pop((station.tenant_id, station.id), None)
        now = self.clock.now()
        gone = StationDisconnected(
            tenant_id=station.tenant,
            station_id=station.id,
            reported_at=now,
            received_at=now,
            epoch=epoch,
            reason=reason,
        )
        self._tell(station, gone, [(_SEEN, (station.tenant_id, station.id, now))])
        self.meter.connected(station.version, -1)

    def _tell(
        self, station: Station, event: Event, rows: list[tuple[Change, tuple[object, ...]]]
    ) -> None:
        published = Published(station.tenant_id, new_id(), event)
        self.tray.put([*rows, outbox_row(published, event)], [published])

    def last_epoch(self, known: Known) -> int:
        """The last epoch of a station: what the store knows may be a little older than we are."""
        return max(known.epoch, self._epochs.get((known.tenant_id, known.id), 0))

    # For others -----------------------------------------------------------------------------

    def conversation(self, tenant_id: UUID, station_id: str) -> Conversation | None:
        """The conversation that speaks for a station now."""
        return self.conversations.get((tenant_id, station_id))

    def is_connected(self, tenant_id: UUID, station_id: str) -> bool:
        """Whether a station is here: it has a connection, or was heard over SOAP lately."""
        key = tenant_id, station_id
        return key in self.conversations or key in self.soap_conversations

    async def drain(self) -> None:
        """Finish what is being decided, and give everything to the store."""
        await self.dispatcher.drain()
        await self.tray.settle()
        await self.repairs.settle()
        self._owners.stop()
