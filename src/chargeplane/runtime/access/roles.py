"""Roles: what somebody may do, as data.

A role grants patterns of permissions, in which ``*`` stands for every area; see
``chargeplane.runtime.rest.principals``. What no pattern grants is refused, so a new area with the
usual actions is open to those who run the stations, and to nobody else.

=============  =====================================================================================
role           is for
=============  =====================================================================================
admin          who administers the tenant: everything, users, tokens and the audit log included
operator       who runs the stations: everything but users, tokens and the audit log
installer      who brings stations into service: stations and their commands; often of some sites
support        who helps drivers: sees what operators see, commands stations, keeps id tokens
accountant     who bills: transactions and tariffs; commands nothing
driver         who charges: nothing of this interface but the own account
auditor        who examines: sees everything, the audit log and the accounts too; changes nothing
viewer         a display: sees what operators see; changes nothing
=============  =====================================================================================
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ACCOUNT", "GRANTS", "Role"]


class Role(StrEnum):
    """What a user or a token is for. ``administrator`` is understood for ``admin``."""

    ADMIN = "admin"
    OPERATOR = "operator"
    INSTALLER = "installer"
    SUPPORT = "support"
    ACCOUNTANT = "accountant"
    DRIVER = "driver"
    AUDITOR = "auditor"
    VIEWER = "viewer"

    @classmethod
    def _missing_(cls, value: object) -> Role | None:
        return cls.ADMIN if value == "administrator" else None


ACCOUNT = frozenset({"me:read", "me:write"})
"""The own account, which everybody has; all that is left while a second factor is missing."""

GRANTS: dict[Role, frozenset[str]] = {
    Role.ADMIN: frozenset({"*:read", "*:write", "*:command", "*:admin", "*:audit"}),
    Role.OPERATOR: frozenset({"*:read", "*:write", "*:command"}),
    Role.INSTALLER: ACCOUNT
    | {
        "stations:read", "stations:write", "stations:command", "sites:read", "transactions:read",
        "certificates:read", "firmware:read",
    },
    Role.SUPPORT: frozenset({"*:read", "stations:command", "id-tokens:write", "me:write"}),
    Role.ACCOUNTANT: ACCOUNT
    | {
        "transactions:read", "transactions:write", "tariffs:read", "tariffs:write",
        "invoices:read", "invoices:write", "stations:read", "sites:read", "id-tokens:read",
    },
    Role.DRIVER: ACCOUNT,
    Role.AUDITOR: frozenset({"*:read", "*:audit", "me:write"}),
    Role.VIEWER: frozenset({"*:read", "me:write"}),
}  # fmt: skip
