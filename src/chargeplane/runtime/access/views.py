"""What the routes of users, tokens and tenants take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chargeplane.runtime.access.accounts import PERMISSIONS_MAX, SITES_MAX
from chargeplane.runtime.access.credentials import (
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
)
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.tables import ApiToken, User

Name = Annotated[
    str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=r"^[^\x00-\x1f\x7f]+$")
]
NewPassword = Annotated[
    str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX)
]
Time = Annotated[datetime, Meta(tz=True)]
Label = Annotated[
    str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Sites = Annotated[list[Label], Meta(max_length=SITES_MAX)]
Permission = Annotated[str, Meta(max_length=60, pattern=r"^(\*|[a-z-]+):[a-z]+$")]
Permissions = Annotated[list[Permission], Meta(max_length=PERMISSIONS_MAX)]
Code = Annotated[str, Meta(min_length=1, max_length=40)]


class UserView(Struct, frozen=True):
    """A user."""

    id: UUID
    tenant_id: UUID
    name: str
    role: str
    created_at: datetime
    sites: list[str] | None = None
    """Those that the user is limited to; null: all."""
    second_factor_since: datetime | None = None
    """Since when a password alone is not enough."""


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """A user to be made."""

    name: Name
    password: NewPassword
    role: Role = Role.VIEWER
    sites: Sites | None = None


class UserChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a user."""

    role: Role | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET
    sites: Sites | UnsetType | None = UNSET


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
    last_used_at: datetime | None = None
    """To the minute."""
    permissions: list[str] | None = None
    """The only ones of the role's that it has; null: all."""
    sites: list[str] | None = None
    """Those that it is limited to; null: all."""


class NewApiToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: Name
    role: Role = Role.VIEWER
    expires_at: Time | None = None
    permissions: Permissions | None = None
    sites: Sites | None = None


class MadeApiToken(ApiTokenView, frozen=True, kw_only=True):
    """A new token, with its secret."""

    token: str
    """Shown once; it cannot be read again."""


class ApiTokenChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a token."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    expires_at: Time | UnsetType | None = UNSET


class TenantView(Struct, frozen=True):
    """A tenant."""

    id: UUID
    name: str
    created_at: datetime
    closed_at: datetime | None = None
    """Since when nobody gets in, neither people and programs nor stations; null: it is open."""


class TenantContentView(Struct, frozen=True):
    """What a tenant has of one kind."""

    kind: str
    """As the database calls it, such as ``transactions``."""
    count: int | None
    """Null: more than 20,000."""
    is_kept: bool
    """Whether it stands in the way of removing the tenant."""


class TenantContents(Struct, frozen=True):
    """All that a tenant has, and so what goes with it."""

    items: list[TenantContentView]
    may_be_removed: bool
    """Whether it is closed, and has nothing that must be kept nor too much of anything."""


class TenantNamed(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of the tenant that is meant: no slip of the hand closes another."""

    name: str


class NewTenant(Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant to be made, and its first administrator."""

    name: Name
    administrator: Name
    password: NewPassword


class TenantChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a tenant."""

    name: Name


class Me(Struct, frozen=True):
    """Who is asking."""

    id: UUID
    tenant_id: UUID
    name: str
    role: str
    permissions: list[str]
    """Patterns: ``*:read`` is to read everything. Of a token, those that it was made for."""
    sites: list[str] | None
    """Those that it is limited to; null: all."""
    must_set_second_factor: bool
    """Nothing is permitted before that."""
    csrf_token: str | None
    """To be sent as ``X-CSRF-Token`` with every change, by who is recognised by a cookie."""


def user_view(user: User) -> UserView:
    """A user, without the hash of the password."""
    return UserView(
        user.id,
        user.tenant_id,
        user.name,
        user.role,
        user.created_at,
        listed(user.sites),
        user.second_factor_at,
    )


def token_view(token: ApiToken) -> ApiTokenView:
    """A token, without the digest of its secret."""
    return ApiTokenView(**members(token))


def members(token: ApiToken) -> dict[str, Any]:
    """What is shown of a token, by name."""
    shown = {name: getattr(token, name) for name in ApiTokenView.__struct_fields__}
    return shown | {"permissions": listed(token.permissions), "sites": listed(token.sites)}


def listed(text: str | None) -> list[str] | None:
    """A set as it is shown."""
    return None if text is None else msgspec.json.decode(text, type=list[str])
