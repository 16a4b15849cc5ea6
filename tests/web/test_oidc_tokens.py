"""Id tokens that a provider did not make for this log-in are refused, with real signatures."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from chargeplane.runtime.access import Provider, Role
from chargeplane.runtime.access.oidc import CACHED_S, LEEWAY_S, REFRESH_S
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Settings
from tests.web.oidc_provider import OidcProvider, oidc_provider
from tests.web.serving import TENANT_ID, Serving, serving

CLIENT = "chargeplane"
Claims = dict[str, Any]
Forge = Callable[["Forger", Claims], str]


@dataclass
class Forger:
    """What an attacker, or a careless provider, makes tokens with."""

    provider: OidcProvider
    now_s: int
    stranger: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    def signed(self, claims: Claims, **header: Any) -> str:
        """As the provider itself signs."""
        key = self.provider.keys[0]
        return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, claims, key)


def unsigned(claims: Claims, signature: str = "", alg: str = "none", **header: Any) -> str:
    """A token that nobody has signed, and whose header may say so."""
    parts = ({"alg": alg, **header}, claims)
    words = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in parts]
    return ".".join([*(word.decode() for word in words), signature])


def with_public_key_as_secret(forger: Forger, claims: Claims) -> str:
    """The public key is known to all: as the secret of HS256 it must prove nothing."""
    text = unsigned(claims, alg="HS256", kid=forger.provider.keys[0].kid)
    secret = forger.provider.keys[0].as_pem(private=False)
    mac = hmac.digest(secret, text.rstrip(".").encode(), "sha256")
    return text + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def with_own_key_in_the_header(forger: Forger, claims: Claims) -> str:
    """A key that comes with the token is no key of the provider."""
    header = {"alg": "RS256", "jwk": forger.stranger.as_dict(private=False)}
    return jwt.encode(header, claims, forger.stranger)


def with_other_claims(forger: Forger, claims: Claims) -> str:
    """The signature of one token under the claims of another."""
    head, _, signature = forger.signed(claims).split(".")
    body = unsigned(claims | {"groups": ["admins"]}).split(".")[1]
    return ".".join((head, body, signature))


def changed(**values: Any) -> Forge:
    """Signed by the provider, with some claims changed; None: left out."""

    def forge(forger: Forger, claims: Claims) -> str:
        made = claims | values
        return forger.signed({name: it for name, it in made.items() if it is not None})

    return forge


def moved(**seconds: int) -> Forge:
    """Signed by the provider, with some times set, counted from now."""

    def forge(forger: Forger, claims: Claims) -> str:
        return forger.signed(claims | {name: forger.now_s + by for name, by in seconds.items()})

    return forge


FORGED: dict[str, Forge] = {
    "another nonce": changed(nonce="x" * 43),
    "no nonce": changed(nonce=None),
    "a nonce that is no text": changed(nonce=["x"]),
    "another audience": changed(aud="somebody else"),
    "no audience": changed(aud=None),
    "two audiences and no party": changed(aud=[CLIENT, "somebody else"]),
    "two audiences, for the other": changed(aud=[CLIENT, "other"], azp="other"),
    "another issuer": changed(iss="https://evil.example"),
    "the issuer with a slash": lambda forger, claims: forger.signed(
        claims | {"iss": claims["iss"] + "/"}
    ),
    "no issuer": changed(iss=None),
    "no subject": changed(sub=None),
    "expired": moved(iat=-7200, exp=-LEEWAY_S - 1),
    "no expiry": changed(exp=None),
    "an expiry that is no number": changed(exp="tomorrow"),
    "made in the future": moved(iat=LEEWAY_S + 60, exp=7200),
    "not valid yet": moved(nbf=LEEWAY_S + 60),
    "no time of issue": changed(iat=None),
    "alg none": lambda _, claims: unsigned(claims),
    "alg None": lambda _, claims: unsigned(claims, alg="None"),
    "alg none with a signature": lambda _, claims: unsigned(claims, "AAAA"),
    "the public key as secret": with_public_key_as_secret,
    "a key of a stranger by the same name": lambda forger, claims: jwt.encode(
        {"alg": "RS256", "kid": forger.provider.keys[0].kid}, claims, forger.stranger
    ),
    "a key in the header": with_own_key_in_the_header,
    "the signature of another token": with_other_claims,
    "no signature": lambda forger, claims: forger.signed(claims).rpartition(".")[0] + ".",
    "no token": lambda _, __: "x",
    "an array": lambda forger, _: ".".join(("W10", "W10", "AAAA")),
    "an empty text": lambda _, __: "",
}


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider() as provider:
        yield provider


@pytest.fixture
async def rest(
    settings: Settings, clock: SimulatedClock, provider: OidcProvider
) -> AsyncIterator[Serving]:
    roles = {"staff": Role.OPERATOR, "admins": Role.ADMIN}
    known = Provider(provider.issuer, CLIENT, roles=roles)
    async with serving(settings, clock, provider=known) as served:
        yield served


async def log_in(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock, forge: Forge | None = None
) -> int:
    """Log in with what the provider, or a forger in its place, answers; the status."""
    start = await rest.client.get("/api/v1/oidc/start")
    asked = {
        name: it[0] for name, it in parse_qs(urlsplit(start.headers["location"]).query).items()
    }
    now_s = int(clock.now().timestamp())
    claims = {
        "iss": provider.issuer, "sub": "1", "aud": CLIENT, "nonce": asked["nonce"],
        "iat": now_s, "exp": now_s + 300, "preferred_username": "ada", "groups": ["staff"],
    }  # fmt: skip
    forger = Forger(provider, now_s)
    provider.id_token = forge(forger, claims) if forge else forger.signed(claims)
    query = {"state": asked["state"], "code": "c"}
    answer = await rest.client.get("/api/v1/oidc/callback", params=query)
    return answer.status_code


async def test_a_forged_id_token_lets_nobody_in(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock
) -> None:
    told = {name: await log_in(rest, provider, clock, forge) for name, forge in FORGED.items()}
    assert told == dict.fromkeys(FORGED, 401)
    assert "chargeplane_session" not in rest.client.cookies
    assert await rest.accounts.users(TENANT_ID, count_max=10) == []


async def test_an_id_token_of_the_provider_lets_its_user_in(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock
) -> None:
    good: dict[str, Forge | None] = {
        "plain": None,
        "an audience in a list": changed(aud=[CLIENT]),
        "two audiences": changed(aud=[CLIENT, "other"], azp=CLIENT),
        "clocks that differ a little": moved(exp=-LEEWAY_S + 30, iat=-300),
    }
    told = {name: await log_in(rest, provider, clock, forge) for name, forge in good.items()}
    assert told == dict.fromkeys(good, 302)
    assert [user.name for user in await rest.accounts.users(TENANT_ID, count_max=10)] == ["ada"]


async def test_a_provider_may_change_its_keys(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock
) -> None:
    assert await log_in(rest, provider, clock) == 302
    old = provider.keys[0]

    def with_the_old_key(_: Forger, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": old.kid}, claims, old)

    provider.keys = [RSAKey.generate_key(2048, {"kid": "two"})]
    await clock.advance(REFRESH_S + 1)
    assert await log_in(rest, provider, clock) == 302
    assert await log_in(rest, provider, clock, with_the_old_key) == 401


async def test_a_key_that_was_withdrawn_counts_no_longer_than_it_is_cached(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock
) -> None:
    assert await log_in(rest, provider, clock) == 302
    stolen = provider.keys[0]
    provider.keys = [RSAKey.generate_key(2048, {"kid": "two"})]
    await clock.advance(CACHED_S + 1)
    assert await log_in(
        rest, provider, clock, lambda _, c: jwt.encode({"alg": "RS256"}, c, stolen)
    ) == 401  # fmt: skip


async def test_forged_tokens_do_not_make_us_ask_for_keys_again_and_again(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock
) -> None:
    for _ in range(5):
        assert await log_in(rest, provider, clock, FORGED["an array"]) == 401
    assert provider.asked_for_keys == 1
    await clock.advance(REFRESH_S + 1)
    assert await log_in(rest, provider, clock, FORGED["an array"]) == 401
    assert provider.asked_for_keys == 2


async def test_keys_of_other_kinds_verify_nothing(
    rest: Serving, provider: OidcProvider, clock: SimulatedClock
) -> None:
    others = KeySet([OctKey.generate_key(256), ECKey.generate_key("P-256")])
    useless: list[dict[str, Any]] = [{"keys": []}, dict(others.as_dict(private=False))]
    for published in useless:
        provider.published = published
        assert await log_in(rest, provider, clock) in (401, 502)
        await clock.advance(CACHED_S + 1)
