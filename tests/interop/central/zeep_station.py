"""A station over SOAP: zeep with the WSDLs that the program serves, and an HTTP server of Python's.

zeep makes every request and reads every message, that of the central system too. It cannot serve,
so the envelopes of the station's own answers are ours.
"""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
import zeep
import zeep.helpers
import zeep.transports
import zeep.wsdl.utils
from lxml import etree

from chargeplane.ocpp.codec import build
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.soap import (
    CONTENT_TYPE,
    Envelope,
    Fault,
    Service,
    fault_envelope,
    parse_envelope,
    response_envelope,
)
from chargeplane.ocpp.soap.names import WSA
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Response
from tests.interop.central.stranger import Answer, ErrorAnswer, Memory, Payload
from tests.ocpp.soap.samples import FACTS
from tests.ocpp.soap.zeep_peer import TEXT, renamed

__all__ = ["ZeepStation"]

ZEEP: Any = zeep  # it has type hints for half of its functions


class ZeepStation:
    """Calls the central system, and is called by it."""

    def __init__(self, port: int, station_id: str, version: Version, password: str | None) -> None:
        self.id = station_id
        self.version = version
        self.memory = Memory()
        self._session = requests.Session()
        self._session.trust_env = False
        if password:
            self._session.auth = (station_id, password)
        self._server = _Server(self)
        own_address = f"http://127.0.0.1:{self._server.server_port}/"
        described = f"http://127.0.0.1:{port}/soap/{version}"
        self._central = self._client(f"{described}?wsdl", _FromHere(own_address))
        self._own = self._client(f"{described}?wsdl=chargepoint")
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._serving.start()

    @classmethod
    async def dial(
        cls, port: int, station_id: str, version: Version, password: str | None
    ) -> ZeepStation:
        """Fetch the descriptions."""
        return await asyncio.to_thread(cls, port, station_id, version, password)

    def _client(self, wsdl: str, *plugins: Any) -> Any:
        transport = ZEEP.transports.Transport(session=self._session, operation_timeout=10)
        return ZEEP.Client(wsdl, transport=transport, plugins=plugins)

    async def ask(self, action: str, payload: Payload) -> Payload:
        headers = {"ChargeBoxIdentity": self.id}  # the name of the part in the WSDL
        operation = self._central.service[action]
        arguments = renamed(payload, "value", TEXT)
        found = _plain(await asyncio.to_thread(operation, _soapheaders=headers, **arguments))
        fields = FACTS[self.version]["types"][f"{action}Response"]
        # zeep gives the only field of a response in place of the response.
        return {fields[0][0]: found} if len(fields) == 1 else found or {}

    async def aclose(self) -> None:
        await asyncio.to_thread(self._server.shutdown)
        await asyncio.to_thread(self._serving.join)
        self._server.server_close()
        self._session.close()

    # The station's own service --------------------------------------------------------------

    def heard(self, body: bytes) -> tuple[int, bytes] | None:
        """The status and the body to answer to a request; None: hang up."""
        envelope = parse_envelope(body)
        if envelope.charge_box_identity != self.id:
            self.memory.violations.append(f"this is for {envelope.charge_box_identity}")
        content = etree.fromstring(body).find("{*}Body")
        assert content is not None
        element = self._own.get_element(content[0].tag)
        payload = _plain(element.parse(content[0], self._own.wsdl.types)) or {}
        assert envelope.action is not None
        answer = self.memory.answer_to(envelope.action.name, payload)
        return None if answer is None else _reply(envelope, answer)


class _FromHere(ZEEP.Plugin):
    """Says in each request where the station listens."""

    def __init__(self, address: str) -> None:
        self._address = address

    def egress(self, envelope: Any, http_headers: Any, operation: Any, options: Any) -> Any:
        header = ZEEP.wsdl.utils.get_or_create_header(envelope)
        origin = etree.SubElement(header, f"{{{WSA}}}From")
        etree.SubElement(origin, f"{{{WSA}}}Address").text = self._address
        return envelope, http_headers


class _Server(ThreadingHTTPServer):
    """Listens for the central system, on a free port."""

    def __init__(self, station: ZeepStation) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.station = station


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        reply = self.server.station.heard(self.rfile.read(int(self.headers["Content-Length"])))
        if reply is None:
            return
        status, body = reply
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
        """The frames are in the flight recorder."""


def _reply(envelope: Envelope, answer: Answer) -> tuple[int, bytes]:
    ids: Any = {"relates_to": envelope.message_id, "message_id": "urn:uuid:answer"}
    service, action = Service.CHARGE_POINT, envelope.action
    assert action is not None
    assert action.response is not None
    if isinstance(answer, ErrorAnswer):
        error = RemoteError(ErrorCode(answer.code), "not today")
        body = fault_envelope(error, version=envelope.version, service=service, **ids)
        return Fault.of(error).http_status, body
    response = build(action.response, answer or {})
    assert isinstance(response, Response)
    return 200, response_envelope(response, service=service, **ids)


def _plain(found: Any) -> Any:
    """What zeep has read as plain data, without the members that were not there."""
    return _without_nones(renamed(ZEEP.helpers.serialize_object(found, dict), TEXT, "value"))


def _without_nones(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nones(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nones(each) for each in value]
    return value
