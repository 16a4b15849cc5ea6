"""What text the store takes: any, but for NUL and lone surrogates.

PostgreSQL has no NUL in text, SQLite's functions stop at it, and neither can encode half a
surrogate pair. Stations send both. ``storable`` is called once, at the edge, where text comes in;
the column type ``Words`` refuses what was forgotten, on both engines alike.
"""

from __future__ import annotations

import re

__all__ = ["is_storable", "storable"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with NUL as ␀ (U+2400) and each lone surrogate as � (U+FFFD), else unchanged."""
    if is_storable(text):
        return text
    return _SURROGATE.sub("\ufffd", text.replace("\0", "\u2400"))


def is_storable(text: str) -> bool:
    """True if both engines give the text back as it is."""
    return "\0" not in text and (text.isascii() or _SURROGATE.search(text) is None)
