"""Reading what comes over SOAP: the envelope, its text for the record, its message, repaired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from chargeplane.ocpp.codec import build
from chargeplane.ocpp.errors import RemoteError
from chargeplane.ocpp.soap import Envelope, Limits, inflate, parse_envelope
from chargeplane.ocpp.tolerance import Repair, Tolerance
from chargeplane.ocpp.wire import Message

__all__ = ["LIMITS", "Letter", "message_of", "oddities", "read_letter"]

LIMITS: Final = Limits(body_bytes_max=262_144, inflated_bytes_max=1_048_576, elements_max=20_000)
"""As much as a frame of JSON may have; the messages of 1.x need some kilobytes."""
_INFLATED: Final = replace(LIMITS, body_bytes_max=LIMITS.inflated_bytes_max)


class Letter(NamedTuple):
    """An envelope, and the XML that it was."""

    envelope: Envelope
    text: str


def read_letter(body: bytes, content_encoding: str | None) -> Letter:
    """The envelope in the body of an HTTP message.

    Raises:
        EnvelopeError: as ``parse_envelope``.
    """
    xml = inflate(body, content_encoding, LIMITS)
    return Letter(parse_envelope(xml, None, _INFLATED), _text_of(xml))


def _text_of(xml: bytes) -> str:
    """The document for the record. In other codings than UTF-8 it may not be exact."""
    if xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        return xml.decode("utf-16", "replace")
    try:
        return xml.decode()
    except UnicodeDecodeError:
        return xml.decode("latin-1")


def message_of(envelope: Envelope, tolerance: Tolerance) -> tuple[Message, tuple[Repair, ...]]:
    """The typed message, repaired if it has to be and can be.

    Raises:
        RemoteError: it is a fault, or wrong beyond repair.
    """
    try:
        return envelope.message(), ()
    except RemoteError:
        if envelope.fault or envelope.expected is None:
            raise
        repaired = tolerance.payload(envelope.expected, envelope.payload)
        if repaired is None:
            raise
    return build(envelope.expected, repaired[0]), repaired[1]


def oddities(envelope: Envelope, repairs: Iterable[Repair]) -> list[str]:
    """By what names a message is counted that was repaired, or came in an odd envelope."""
    remarks = sorted(f"soap-{remark.replace('_', '-')}" for remark in envelope.remarks)
    return [*(repair.name for repair in repairs), *remarks]
