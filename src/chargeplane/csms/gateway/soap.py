"""The SOAP endpoint: POST a request of 1.2, 1.5 or 1.6, and GET the descriptions of the services.

A POST counts at any path, so that stations move here by a change of the host alone; the namespace
of the body says the version. The way of a message:

    read the envelope -> admit the station -> its turn -> decide -> commit -> answer

* ``soap_stations``: which stations are here; ``soap_conversation``: one station's messages in order
* ``soap_calls``, ``soap_routes``: our requests to stations, and where they may go
* ``soap_reading``: envelopes and payloads, with repairs
"""

from __future__ import annotations

import asyncio
import logging
import re
from http import HTTPStatus
from typing import Final

from chargeplane.csms.gateway.admission import Admission, Visitor, basic_credentials
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.csms.gateway.soap_conversation import Answer, fault_answer
from chargeplane.csms.gateway.soap_reading import Letter, read_letter
from chargeplane.csms.gateway.soap_stations import SoapStations
from chargeplane.ocpp.errors import ErrorCode, LocalError, OcppError, RemoteError
from chargeplane.ocpp.soap import (
    CONTENT_TYPE,
    VERSIONS,
    Envelope,
    EnvelopeError,
    Fault,
    FaultCode,
    Service,
    Subcode,
    wsdl,
)
from chargeplane.runtime.links import (
    IdentityFault,
    Refuse,
    Request,
    Response,
    identity_of_text,
)
from chargeplane.runtime.store import new_id

__all__ = ["PATH", "SoapEndpoint"]

_log = logging.getLogger(__name__)

PATH: Final = "/soap"
"""Where the endpoint says that it is."""
SHORT_BYTES_MAX: Final = 4_096
"""Nearly all that stations say is shorter. A longer body, or a compressed one, may hold 20,000
elements, which take a fifth of a second to read."""
# A station's own service is wherever it says; a description of it must name some address.
_SOME_STATION: Final = "http://station.invalid/"
_SERVICES: Final = {
    "wsdl": Service.CENTRAL_SYSTEM,
    "wsdl=centralsystem": Service.CENTRAL_SYSTEM,
    "wsdl=chargepoint": Service.CHARGE_POINT,
}
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class SoapEndpoint:
    """Answers the plain HTTP requests of a port for stations: the ``Respond`` of a ``Listener``."""

    def __init__(self, gateway: Gateway, admission: Admission, stations: SoapStations) -> None:
        """Put before a gateway; stations are admitted as those that come over WebSocket."""
        self._gateway = gateway
        self._admission = admission
        self._stations = stations
        self._reading = asyncio.Semaphore(1)

    async def __call__(self, request: Request) -> Response | None:
        """The answer; None if the request is for something else."""
        if request.method == "GET":
            return _page(request)
        try:
            letter = await self._read(request.body, request.headers.get("Content-Encoding"))
        except EnvelopeError as error:
            return self._unreadable(error)
        return await self._serve(request, letter)

    async def _read(self, body: bytes, coding: str | None) -> Letter:
        """Read what may take long beside the loop: nobody has been asked for a password yet."""
        if not coding and len(body) <= SHORT_BYTES_MAX:
            return read_letter(body, coding)
        async with self._reading:  # one after the other, so that others have half of the time
            return await asyncio.to_thread(read_letter, body, coding)

    async def _serve(self, request: Request, letter: Letter) -> Response:
        received_at, envelope = self._gateway.clock.now(), letter.envelope
        if not envelope.is_request or envelope.service is not Service.CENTRAL_SYSTEM:
            reason = "only requests to the central system are served here"
            return self._unreadable(RemoteError(ErrorCode.PROTOCOL_ERROR, reason), envelope)
        name, password = basic_credentials(request.headers.get("Authorization"))
        try:
            identity = identity_of_text((envelope.charge_box_identity or name or "").strip())
        except IdentityFault as fault:
            return self._nobody(str(fault), envelope)
        if not identity:
            return self._nobody("the header chargeBoxIdentity is missing", envelope)
        visitor = Visitor(
            identity,
            name,
            password,
            request.peer.host,
            request.tls is not None,
            (f"ocpp{envelope.version} (SOAP)",),
            request.tls.client_certificate if request.tls else None,
            request.entrance,
        )
        verdict = await self._admission.judge(visitor)
        if isinstance(verdict, Refuse):
            return _turned_away(verdict, envelope)
        try:
            conversation = self._stations.conversation(verdict.known, envelope, request.peer.host)
        except RemoteError as error:
            return self._unreadable(error, envelope)
        # Who waits may give up; the message goes its way all the same.
        answer = conversation.hear(letter, new_id(), received_at)
        return _response(await asyncio.shield(answer))

    def _unreadable(self, error: RemoteError, envelope: Envelope | None = None) -> Response:
        self._gateway.meter.malformed(error.code)
        return _response(fault_answer(error, envelope))

    def _nobody(self, reason: str, envelope: Envelope) -> Response:
        self._gateway.meter.malformed(Subcode.IDENTITY_MISMATCH)
        fault = Fault(FaultCode.SENDER, Subcode.IDENTITY_MISMATCH, reason)
        return _response(fault_answer(fault, envelope))


def _response(answer: Answer) -> Response:
    return Response(HTTPStatus(answer.status), answer.body, CONTENT_TYPE)


def _turned_away(verdict: Refuse, envelope: Envelope) -> Response:
    """A fault, under the HTTP status that asks for credentials or for patience."""
    error: OcppError = RemoteError(ErrorCode.SECURITY_ERROR, verdict.reason)
    if verdict.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = LocalError(ErrorCode.INTERNAL_ERROR, verdict.reason)
    body = fault_answer(error, envelope).body
    return Response(verdict.status, body, CONTENT_TYPE, verdict.headers)


def _page(request: Request) -> Response | None:
    """The description of a service: ``GET /soap/1.5?wsdl``, ``GET /soap/1.5?wsdl=chargepoint``."""
    path = request.path.rstrip("/")
    if path != PATH and not path.startswith(f"{PATH}/"):
        return None
    version = next((each for each in VERSIONS if path == f"{PATH}/{each}"), None)
    service = _SERVICES.get(request.query.lower())
    if version is None or service is None:
        known = ", ".join(f"{PATH}/{each}?wsdl" for each in VERSIONS)
        text = f"POST SOAP requests of OCPP here. Descriptions: {known} (and ?wsdl=chargepoint)\n"
        return Response(HTTPStatus.NOT_FOUND, text.encode())
    host = request.headers.get("Host") or ""
    if not _HOST.fullmatch(host):
        return Response(HTTPStatus.BAD_REQUEST, b"malformed Host\n")
    address = f"{'https' if request.tls else 'http'}://{host}{PATH}"
    if service is Service.CHARGE_POINT:
        address = _SOME_STATION
    return Response(body=wsdl(version, service, address), content_type="text/xml; charset=utf-8")
