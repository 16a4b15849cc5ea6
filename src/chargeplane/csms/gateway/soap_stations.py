"""The stations that speak SOAP: here for as long as they were heard from lately."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final
from uuid import UUID

from chargeplane.csms.contract import Station
from chargeplane.csms.gateway.conversation import Ended
from chargeplane.csms.gateway.soap_calls import SoapCalls
from chargeplane.csms.gateway.soap_conversation import SoapConversation, new_message_id
from chargeplane.csms.inventory import Known
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.events import Abandoned
from chargeplane.ocpp.soap import ANONYMOUS, Envelope
from chargeplane.ocpp.wire import Request

if TYPE_CHECKING:
    from chargeplane.csms.gateway.gateway import Gateway

__all__ = ["STATIONS_MAX", "SoapStations"]

_log = logging.getLogger(__name__)

STATIONS_MAX: Final = 10_000
"""SOAP stations that are here at one time; the messages of further ones are refused."""
LOOK_EVERY_S: Final = 15.0


class SoapStations:
    """Finds the conversation of a station, ends it after a silence, and carries our requests.

    It is the ``desk.Soap`` of the central system.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        loopback_allowed: bool = False,
        tls: ssl.SSLContext | None = None,
        stations_max: int = STATIONS_MAX,
    ) -> None:
        """For a gateway. ``loopback_allowed`` and ``tls`` are those of ``SoapCalls``."""
        self._gateway = gateway
        self._calls = SoapCalls(gateway, loopback_allowed=loopback_allowed, tls=tls)
        self._stations_max = stations_max
        self._watch: asyncio.Task[None] | None = None

    # What the endpoint asks -----------------------------------------------------------------

    def conversation(self, known: Known, envelope: Envelope, host: str) -> SoapConversation:
        """The conversation that a message belongs to. The station was admitted.

        Raises:
            RemoteError: the station is connected otherwise, or too many are here.
        """
        gateway, key = self._gateway, (known.tenant_id, known.id)
        if key in gateway.conversations:
            gateway.meter.alarm()
            _log.warning(
                "SOAP from %s while it has a WebSocket", host, extra={"station_id": known.id}
            )
            reason = "the station is connected over WebSocket"
            raise RemoteError(ErrorCode.SECURITY_ERROR, reason)
        found = gateway.soap_conversations.get(key)
        if found is not None and found.station.version is not envelope.version:
            gateway.soap_ended(found, f"the station now speaks OCPP {envelope.version}")
            found = self._begun(known, envelope, host)
        elif found is None:
            found = self._begun(known, envelope, host)
        elif found.station.remote_host != host:
            # On mobile networks addresses change; what was announced for the old one is void.
            _log.info("the station comes from %s now", host, extra={"station_id": known.id})
            found.station.remote_host, found.address = host, None
        found.address = _address_in(envelope) or found.address
        return found

    def _begun(self, known: Known, envelope: Envelope, host: str) -> SoapConversation:
        if len(self._gateway.soap_conversations) >= self._stations_max:
            raise RemoteError(ErrorCode.GENERIC_ERROR, "there are too many stations")
        assert envelope.version is not None
        station = Station(
            known.tenant_id,
            known.id,
            envelope.version,
            transport="soap",
            registration=known.registration,
            security_profile=known.security_profile,
            epoch=self._gateway.last_epoch(known) + 1,
            remote_host=host,
        )
        conversation = SoapConversation(self._gateway, station)
        self._gateway.soap_began(conversation)
        return conversation

    # What the desk asks ---------------------------------------------------------------------

    def speaker(self, tenant_id: UUID, station_id: str) -> SoapConversation | None:
        """Of a station that is here, whether or not it has said where it listens."""
        return self._gateway.soap_conversations.get((tenant_id, station_id))

    async def ask(self, station: Station, request: Request) -> Ended:
        """Send a request of the station's version; how it ends.

        Raises:
            LocalError: it cannot be sent, as ``SoapCalls.ask``.
        """
        conversation = self._gateway.soap_conversations.get((station.tenant_id, station.id))
        if conversation is None or conversation.station is not station:
            return Abandoned(new_message_id(), request, False)
        return await self._calls.ask(conversation, request)

    def disconnect(self, tenant_id: UUID, station_id: str, reason: str) -> None:
        """Forget a station, if it is here: what it says next is admitted anew."""
        conversation = self._gateway.soap_conversations.get((tenant_id, station_id))
        if conversation is not None:
            self._gateway.soap_ended(conversation, reason)

    # Silence --------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look for stations that have fallen silent."""
        self._watch = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        clock = self._gateway.clock
        while True:
            await clock.sleep(LOOK_EVERY_S)
            now_s = clock.monotonic_s()
            for each in tuple(self._gateway.soap_conversations.values()):
                if now_s - each.heard_at_s > each.silence_s_max:
                    silence = f"not heard for {each.silence_s_max:g} s"
                    self._gateway.soap_ended(each, silence)

    async def stop(self) -> None:
        """Look no more, and let the stations go. Before ``Gateway.drain``."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for each in tuple(self._gateway.soap_conversations.values()):
            self._gateway.soap_ended(each, "shutting down")
        await self._calls.close()


def _address_in(envelope: Envelope) -> str | None:
    """Where a station listens: From, or else a ReplyTo that is an address."""
    reply_to = envelope.reply_to
    if envelope.from_address or not reply_to:
        return envelope.from_address
    scheme = reply_to.partition(":")[0].lower()
    is_word = reply_to.startswith(ANONYMOUS.rpartition("/")[0])  # or "none"
    return reply_to if scheme in {"http", "https"} and not is_word else None
