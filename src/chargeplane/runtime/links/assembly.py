"""A message that comes in fragments, or compressed: put together under a bound, checked on the way.

Text is checked as it comes, so that a peer that sends no UTF-8 is told so before it has finished.
"""

from __future__ import annotations

import codecs

from chargeplane.runtime.links.deflate import Inflater
from chargeplane.runtime.links.faults import CloseCode, MessageFault

__all__ = ["Assembly"]

_Utf8 = codecs.getincrementaldecoder("utf-8")


class Assembly:
    """One message in the making."""

    __slots__ = ("_bytes_max", "_data", "_inflater", "_utf8", "is_text")

    def __init__(self, *, is_text: bool, compressed: bool, bytes_max: int) -> None:
        """Start a message."""
        self.is_text = is_text
        self._bytes_max = bytes_max
        self._data = bytearray()
        self._inflater = Inflater(bytes_max) if compressed else None
        self._utf8 = _Utf8() if is_text else None

    def add(self, payload: bytes, *, final: bool) -> None:
        """Take the next fragment.

        Raises:
            MessageFault: if the message is too big, not a deflate stream, or not UTF-8.
        """
        if self._inflater is not None:
            payload = self._inflater.inflated(payload, final=final)
        if len(self._data) + len(payload) > self._bytes_max:
            raise MessageFault(CloseCode.MESSAGE_TOO_BIG, "message too big")
        if self._utf8 is not None:
            try:
                self._utf8.decode(payload, final)
            except UnicodeDecodeError:
                raise MessageFault(CloseCode.INVALID_DATA, "text is not UTF-8") from None
        self._data += payload

    def text(self) -> str:
        """The finished text."""
        return self._data.decode()

    def data(self) -> bytes:
        """The finished bytes."""
        return bytes(self._data)
