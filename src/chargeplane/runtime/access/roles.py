"""Roles: what somebody may do, as data.

A role grants actions in all areas (``*:read``); see ``chargeplane.runtime.rest.principals``. Users,
tokens and tenants are administered with ``admin``, which only one role has.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["GRANTS", "Role"]


class Role(StrEnum):
    """What a user or a token is for."""

    ADMIN = "admin"
    """May do everything, users and tokens included."""
    OPERATOR = "operator"
    """Runs the stations: sees and changes everything but users and tokens."""
    VIEWER = "viewer"
    """Looks, and changes nothing."""


GRANTS: dict[Role, frozenset[str]] = {
    Role.ADMIN: frozenset({"*:read", "*:write", "*:command", "*:admin"}),
    Role.OPERATOR: frozenset({"*:read", "*:write", "*:command"}),
    Role.VIEWER: frozenset({"*:read"}),
}
