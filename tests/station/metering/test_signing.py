"""Signed meter values are checked with the public key, by the rules of OCMF."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chargeplane.ocpp import v16, v21
from chargeplane.station.device_model.variables import Place
from tests.station.stage import Stage, online

SIGN = {"SampledDataCtrlr.SignReadings": "true"}


def verified(text: str, key: bytes) -> dict[str, Any]:
    """The payload of a record whose signature is right."""
    head, payload, signature = text.split("|")
    assert head == "OCMF"
    said = json.loads(signature)
    assert said["SA"] == "ECDSA-secp256r1-SHA256"
    public = load_der_public_key(key)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(bytes.fromhex(said["SD"]), payload.encode(), ec.ECDSA(SHA256()))
    found: dict[str, Any] = json.loads(payload)
    return found


def signed(stage: Stage) -> list[v21.SignedMeterValueType]:
    return [
        sample.signed_meter_value
        for event in stage.central.all(v21.TransactionEventRequest)
        for value in event.meter_value or ()
        for sample in value.sampled_value
        if sample.signed_meter_value
    ]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_begin_and_end_are_signed_and_agree_with_the_values(version: str) -> None:
    stage = online(version, variables=SIGN)
    stage.charge(600)
    begin, end = signed(stage)
    key = b64decode(begin.public_key or "")
    assert not end.public_key
    first, last = (
        verified(b64decode(each.signed_meter_data).decode(), key) for each in (begin, end)
    )
    assert [row["TX"] for row in first["RD"]] == ["B"]
    assert [row["TX"] for row in last["RD"]] == ["B", "E"]
    assert (first["PG"], last["PG"]) == ("T1", "T2")
    final = stage.central.all(v21.TransactionEventRequest)[-1].meter_value[0].sampled_value[0]
    assert round(last["RD"][1]["RV"] * 1000) == final.value == stage.core.evse(1).register_wh


def test_1_6_sends_begin_and_end_in_one_signed_value() -> None:
    stage = online("1.6", variables={"SampledDataSignReadings": "true"})
    stage.charge(600)
    [stop] = stage.central.all(v16.StopTransactionRequest)
    [text] = [
        sample.value
        for value in stop.transaction_data
        for sample in value.sampled_value
        if sample.format is v16.ValueFormat.SIGNED_DATA
    ]
    variable = stage.core.variables.at(Place("FiscalMetering", "PublicKey", evse_id=1))
    payload = verified(text, bytes.fromhex(variable.actual))
    assert [row["RV"] * 1000 for row in payload["RD"]] == [0, stop.meter_stop]
    assert payload["ID"] == "DEADBEEF"


def test_a_changed_digit_is_found() -> None:
    stage = online("2.1", variables=SIGN)
    stage.charge(600)
    last = signed(stage)[-1]
    text = b64decode(last.signed_meter_data).decode()
    key = b64decode(signed(stage)[0].public_key or "")
    with pytest.raises(InvalidSignature):
        verified(text.replace('"RU":"kWh"', '"RU":"Wh"', 1), key)


def test_nothing_is_signed_unless_it_is_wanted_and_the_same_station_signs_alike() -> None:
    assert not signed(online("2.1").charge(60))
    once, again = (signed(online("2.1", variables=SIGN).charge(60)) for _ in range(2))
    assert once == again
