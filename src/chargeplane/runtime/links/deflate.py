"""permessage-deflate (RFC 7692) without context take-over: an idle link holds no zlib state.

Keeping the windows of both directions costs 40 to 100 kB for each connection; ten thousand stations
would cost a gigabyte for messages that come once a minute.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from chargeplane.runtime.links.faults import CloseCode, MessageFault

__all__ = ["OFFER", "Deflate", "Inflater", "accepted_by_server", "negotiated"]

OFFER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
"""What our own client offers."""

_TAIL = b"\x00\x00\xff\xff"  # RFC 7692 7.2.1: cut off by the sender, put back by the receiver
_EXTENSION = "permessage-deflate"
_FLAGS = frozenset({"server_no_context_takeover", "client_no_context_takeover"})
_WINDOWS = frozenset({"server_max_window_bits", "client_max_window_bits"})
_BITS = re.compile(r"[89]|1[0-5]")
_OWN_WINDOW_BITS_MIN = 9  # zlib cannot write raw deflate with a window of 8 bits
_OFFERS_MAX = 8


@dataclass(frozen=True, slots=True)
class Deflate:
    """An agreement to compress."""

    window_bits: int = 15
    """The largest window that we may write with."""
    answer: str = ""
    """The value of our ``Sec-WebSocket-Extensions``."""

    def compressed(self, data: bytes) -> bytes:
        """The payload of a whole compressed message."""
        # A message is small: more memory than level 5 takes would only cost time.
        compressor = zlib.compressobj(wbits=-self.window_bits, memLevel=5)
        return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)]


class Inflater:
    """Reads one compressed message, in one or more fragments, and never inflates past a bound."""

    __slots__ = ("_bytes_left", "_zlib")

    def __init__(self, bytes_max: int) -> None:
        """Give at most so many bytes in all."""
        # The peer may write with any window up to this one: we never agree to less.
        self._zlib = zlib.decompressobj(wbits=-15)
        self._bytes_left = bytes_max

    def inflated(self, payload: bytes, *, final: bool) -> bytes:
        """What a fragment holds.

        Raises:
            MessageFault: if it is no deflate stream (1002), or holds too much (1009).
        """
        if final:
            payload += _TAIL
        try:
            # One byte more than allowed tells a message of just the bound from a longer one.
            data = self._zlib.decompress(payload, self._bytes_left + 1)
        except zlib.error:
            raise MessageFault(CloseCode.PROTOCOL_ERROR, "not a deflate stream") from None
        if len(data) > self._bytes_left:
            raise MessageFault(CloseCode.MESSAGE_TOO_BIG, "message too big when inflated")
        self._bytes_left -= len(data)
        return data


def negotiated(offers: Iterable[str]) -> Deflate | None:
    """The first offer of a client that we can accept; None if there is none."""
    for offer in [*offers][:_OFFERS_MAX]:
        parameters = parsed(offer)
        if parameters is None:
            continue
        answer = OFFER
        window_bits = 15
        if bits := parameters.get("server_max_window_bits"):
            window_bits = int(bits)
            answer += f"; server_max_window_bits={bits}"
        if window_bits >= _OWN_WINDOW_BITS_MIN and parameters.get("server_max_window_bits") != "":
            return Deflate(window_bits, answer)
    return None


def accepted_by_server(answer: str) -> Deflate | None:
    """What a server agreed to upon ``OFFER``; None if it agreed to something else."""
    parameters = parsed(answer)
    # 7.1.1.1: a server that accepts our offer must confirm that it keeps no context.
    if parameters is None or "server_no_context_takeover" not in parameters:
        return None
    if "client_max_window_bits" in parameters:  # we did not offer it
        return None
    return Deflate()


def parsed(offer: str) -> dict[str, str] | None:
    """The parameters of one offer; None if it is another extension, or malformed."""
    name, *rest = (part.strip() for part in offer.split(";"))
    if name.lower() != _EXTENSION:
        return None
    parameters: dict[str, str] = {}
    for part in rest:
        key, equals, value = (each.strip() for each in part.partition("="))
        value = value.strip('"')
        flag_fits = key in _FLAGS and not equals
        # A client may say client_max_window_bits without a value: "I can, if you like".
        window_fits = key in _WINDOWS and (
            bool(_BITS.fullmatch(value)) or (not equals and key == "client_max_window_bits")
        )
        if key in parameters or not (flag_fits or window_fits):
            return None
        parameters[key] = value
    return parameters
