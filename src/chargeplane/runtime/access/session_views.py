"""What the routes of sessions, second factors and passkeys take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from chargeplane.runtime.access.credentials import NAME_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX
from chargeplane.runtime.access.views import Code, Label, Name, NewPassword
from chargeplane.runtime.store import tenants

Password = Annotated[str, Meta(max_length=PASSWORD_CHARACTERS_MAX)]
Word = Annotated[str, Meta(min_length=1, max_length=100)]
Credential = Annotated[dict[str, Any], Meta(max_length=20)]


class LogIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password."""

    name: Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)]
    password: Password
    tenant_id: UUID = tenants.DEFAULT_TENANT_ID
    code: Code | None = None
    """Of an app, or a recovery code: for users with a second factor."""
    cookie: bool = False
    """For browsers: the token goes into a cookie that no script can read."""


class SessionView(Struct, frozen=True):
    """A session that has begun."""

    token: str
    """Empty if it went into the cookie."""
    name: str
    role: str
    expires_at: datetime
    csrf_token: str
    """To be sent as ``X-CSRF-Token`` with every change, by who is recognised by a cookie."""


class OpenSession(Struct, frozen=True):
    """A session of the user who asks."""

    id: UUID
    is_current: bool
    source: str
    """The address that it began at."""
    agent: str
    """What the browser called itself."""
    created_at: datetime
    last_used_at: datetime | None
    """To the minute."""
    expires_at: datetime | None


class SetUp(Struct, frozen=True, forbid_unknown_fields=True):
    """The first administrator."""

    token: Word
    """Of the set-up link."""
    name: Name
    password: NewPassword


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The own password, and a new one."""

    current: Password
    new: NewPassword


class FactorView(Struct, frozen=True):
    """A second factor."""

    id: UUID
    kind: str
    """``totp`` or ``passkey``."""
    name: str
    created_at: datetime
    last_used_at: datetime | None


class FactorsView(Struct, frozen=True):
    """The second factors of the user who asks."""

    factors: list[FactorView]
    recovery_codes_left: int


class NewFactor(Struct, frozen=True, forbid_unknown_fields=True):
    """A name for an app."""

    name: Label = "app"


class NewTotp(Struct, frozen=True):
    """An app that does not count before it has shown a right code."""

    id: UUID
    secret: str
    """In base32, for typing it in. Shown once."""
    uri: str
    """For a QR code."""


class Confirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """What the app shows."""

    code: Code


class RecoveryCodes(Struct, frozen=True):
    """Each works once. Shown once; empty if the user has some already."""

    recovery_codes: list[str]


class Challenge(Struct, frozen=True):
    """A step of WebAuthn."""

    challenge: str
    """To be sent with the answer of the authenticator."""
    options: dict[str, Any]
    """What ``PublicKeyCredential.parse...OptionsFromJSON`` reads."""


class NewPasskey(Struct, frozen=True, forbid_unknown_fields=True):
    """What an authenticator has made."""

    challenge: Word
    credential: Credential
    name: Label = "passkey"


class PasskeyChallenge(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose passkeys may answer."""

    tenant_id: UUID = tenants.DEFAULT_TENANT_ID


class PasskeyLogIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What an authenticator has answered."""

    challenge: Word
    credential: Credential
    tenant_id: UUID = tenants.DEFAULT_TENANT_ID
    cookie: bool = False
