"""What is fuzzed, and what must hold whatever comes in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from msgspec.structs import fields

from chargeplane.ocpp.catalogue import Action, actions
from chargeplane.ocpp.codec import decode, encode
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.events import Called, Event
from chargeplane.ocpp.frames import Limits, write
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.soap import VERSIONS as SOAP_VERSIONS
from chargeplane.ocpp.soap import Service, parse_envelope, request_envelope
from chargeplane.ocpp.tolerance import STRICT, TOLERANT
from chargeplane.ocpp.versions import Role, Version

VERSIONS = tuple(Version)
LIMITS = Limits(frame_size_max=4096, depth_max=64, answers_kept_max=4, requests_waiting_max=3)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def one_input(data: bytes) -> None:
    """Two bytes choose version, role, tolerance and target; the rest is what comes in."""
    if len(data) < 3:
        return
    version = VERSIONS[data[0] % len(VERSIONS)]
    role = Role.CSMS if data[0] & 128 else Role.STATION
    text = data[2:].decode("utf-8", "surrogateescape")
    if data[1] & 1:
        _decoder(version, data[1] >> 1, text)
    elif data[1] & 4:
        _envelope(data[2:])
    else:
        _conversation(
            Peer(
                version,
                role,
                tolerance=TOLERANT if data[1] & 2 else STRICT,
                limits=LIMITS,
                new_id=lambda: "m1",
            ),
            version,
            role,
            text,
        )


def _conversation(peer: Peer, version: Version, role: Role, text: str) -> None:
    """Never raises; what goes out is JSON of the right shape; at most one answer per request."""
    action = actions(version)["ClearCache" if role is Role.CSMS else "Heartbeat"]
    peer.call(action.request(), 0.0)
    assert len(peer.outgoing()) == 1
    for frame in text.split("\x1e"):
        answered = 0
        events: list[Event] = peer.receive(frame, 0.0)
        for event in events:
            if isinstance(event, Called):
                answered += 1
                events += peer.refuse(event.message_id, ErrorCode.NOT_SUPPORTED)
        outgoing = [json.loads(sent) for sent in peer.outgoing()]
        assert len(outgoing) <= max(1, answered)
        assert all(sent[0] in (3, 4, 5) and len(sent) in (3, 5) for sent in outgoing)
    peer.expire(100.0)
    peer.close()


def _decoder(version: Version, choice: int, text: str) -> None:
    """RemoteError and nothing else; what is accepted survives encode and decode."""
    rows = list(actions(version).values())
    action = rows[choice % len(rows)]
    for expected in (action.request, action.response):
        if expected is None:
            continue
        try:
            message = decode(expected, text.encode("utf-8", "surrogateescape"))
        except RemoteError:
            continue
        assert decode(expected, encode(message)) == message


def _envelope(body: bytes) -> None:
    """RemoteError and nothing else, for the envelope and for the message in it."""
    with suppress(RemoteError):
        parse_envelope(body).message()


def seeds() -> Iterator[bytes]:
    """Correct frames of every action, from which the fuzzer starts."""
    for number, version in enumerate(VERSIONS):
        for choice, action in enumerate(actions(version).values()):
            payload = _payload(action)
            head = bytes([number | 128])
            yield head + b"\0" + write(2, "a", action.name, payload).encode()
            yield head + b"\2" + write(2, "b", action.name, payload).encode()
            yield head + bytes([1 | choice << 1 & 0xFF]) + json.dumps(payload).encode()
        if version in SOAP_VERSIONS:
            request = actions(version)["Heartbeat"].request()
            yield b"\0\4" + request_envelope(
                request,
                service=Service.CENTRAL_SYSTEM,
                charge_box_identity="CP1",
                message_id="a",
                to="http://csms/",
            )
        yield bytes([number | 128]) + b'\2[3,"m1",{"status":"Accepted"}]\x1e[4,"m1","a","b",{}]'
        yield bytes([number]) + b'\2[3,"m1",{"currentTime":"2026-11-21T12:00:00Z"}]\x1e[2,1,"R"'


def _payload(action: Action) -> dict[str, object]:
    """A payload near enough to the schema for the fuzzer to find the rest."""
    names = {field.encode_name for field in fields(action.request)}
    examples: dict[str, object] = {
        "idTag": "A1", "connectorId": 1, "evseId": 1, "transactionId": 7, "seqNo": 0,
        "timestamp": "2026-11-21T12:00:00Z", "status": "Accepted", "type": "Soft", "key": "k",
        "value": "v", "idToken": {"idToken": "A1", "type": "ISO14443"}, "requestId": 3,
        "meterValue": [{"timestamp": "2026-11-21T12:00:00Z", "sampledValue": [{"value": "1"}]}],
        "customData": {"vendorId": "v", "x": [1, {"y": None}]}, "meterStart": 0,
    }  # fmt: skip
    return {name: value for name, value in examples.items() if name in names}
