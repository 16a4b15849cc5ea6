"""Payloads: decode + validate + encode, beside orjson (no validation) and ``ocpp`` (jsonschema).

The goals: at least 0.8 of orjson, and at least 100 times the validating path of ``ocpp``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson
from ocpp.messages import Call, _validate_payload

from bench.measure import Work, paired
from bench.samples import SAMPLES, Sample
from chargeplane.ocpp.codec import decode, encode, encode_unchecked

COUNT = 4000
COUNT_SLOW = 40


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield "decode + validate + encode; beside orjson, which validates nothing"
    for sample in SAMPLES:
        yield paired(_ours(sample), _orjson(sample), COUNT).line(sample.name, "orjson")
    yield "decode + validate + encode; beside the package ocpp, which validates with jsonschema"
    for sample in SAMPLES:
        pace = paired(_ours(sample), _package(sample), COUNT, COUNT_SLOW)
        yield pace.line(sample.name, "ocpp")
    yield "the same with what is sent validated too, as Peer does; beside orjson"
    for sample in SAMPLES:
        yield paired(_checked(sample), _orjson(sample), COUNT).line(sample.name, "orjson")


def _ours(sample: Sample) -> Work:
    payload, expected = sample.payload_text, sample.request

    def work() -> None:
        for _ in range(COUNT):
            encode_unchecked(decode(expected, payload))

    return work


def _checked(sample: Sample) -> Work:
    payload, expected = sample.payload_text, sample.request

    def work() -> None:
        for _ in range(COUNT):
            encode(decode(expected, payload))

    return work


def _orjson(sample: Sample) -> Work:
    payload = sample.payload_text

    def work() -> None:
        for _ in range(COUNT):
            orjson.dumps(orjson.loads(payload))

    return work


def _package(sample: Sample) -> Work:
    """What the package's charge point does with a payload, without its routing and threads."""
    payload, action, version = sample.payload_text, sample.action, sample.version.value

    def work() -> None:
        for _ in range(COUNT_SLOW):
            call = Call("1", action, json.loads(payload))
            _validate_payload(call, version)
            json.dumps(call.payload)

    return work
