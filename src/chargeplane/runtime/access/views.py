"""What the routes of users, tokens, sessions and tenants take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from chargeplane.runtime.access.credentials import (
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
)
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.tables import ApiToken, User
from chargeplane.runtime.store import tenants

Name = Annotated[
    str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=r"^[^\x00-\x1f\x7f]+$")
]
NewPassword = Annotated[
    str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX)
]
Time = Annotated[datetime, Meta(tz=True)]


class UserView(Struct, frozen=True):
    """A user."""

    id: UUID
    tenant_id: UUID
    name: str
    role: str
    created_at: datetime


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """A user to be made."""

    name: Name
    password: NewPassword
    role: Role = Role.VIEWER


class UserChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a user."""

    role: Role | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET


class ApiTokenView(Struct, frozen=True):
    """An API token, without its secret."""

    id: UUID
    tenant_id: UUID
    name: str
    role: str
    hint: str
    """The beginning of the secret."""
    created_at: datetime
    expires_at: datetime | None


class NewApiToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: Name
    role: Role = Role.VIEWER
    expires_at: Time | None = None


class MadeApiToken(ApiTokenView, frozen=True, kw_only=True):
    """A new token, with its secret."""

    token: str
    """Shown once; it cannot be read again."""


class ApiTokenChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a token."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    expires_at: Time | UnsetType | None = UNSET


class LogIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password."""

    name: Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)]
    password: Annotated[str, Meta(max_length=PASSWORD_CHARACTERS_MAX)]
    tenant_id: UUID = tenants.DEFAULT_TENANT_ID


class SessionView(Struct, frozen=True):
    """A session that has begun."""

    token: str
    name: str
    role: str
    expires_at: datetime


class TenantView(Struct, frozen=True):
    """A tenant."""

    id: UUID
    name: str
    created_at: datetime


class Me(Struct, frozen=True):
    """Who is asking."""

    id: UUID
    tenant_id: UUID
    name: str
    role: str


def user_view(user: User) -> UserView:
    """A user, without the hash of the password."""
    return UserView(user.id, user.tenant_id, user.name, user.role, user.created_at)


def token_view(token: ApiToken) -> ApiTokenView:
    """A token, without the digest of its secret."""
    return ApiTokenView(**members(token))


def members(token: ApiToken) -> dict[str, Any]:
    """What is shown of a token, by name."""
    return {name: getattr(token, name) for name in ApiTokenView.__struct_fields__}
