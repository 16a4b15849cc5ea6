"""The token that a client of the live stream shows with its request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar.connection import ASGIConnection

from chargeplane.runtime.access import Policy, cookies
from chargeplane.runtime.rest import Problem

__all__ = ["BEARER", "TOKEN_CHARACTERS_MAX", "checked", "token_of"]

BEARER = "bearer."
"""Before the token, as a sub-protocol: what a page in a browser can send."""
TOKEN_CHARACTERS_MAX = 1_000


def token_of(
    connection: ASGIConnection[Any, Any, Any, Any], subprotocols: Sequence[str], policy: Policy
) -> str | None:
    """The token of a request; None if it shows none.

    Raises:
        Problem: there is something else in its place.
    """
    header = connection.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Problem.unauthenticated("only Authorization: Bearer is understood")
        return checked(token.strip())
    for each in subprotocols:
        if each.startswith(BEARER):
            return checked(each.removeprefix(BEARER))
    token = cookies.read(policy, connection.cookies) or ""
    return checked(token) if token else None


def checked(token: str) -> str:
    """A token that can be looked up.

    Raises:
        Problem: it is empty, or too long to be one.
    """
    if not 0 < len(token) <= TOKEN_CHARACTERS_MAX:
        raise Problem.unauthenticated("that is no token")
    return token
