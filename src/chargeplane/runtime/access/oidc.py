"""Log-in by an identity provider: OpenID Connect with the authorization code flow and PKCE.

A browser is sent to the provider (``begin``) and comes back with a code (``finish``), which we
exchange for an id token. What belongs to one log-in (state, nonce, PKCE verifier) is sealed in a
cookie of that browser: a code that somebody else has got is worth nothing elsewhere.

Who somebody is the provider says; what they may do says a claim, by ``Provider.roles``. A user is
made at the first log-in and gets the role anew at each one. Whoever has no role is refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from chargeplane.runtime.access.accounts import Accounts, LastAdministrator, NameTaken
from chargeplane.runtime.access.credentials import NAME_CHARACTERS_MAX, new_word
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.tables import User
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.secrets import SecretError, Secrets
from chargeplane.runtime.store import storable, tenants

__all__ = ["LOG_IN_S", "Oidc", "OidcRefused", "OidcUnavailable", "Provider"]

_log = logging.getLogger(__name__)

LOG_IN_S = 600
"""So long may somebody take at the provider."""
CALLBACK = "/api/v1/oidc/callback"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""Signatures by the provider's private key; none and those by a shared secret are refused."""
ANSWER_BYTES_MAX = 1_000_000
CACHED_S = 3600.0
REFRESH_S = 60.0
"""A signature by an unknown key makes us ask for the keys again, this often at the most."""
LEEWAY_S = 60
TIMEOUT_S = 10.0


class OidcRefused(Exception):
    """The log-in is not accepted; the text is for our log."""


class OidcUnavailable(Exception):
    """The provider does not answer, or not what it should; the text is for our log."""


@dataclass(frozen=True)
class Provider:
    """An identity provider, and what its claims mean here."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    """Empty: a public client, which PKCE alone protects."""
    scopes: str = "openid profile email"
    roles_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    """By a value of the claim. Of several, the first of ``Role`` counts."""
    tenant_id: UUID = tenants.DEFAULT_TENANT_ID


class _Pending(Struct, frozen=True):
    """What a browser carries while its user is at the provider."""

    state: str
    nonce: str
    verifier: str
    until_s: float


class _Discovery(Struct, frozen=True):
    """The endpoints of a provider."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Oidc:
    """One provider, seen from here."""

    def __init__(
        self,
        provider: Provider,
        accounts: Accounts,
        clock: Clock,
        secrets: Secrets,
    ) -> None:
        self.provider = provider
        self._accounts = accounts
        self._clock = clock
        self._secrets = secrets
        self._trusted = ssl.create_default_context()
        self._discovery: tuple[_Discovery, float] | None = None
        self._keys: tuple[KeySet, float] | None = None

    async def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it has to bring back.

        Raises:
            OidcUnavailable: the provider cannot be reached.
        """
        endpoints = await self._endpoints()
        until_s = self._clock.now().timestamp() + LOG_IN_S
        pending = _Pending(new_word(), new_word(), new_word(), until_s)
        challenge = hashlib.sha256(pending.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self.provider.scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        glue = "&" if urlsplit(endpoints.authorization_endpoint).query else "?"
        sealed = self._secrets.seal(msgspec.json.encode(pending), "oidc")
        return f"{endpoints.authorization_endpoint}{glue}{urlencode(query)}", sealed

    async def finish(self, state: str, code: str, cookie: str) -> User:
        """The user who comes back from the provider; made if it is the first time.

        Raises:
            OidcRefused: something does not fit, or the user has no role here.
            OidcUnavailable: the provider cannot be reached.
        """
        try:
            pending = msgspec.json.decode(self._secrets.open(cookie, "oidc"), type=_Pending)
        except SecretError as error:
            raise OidcRefused("this browser has begun no log-in") from error
        if self._clock.now().timestamp() > pending.until_s:
            raise OidcRefused("the log-in has taken too long")
        if not hmac.compare_digest(state.encode(errors="replace"), pending.state.encode()):
            raise OidcRefused("the answer belongs to another log-in")
        claims = await self._claims(await self._id_token(code, pending.verifier), pending.nonce)
        return await self._user(claims)

    @property
    def _redirect_uri(self) -> str:
        return f"{self._accounts.sessions.policy.origin}{CALLBACK}"

    async def _id_token(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.provider.client_id,
            "code_verifier": verifier,
        }
        credentials = None
        if self.provider.client_secret:
            credentials = httpx.BasicAuth(self.provider.client_id, self.provider.client_secret)
        endpoints = await self._endpoints()
        answer = await self._ask("POST", endpoints.token_endpoint, data=form, auth=credentials)
        if not isinstance(token := answer.get("id_token"), str):
            raise OidcRefused("the provider gave no id token")
        return token

    async def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an id token that is signed, current, and for this log-in."""
        try:
            claims = await self._verified(id_token)
            now = int(self._clock.now().timestamp())
            jwt.JWTClaimsRegistry(
                now=now,
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.provider.issuer},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                aud={"essential": True, "value": self.provider.client_id},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise OidcRefused(f"the id token is not accepted: {error}") from error
        if isinstance(claims["aud"], list) and claims.get("azp") not in (
            None if len(claims["aud"]) == 1 else "",
            self.provider.client_id,
        ):
            raise OidcRefused("the id token was made for another party")
        return claims

    async def _verified(self, id_token: str) -> dict[str, Any]:
        for is_last in (False, True):
            keys = await self._key_set(is_last)
            try:
                return jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError):
                if is_last:
                    raise
        raise OidcRefused("unreachable")  # pragma: no cover

    async def _user(self, claims: Mapping[str, Any]) -> User:
        provider, accounts = self.provider, self._accounts
        role = self._role(claims.get(provider.roles_claim))
        if role is None:
            raise OidcRefused(f"no value of {provider.roles_claim} stands for a role")
        subject = storable(f"{provider.issuer}|{claims['sub']}")
        user = await accounts.user_of_subject(provider.tenant_id, subject)
        if user is None:
            try:
                return await accounts.add_user(
                    provider.tenant_id, _name(claims), role, None, subject=subject
                )
            except NameTaken as error:
                raise OidcRefused(f"another user is named {error} already") from error
        if user.role != role:
            try:
                user = await accounts.change_user(provider.tenant_id, user.id, role=role) or user
            except LastAdministrator:
                _log.warning("the last administrator stays one, whatever the provider says")
        return user

    def _role(self, value: object) -> Role | None:
        values: Sequence[object] = value if isinstance(value, list) else [value]
        meant = {self.provider.roles.get(each) for each in values if isinstance(each, str)}
        return next((role for role in Role if role in meant), None)

    async def _endpoints(self) -> _Discovery:
        now_s = self._clock.monotonic_s()
        if self._discovery and now_s - self._discovery[1] < CACHED_S:
            return self._discovery[0]
        issuer = self.provider.issuer
        place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.convert(await self._ask("GET", place), _Discovery)
        except msgspec.ValidationError as error:
            raise OidcUnavailable(f"the description of the provider: {error}") from error
        if found.issuer != issuer:
            raise OidcUnavailable(f"the provider calls itself {found.issuer!r}, not {issuer!r}")
        self._discovery = found, now_s
        return found

    async def _key_set(self, is_refreshed: bool) -> KeySet:
        now_s = self._clock.monotonic_s()
        if self._keys and now_s - self._keys[1] < (REFRESH_S if is_refreshed else CACHED_S):
            return self._keys[0]
        raw: Any = await self._ask("GET", (await self._endpoints()).jwks_uri)
        try:
            keys = KeySet.import_key_set(raw)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcUnavailable(f"the keys of the provider: {error}") from error
        self._keys = keys, now_s
        return keys

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=self._trusted) as http:
                status, body = await _answer(http, method, url, more)
        except httpx.HTTPError as error:
            raise OidcUnavailable(f"{url}: {error!r}") from error
        if status in (400, 401):
            raise OidcRefused(f"{url}: {body[:200]!r}")
        try:
            found = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise OidcUnavailable(f"{url}: {status}, no JSON object") from error
        if status != 200:
            raise OidcUnavailable(f"{url}: {status}")
        return found


async def _answer(
    http: httpx.AsyncClient, method: str, url: str, more: dict[str, Any]
) -> tuple[int, bytes]:
    """Status and body; redirections are not followed."""
    body = b""
    async with http.stream(method, url, **more) as answer:
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > ANSWER_BYTES_MAX:
                raise OidcUnavailable(f"{url}: the answer is too long")
    return answer.status_code, body


def _name(claims: Mapping[str, Any]) -> str:
    """What the provider calls the user, without what no terminal and no page should see."""
    for claim in ("preferred_username", "email", "name", "sub"):
        text = "".join(each for each in str(claims.get(claim) or "") if each.isprintable())
        if text.strip():
            return storable(text.strip()[:NAME_CHARACTERS_MAX])
    return "unnamed"
