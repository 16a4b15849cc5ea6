"""What the settings say about log-ins."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from chargeplane.runtime.access import Policy, Provider, Role
from chargeplane.runtime.settings import Settings, SettingsError

__all__ = ["policy_of", "provider_of"]

SECRET_VARIABLE = "CHARGEPLANE_OIDC_CLIENT_SECRET"


def policy_of(settings: Settings) -> Policy:
    """The policy of log-ins.

    Raises:
        SettingsError: with every fault, each by its setting.
    """
    faults: list[str] = []
    public_url = settings.public_url or f"http://localhost:{settings.port}"
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        faults.append(f"public_url: write https://HOST or https://HOST:PORT, not {public_url!r}")
    policy = Policy(
        session_s=settings.session_hours * 3600,
        session_idle_s=settings.session_idle_minutes * 60,
        second_factor_roles=_roles(settings.second_factor_roles, faults),
        public_url=public_url.rstrip("/"),
        trusted_proxies=_networks(settings.trusted_proxies, faults),
    )
    if faults:
        raise SettingsError(tuple(faults))
    return policy


def provider_of(settings: Settings, environment: Mapping[str, str]) -> Provider | None:
    """The identity provider; None: there is none.

    Raises:
        SettingsError: with every fault, each by its setting.
    """
    issuer = settings.oidc_issuer
    if not issuer:
        if settings.oidc_client_id:
            raise SettingsError(("oidc_client_id: means nothing without oidc_issuer",))
        return None
    faults: list[str] = []
    parts = urlsplit(issuer)
    is_near = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
        faults.append("oidc_issuer: must begin with https://")
    if not settings.oidc_client_id:
        faults.append("oidc_client_id: is needed with oidc_issuer")
    roles: dict[str, Role] = {}
    for word in _words(settings.oidc_roles):
        value, _, role = word.rpartition("=")
        try:
            roles[value.strip()] = Role(role.strip())
        except ValueError:
            faults.append(f"oidc_roles: {word!r}: write VALUE=ROLE; there are {', '.join(Role)}")
    if not roles:
        faults.append("oidc_roles: without it nobody gets in")
    if faults:
        raise SettingsError(tuple(faults))
    secret = environment.get(SECRET_VARIABLE, "")
    scopes, claim = settings.oidc_scopes, settings.oidc_roles_claim
    return Provider(issuer, settings.oidc_client_id, secret, scopes, claim, roles)


def _roles(text: str, faults: list[str]) -> frozenset[Role]:
    found = set()
    for word in _words(text):
        try:
            found.add(Role(word))
        except ValueError:
            faults.append(f"second_factor_roles: {word!r} is no role; there are {', '.join(Role)}")
    return frozenset(found)


def _networks(text: str, faults: list[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for word in _words(text):
        try:
            found.append(ip_network(word))
        except ValueError as error:
            faults.append(f"trusted_proxies: {error}")
    return tuple(found)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
