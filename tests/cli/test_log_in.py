"""What the settings say about log-ins, and how their faults are told."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.cli.log_in import SECRET_VARIABLE, policy_of, provider_of
from chargeplane.runtime.access import Role
from chargeplane.runtime.settings import Settings, SettingsError

PROVIDER = {
    "oidc_issuer": "https://id.example",
    "oidc_client_id": "us",
    "oidc_roles": "staff=operator, the bosses = admin",
}


def settings(values: dict[str, Any]) -> Settings:
    return Settings(**values)


def test_without_settings_browsers_come_to_localhost() -> None:
    policy = policy_of(Settings(port=8081))
    assert (policy.origin, policy.host, policy.is_secure) == (
        "http://localhost:8081", "localhost", False,
    )  # fmt: skip


def test_what_is_set_counts() -> None:
    policy = policy_of(
        Settings(
            public_url="https://cp.example/",
            trusted_proxies="10.0.0.0/8, ::1",
            second_factor_roles="administrator,operator",
            session_hours=1,
            session_idle_minutes=5,
        )
    )
    assert (policy.origin, policy.is_secure) == ("https://cp.example", True)
    assert policy.second_factor_roles == {Role.ADMIN, Role.OPERATOR}
    assert (policy.session_s, policy.session_idle_s) == (3600, 300)
    assert len(policy.trusted_proxies) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "cp.example"),
        ("public_url", "https://cp.example/console"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("second_factor_roles", "boss"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        policy_of(settings({name: value}))


def test_a_provider_is_made_of_its_settings_and_the_secret_of_the_environment() -> None:
    provider = provider_of(settings(PROVIDER), {SECRET_VARIABLE: "hush"})
    assert provider is not None
    assert provider.roles == {"staff": Role.OPERATOR, "the bosses": Role.ADMIN}
    assert provider.client_secret == "hush"
    assert "hush" not in repr(provider)
    assert provider_of(Settings(), {}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oidc_issuer", "http://id.example"),
        ("oidc_client_id", ""),
        ("oidc_roles", ""),
        ("oidc_roles", "staff=boss"),
    ],
)
def test_a_provider_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        provider_of(settings(PROVIDER | {name: value}), {})


def test_a_client_of_no_provider_is_told() -> None:
    with pytest.raises(SettingsError, match="oidc_client_id: means nothing without oidc_issuer"):
        provider_of(settings(PROVIDER | {"oidc_issuer": ""}), {})
