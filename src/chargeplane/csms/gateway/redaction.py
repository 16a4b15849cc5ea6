"""Passwords, key codes and addresses of files never reach the flight recorder.

A frame that sets one (1.6 ChangeConfiguration of AuthorizationKey, 2.x SetVariables of
BasicAuthPassword), or that shows one, is kept with its values blotted out, all of them: which is
the password can only be told by reading the whole message. Of an address by which a station sends
or fetches a file, the part that opens it is blotted out: it may still count. A frame with an id
token of the type KeyCode, which a driver types in, is kept without its tokens (C04.FR.04).
"""

from __future__ import annotations

import re

__all__ = ["BLOT", "redacted"]

BLOT = "•••"
_JSON_VALUE = re.compile(r'("(?:value|attributeValue)"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_XML_VALUE = re.compile(r"(<(?:\w+:)?value\b[^>]*>)[^<]*(</)")
_JSON_TOKEN = re.compile(r'("(?:idToken|value)"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ADDRESS = re.compile(r"(/transfers/)[A-Za-z0-9_-]+")


def redacted(text: str) -> str:
    """The text of a frame as it may be kept."""
    if "/transfers/" in text:
        text = _ADDRESS.sub(rf"\1{BLOT}", text)
    if '"KeyCode"' in text:
        text = _JSON_TOKEN.sub(rf'\1"{BLOT}"', text)
    if "AuthorizationKey" not in text and "BasicAuthPassword" not in text:
        return text
    return _XML_VALUE.sub(rf"\1{BLOT}\2", _JSON_VALUE.sub(rf'\1"{BLOT}"', text))
