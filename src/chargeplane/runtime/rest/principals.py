"""Who asks, and what they may do.

A permission is ``AREA:ACTION``: the area is the resource, such as ``stations``; the action is one
of five. A role holds patterns, in which ``*`` stands for every area. What no pattern grants is
refused.

Somebody may be limited to some sites. Such a principal is refused everywhere but where a route
keeps to the sites: because its path names something that has a place (``Routes.places``), or
because its handler says ``opt=SITED`` and asks for ``principal.sites`` in its query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from chargeplane.runtime.rest.problems import Problem

__all__ = [
    "PUBLIC",
    "SITED",
    "Action",
    "Authenticate",
    "Principal",
    "Requires",
    "covers",
    "requires",
]

PUBLIC = {"public": True}
"""``opt`` of a handler that anybody may call."""
SITED = {"sited": True}
"""``opt`` of a handler that shows and changes nothing beyond ``principal.sites``."""


class Action(StrEnum):
    """What is done to a resource."""

    READ = "read"
    WRITE = "write"
    COMMAND = "command"
    """Make a station do something."""
    ADMIN = "admin"
    """Decide who may do what."""
    AUDIT = "audit"
    """See who may do what, and who did what."""


@dataclass(frozen=True)
class Principal:
    """A user, or a program with an API token."""

    tenant_id: UUID
    """The one tenant whose rows it sees. The only source of a tenant in queries."""
    id: UUID
    """Of the user or the token."""
    name: str
    role: str
    grants: frozenset[str]
    """Patterns of permissions: ``stations:read``, ``*:command``."""
    limits: frozenset[str] | None = None
    """What a token was made for: it is granted nothing beyond. None: all that its role grants."""
    sites: frozenset[str] | None = None
    """The sites that it is limited to; None: all of its tenant."""
    is_user: bool = False
    session_id: UUID | None = None
    """Of the session, if a user asks."""
    logged_in_at: datetime | None = None
    """When the session began, if a user asks."""

    def may(self, permission: str) -> bool:
        """Whether a permission is granted."""
        return covers(self.grants, permission) and (
            self.limits is None or covers(self.limits, permission)
        )


def covers(patterns: frozenset[str], permission: str) -> bool:
    """Whether some pattern stands for a permission, or for a pattern."""
    return permission in patterns or f"*:{permission.rpartition(':')[2]}" in patterns


Authenticate = Callable[[str], Awaitable[Principal | None]]
"""Whose a bearer token is; None if it is nobody's."""


class Requires:
    """A guard that lets in only who has a permission. Made by ``requires``."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        principal: Principal = connection.user
        if not principal.may(self.permission):
            raise Problem.forbidden(f"this needs {self.permission}, which {principal.role} lacks")
        if principal.sites is not None and not _keeps_to_sites(connection, handler):
            raise Problem.forbidden("this is about all sites, and you are limited to some")


def requires(permission: str) -> Requires:
    """Guard a handler: ``guards=[requires("stations:read")]``.

    Raises:
        ValueError: the permission is not written as ``AREA:ACTION``.
    """
    area, _, action = permission.partition(":")
    if not area or action not in set(Action):
        raise ValueError(f"{permission} is no permission; write AREA:{'|'.join(Action)}")
    return Requires(permission)


def _keeps_to_sites(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> bool:
    places: frozenset[str] = handler.opt.get("places", frozenset())
    return bool(handler.opt.get("sited")) or not places.isdisjoint(connection.path_params)
