"""Passkeys (WebAuthn): registering one, and logging in with one instead of name and password.

The authenticator verifies its user (a finger, a PIN), so a passkey is both factors at once. It is
bound to the host of ``Policy.public_url``: a page of another host cannot ask for it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import webauthn
from msgspec import Struct
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from chargeplane.runtime.access.challenges import Challenges
from chargeplane.runtime.access.factors import Factor, Factors, Kind
from chargeplane.runtime.access.policy import Policy
from chargeplane.runtime.access.tables import User

__all__ = ["PasskeyRefused", "Passkeys"]

CHALLENGE_S = 300.0
_NAME = "chargeplane"
_REGISTER, _LOG_IN = "passkey-registration", "passkey-log-in"


class PasskeyRefused(Exception):
    """What the authenticator gave is not what was asked for. The text is for our log."""


class _Kept(Struct, frozen=True):
    """What is stored of a passkey."""

    public_key: bytes
    sign_count: int


class Passkeys:
    """The two ceremonies of WebAuthn, each in two steps."""

    def __init__(self, factors: Factors, challenges: Challenges, policy: Policy) -> None:
        self._factors = factors
        self._challenges = challenges
        self._policy = policy

    async def offer_registration(self, user: User) -> tuple[str, dict[str, Any]]:
        """The word of the challenge, and the options for ``navigator.credentials.create``."""
        known = await self._factors.of(user.tenant_id, user.id)
        options = webauthn.generate_registration_options(
            rp_id=self._policy.host,
            rp_name=_NAME,
            user_name=user.name,
            user_id=user.id.bytes,
            timeout=int(CHALLENGE_S * 1000),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.handle))
                for each in known
                if each.kind == Kind.PASSKEY
            ],
        )
        word = await self._challenges.make(
            user.tenant_id, _REGISTER, options.challenge, lifetime_s=CHALLENGE_S, user_id=user.id
        )
        return word, msgspec.json.decode(webauthn.options_to_json(options))

    async def register(
        self, user: User, word: str, name: str, credential: dict[str, Any]
    ) -> Factor:
        """Keep the passkey that an authenticator has made.

        Raises:
            PasskeyRefused: the challenge is unknown or old, or the answer does not fit it.
            TooManyFactors: the user has too many.
        """
        taken = await self._challenges.take(user.tenant_id, _REGISTER, word)
        if taken is None or taken.user_id != user.id:
            raise PasskeyRefused("the challenge is unknown, used or too old")
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=taken.content,
                expected_rp_id=self._policy.host,
                expected_origin=self._policy.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyRefused(str(error)) from error
        handle = bytes_to_base64url(made.credential_id)
        if await self._factors.passkey(user.tenant_id, handle) is not None:
            raise PasskeyRefused("this passkey is known already")
        return await self._factors.add_passkey(
            user, name, handle, _text(made.credential_public_key, made.sign_count)
        )

    async def offer_log_in(self, tenant_id: UUID) -> tuple[str, dict[str, Any]]:
        """The word of the challenge, and the options for ``navigator.credentials.get``.

        They are the same whoever asks, so nobody learns who has a passkey.
        """
        options = webauthn.generate_authentication_options(
            rp_id=self._policy.host,
            timeout=int(CHALLENGE_S * 1000),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        word = await self._challenges.make(
            tenant_id, _LOG_IN, options.challenge, lifetime_s=CHALLENGE_S
        )
        return word, msgspec.json.decode(webauthn.options_to_json(options))

    async def log_in(self, tenant_id: UUID, word: str, credential: dict[str, Any]) -> UUID:
        """The id of the user whose passkey has answered.

        Raises:
            PasskeyRefused: the challenge or the passkey is unknown, or the answer is wrong.
        """
        taken = await self._challenges.take(tenant_id, _LOG_IN, word)
        if taken is None:
            raise PasskeyRefused("the challenge is unknown, used or too old")
        factor = await self._factors.passkey(tenant_id, str(credential.get("id", "")))
        if factor is None:
            raise PasskeyRefused("the passkey is unknown")
        kept = msgspec.json.decode(factor.content, type=_Kept)
        try:
            seen = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=taken.content,
                expected_rp_id=self._policy.host,
                expected_origin=self._policy.origin,
                credential_public_key=kept.public_key,
                credential_current_sign_count=kept.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyRefused(str(error)) from error
        await self._factors.note_passkey(factor, _text(kept.public_key, seen.new_sign_count))
        return factor.user_id


def _text(public_key: bytes, sign_count: int) -> str:
    return msgspec.json.encode(_Kept(public_key, sign_count)).decode()
