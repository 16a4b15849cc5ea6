"""Signed messages in a conversation: read without a key, and handed on for whoever has one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chargeplane.ocpp import v201
from chargeplane.ocpp.events import Answered, Called, Malformed
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.signing import Signer, Verdict, sign, verify
from chargeplane.ocpp.tolerance import STRICT
from chargeplane.ocpp.versions import Role, Version

KEY = ec.generate_private_key(ec.SECP256R1())
SIGNER = Signer(KEY)
TIME = datetime(2026, 11, 21, 12, tzinfo=UTC)


def signed_call(action: str = "Heartbeat", payload: bytes = b"{}") -> str:
    signed = sign(action, 2, payload, SIGNER).decode()
    return f'[2,"s1","{action}-Signed",{signed}]'


@pytest.mark.parametrize("version", [Version.V2_0_1, Version.V2_1])
def test_a_signed_request_is_served_and_its_signature_handed_on(version: Version) -> None:
    peer = Peer(version, Role.CSMS, tolerance=STRICT)
    (event,) = peer.receive(signed_call(), 0)
    assert isinstance(event, Called)
    assert event.action.name == "Heartbeat"
    assert event.signed is not None
    verdict = verify(event.signed, KEY.public_key(), action="Heartbeat", message_type=2)
    assert verdict is Verdict.VALID


def test_an_unsigned_request_has_no_signature() -> None:
    (event,) = Peer(Version.V2_1, Role.CSMS).receive('[2,"a","Heartbeat",{}]', 0)
    assert isinstance(event, Called)
    assert event.signed is None


def test_the_payload_in_a_signature_must_keep_the_schema_too() -> None:
    peer = Peer(Version.V2_1, Role.CSMS, tolerance=STRICT)
    (event,) = peer.receive(signed_call(payload=b'{"x":1}'), 0)
    assert isinstance(event, Malformed)
    assert "`$.x` is not a field" in event.reason
    assert peer.outgoing()[0].startswith('[4,"s1"')


def test_1_6_has_no_signed_messages() -> None:
    peer = Peer(Version.V1_6, Role.CSMS, tolerance=STRICT)
    (event,) = peer.receive(signed_call(), 0)
    assert isinstance(event, Malformed)


def test_a_signed_answer_is_understood() -> None:
    peer = Peer(Version.V2_0_1, Role.STATION, tolerance=STRICT, new_id=lambda: "m1")
    peer.call(v201.HeartbeatRequest(), 0)
    payload = json.dumps({"currentTime": "2026-11-21T12:00:00Z"}).encode()
    answer = sign("Heartbeat", 3, payload, SIGNER).decode()
    (event,) = peer.receive(f'[3,"m1",{answer}]', 1)
    assert isinstance(event, Answered)
    assert event.response == v201.HeartbeatResponse(current_time=TIME)
    assert event.signed is not None
    verdict = verify(event.signed, KEY.public_key(), action="Heartbeat", message_type=3)
    assert verdict is Verdict.VALID
