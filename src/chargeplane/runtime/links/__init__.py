"""Links: the connections between stations and the central system, over WebSocket.

``Listener`` is the server: it answers the HTTP of a station port, asks an ``Admission`` who may
enter, and opens a ``Link`` for each station; SOAP and plain requests on the same port go to a
``Respond``. ``connect`` is the client. What carries the frames is a ``Transport``, picows or
websockets; both behave alike, which one set of tests holds them to.

Nothing here knows a message of OCPP. Decision 0004 says why it is built this way.
"""

from chargeplane.runtime.links.admission import SUBPROTOCOLS, Accept, Admission, Attempt, Refuse
from chargeplane.runtime.links.dialing import HandshakeRefused, connect
from chargeplane.runtime.links.faults import CloseCode, LinkClosed
from chargeplane.runtime.links.heads import Headers, Request, Response
from chargeplane.runtime.links.identity import (
    IdentityFault,
    identity_before_slash,
    identity_of_text,
)
from chargeplane.runtime.links.link import NO_PONG, Link
from chargeplane.runtime.links.listener import Listener
from chargeplane.runtime.links.peers import Address, Tls
from chargeplane.runtime.links.receivers import (
    BytesReceiver,
    EndedBy,
    Ending,
    LinkFacts,
    Receiver,
)
from chargeplane.runtime.links.reception import Opened, Respond
from chargeplane.runtime.links.settings import LinkSettings, ListenerSettings
from chargeplane.runtime.links.sockets import raise_open_files_max, room_for_connections
from chargeplane.runtime.links.tls import (
    LEGACY,
    MODERN,
    ServerCertificate,
    TlsFault,
    TlsPolicy,
    client_context,
    server_context,
)
from chargeplane.runtime.links.transports import Transport, default_transport, new_event_loop
from chargeplane.runtime.links.wheel import Wheel

__all__ = [
    "LEGACY",
    "MODERN",
    "NO_PONG",
    "SUBPROTOCOLS",
    "Accept",
    "Address",
    "Admission",
    "Attempt",
    "BytesReceiver",
    "CloseCode",
    "EndedBy",
    "Ending",
    "HandshakeRefused",
    "Headers",
    "IdentityFault",
    "Link",
    "LinkClosed",
    "LinkFacts",
    "LinkSettings",
    "Listener",
    "ListenerSettings",
    "Opened",
    "Receiver",
    "Refuse",
    "Request",
    "Respond",
    "Response",
    "ServerCertificate",
    "Tls",
    "TlsFault",
    "TlsPolicy",
    "Transport",
    "Wheel",
    "client_context",
    "connect",
    "default_transport",
    "identity_before_slash",
    "identity_of_text",
    "new_event_loop",
    "raise_open_files_max",
    "room_for_connections",
    "server_context",
]
