"""Which station a request path names: its last segment, percent-decoded once.

Any path may stand in front, so that a station moves here from another CSMS by a change of the host
alone (OCPP-J: the endpoint, "/", the identity, percent-encoded).
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

__all__ = [
    "IDENTITY_LENGTH_MAX",
    "IdentityFault",
    "identity_before_slash",
    "identity_of_target",
    "identity_of_text",
]

IDENTITY_LENGTH_MAX = 48  # identifierString of 2.x; 1.x sets no bound

# What nearly all stations are called, and nothing in it has to be decoded, composed or looked at.
_PLAIN = re.compile(rf"[0-9A-Za-z_-][0-9A-Za-z._-]{{0,{IDENTITY_LENGTH_MAX - 1}}}")
_NOT_AN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class IdentityFault(ValueError):
    """The path names something that no station can be called."""


def identity_of_target(target: str) -> str | None:
    """The identity in a request target; None if its path ends where the identity should stand.

    Raises:
        IdentityFault: if the last segment is not percent-encoded UTF-8, or no possible identity.
    """
    segment = path_of_target(target).rpartition("/")[2]
    return _identity_of_segment(segment) if segment else None


def identity_before_slash(target: str) -> str | None:
    """The identity in a path like ``/ocpp/CP01/``, None if there is none.

    A single segment is the endpoint, and names nobody.

    Raises:
        IdentityFault: as for ``identity_of_target``.
    """
    before, _, segment = path_of_target(target).rstrip("/").rpartition("/")
    return _identity_of_segment(segment) if before.strip("/") else None


def _identity_of_segment(segment: str) -> str:
    if _PLAIN.fullmatch(segment):
        return segment
    if _NOT_AN_ESCAPE.search(segment):
        raise IdentityFault("the identity is not percent-encoded")
    try:
        decoded = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise IdentityFault("the identity is not UTF-8") from None
    return identity_of_text(decoded)


def identity_of_text(text: str) -> str:
    """The identity that a text is, in its composed form.

    Raises:
        IdentityFault: no station can be called so.
    """
    identity = unicodedata.normalize("NFC", text)
    if len(identity) > IDENTITY_LENGTH_MAX:
        raise IdentityFault(f"the identity is longer than {IDENTITY_LENGTH_MAX} characters")
    if "/" in identity or identity in {".", ".."} or identity != identity.strip():
        raise IdentityFault("the identity cannot be a path, or begin or end with a space")
    # Control, format, surrogate, private and unassigned characters, line and paragraph separators:
    # what is invisible cannot be told apart by people and breaks logs.
    if any(unicodedata.category(each) in _INVISIBLE for each in identity):
        raise IdentityFault("the identity has an invisible character")
    return identity


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def path_of_target(target: str) -> str:
    """The path of a request target, without query; some stacks send a whole URL as the target."""
    path = target.partition("?")[0].partition("#")[0]
    scheme, found, rest = path.partition("://")
    if found and "/" not in scheme:
        return "/" + rest.partition("/")[2]
    return path
