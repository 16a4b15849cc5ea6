"""zeep as the other end: a client of our WSDL, whose transport is our own code in this process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import zeep
import zeep.helpers
from lxml import etree
from zeep.transports import Transport

from chargeplane.ocpp.errors import RemoteError
from chargeplane.ocpp.soap import (
    CONTENT_TYPE,
    Envelope,
    Fault,
    Service,
    fault_envelope,
    parse_envelope,
    response_envelope,
    wsdl,
)
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

ADDRESS = "http://csms.example/soap"
Handler = Callable[[Request], Response]


class Answer:
    """As much of an HTTP response as zeep looks at."""

    encoding = "utf-8"

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content
        self.headers = {"Content-Type": CONTENT_TYPE}


class InProcess(Transport):
    """Hands every request to a handler, in the way a server would."""

    handler: Handler
    seen: Envelope

    def load(self, url: str) -> bytes:
        raise AssertionError(f"a WSDL of ours refers to nothing else, not to {url}")

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Answer:
        assert address == ADDRESS
        assert headers["Content-Type"].startswith(CONTENT_TYPE)
        self.seen = envelope = parse_envelope(message)
        assert envelope.service is not None
        try:
            request = envelope.message()
            assert isinstance(request, Request)
            answer = self.handler(request)
        except RemoteError as error:
            said = Fault.of(error)
            body = fault_envelope(
                error,
                relates_to=envelope.message_id,
                message_id="urn:uuid:f",
                version=envelope.version,
                service=envelope.service,
            )
            return Answer(said.http_status, body)
        body = response_envelope(
            answer,
            service=envelope.service,
            relates_to=envelope.message_id,
            message_id="urn:uuid:2",
            to=envelope.reply_to,
        )
        return Answer(200, body)


ZEEP: Any = zeep  # it has type hints for half of its functions
TRANSPORT: Any = InProcess


@cache
def client_of(version: Version, service: Service) -> Any:
    """A client that knows nothing but the WSDL."""
    return ZEEP.Client(BytesIO(wsdl(version, service, ADDRESS)), transport=TRANSPORT())


def call(
    version: Version, service: Service, name: str, payload: dict[str, Any], handler: Handler
) -> Any:
    """Let zeep call an operation and a handler of ours answer; the result is plain data.

    zeep gives the only field of a response in place of the response.
    """
    client = client_of(version, service)
    client.transport.handler = handler
    headers = {"ChargeBoxIdentity": "CB 1"}  # the name of the part in the WSDL
    result = client.service[name](**renamed(payload, "value", TEXT), _soapheaders=headers)
    return renamed(ZEEP.helpers.serialize_object(result, dict), TEXT, "value")


def read(version: Version, service: Service, body: bytes) -> Any:
    """What zeep reads in the body of an envelope of ours."""
    content = etree.fromstring(body).find("{*}Body")
    assert content is not None
    client = client_of(version, service)
    found = client.get_element(content[0].tag).parse(content[0], client.wsdl.types)
    return renamed(ZEEP.helpers.serialize_object(found, dict), TEXT, "value")


TEXT = "_value_1"
"""What zeep calls the text of an element with attributes: of each ``value`` in 1.5."""


def renamed(payload: Any, old: str, new: str) -> Any:
    """The same data, with the text of 1.5 values under another name."""
    match payload:
        case {"value": [dict(), *_] as values, **rest}:
            return rest | {"value": [_renamed(value, old, new) for value in values]}
        case dict():
            return {name: renamed(inner, old, new) for name, inner in payload.items()}
        case list():
            return [renamed(inner, old, new) for inner in payload]
        case _:
            return payload


def _renamed(value: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: inner for name, inner in value.items()}
