"""Who asks, and what they may do.

A permission is ``AREA:ACTION``: the area is the resource, such as ``stations``; the action is one
of four. A role holds patterns, in which ``*`` stands for every area. What no pattern grants is
refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from chargeplane.runtime.rest.problems import Problem

__all__ = ["PUBLIC", "Action", "Authenticate", "Principal", "Requires", "requires"]

PUBLIC = {"public": True}
"""``opt`` of a handler that anybody may call."""


class Action(StrEnum):
    """What is done to a resource."""

    READ = "read"
    WRITE = "write"
    COMMAND = "command"
    """Make a station do something."""
    ADMIN = "admin"
    """Decide who may do what."""


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

    def may(self, permission: str) -> bool:
        """Whether a permission is granted."""
        action = permission.rpartition(":")[2]
        return permission in self.grants or f"*:{action}" in self.grants


Authenticate = Callable[[str], Awaitable[Principal | None]]
"""Whose a bearer token is; None if it is nobody's."""


class Requires:
    """A guard that lets in only who has a permission. Made by ``requires``."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        principal: Principal = connection.user
        if not principal.may(self.permission):
            raise Problem.forbidden(f"this needs {self.permission}, which {principal.role} lacks")


def requires(permission: str) -> Requires:
    """Guard a handler: ``guards=[requires("stations:read")]``.

    Raises:
        ValueError: the permission is not written as ``AREA:ACTION``.
    """
    area, _, action = permission.partition(":")
    if not area or action not in set(Action):
        raise ValueError(f"{permission} is no permission; write AREA:{'|'.join(Action)}")
    return Requires(permission)
