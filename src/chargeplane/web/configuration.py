"""The settings that the program runs with, and where each was set: to be read, not changed.

They are read once, at the start. Whoever wants another value sets the variable that is named here
and starts the program again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from litestar import get
from msgspec import UNSET, Struct
from msgspec.structs import FieldInfo, fields

from chargeplane.runtime.rest import Injected, Principal, Problem, Routes, requires
from chargeplane.runtime.settings import ENVIRONMENT_PREFIX, SECRETS, Settings
from chargeplane.runtime.store import tenants

__all__ = ["Configuration", "SettingView", "configuration", "routes"]

_BLOT: Final = "***"
_LOGIN: Final = re.compile(r"://.*@", re.DOTALL)
_SECRET_PARAMETER: Final = re.compile(
    r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE
)


class SettingView(Struct, frozen=True, kw_only=True):
    """One setting."""

    name: str
    """As ``chargeplane.toml`` has it."""
    variable: str
    """The environment variable that sets it."""
    value: str | None
    """As text, without passwords; null for a secret."""
    default: str | None
    """Null for a secret."""
    origin: str | None
    """Where it was set, such as ``--port`` or ``chargeplane.toml: port``; null: nowhere."""
    is_secret: bool = False


class Configuration(Struct, frozen=True):
    """All settings, in the order of the documentation; secrets at the end."""

    items: list[SettingView]


def configuration(
    settings: Settings, origins: Mapping[str, str], environment: Mapping[str, str]
) -> Configuration:
    """What is shown of the settings.

    Args:
        settings: those that apply.
        origins: where those that are not at their default were set.
        environment: where secrets are set.
    """
    plain = [_setting(each, settings, origins.get(each.name)) for each in fields(Settings)]
    return Configuration(plain + [_secret(each, environment) for each in sorted(SECRETS)])


@get("/settings", guards=[requires("settings:audit")], summary="List the settings of the program")
async def list_settings(
    configuration: Injected[Configuration], principal: Injected[Principal]
) -> Configuration:
    """What the program was started with, for administrators and auditors of the first tenant."""
    if principal.tenant_id != tenants.DEFAULT_TENANT_ID:
        raise Problem.forbidden("the people of the first tenant look after the program")
    return configuration


def routes(shown: Configuration) -> Routes:
    """The route, with what it shows."""
    return Routes("Program", (list_settings,), {"configuration": shown})


def _setting(each: FieldInfo, settings: Settings, origin: str | None) -> SettingView:
    default = each.default if each.default is not UNSET else None
    if callable(each.default_factory):
        default = each.default_factory()
    return SettingView(
        name=each.name,
        variable=ENVIRONMENT_PREFIX + each.name.upper(),
        value=_shown(getattr(settings, each.name)),
        default=_shown(default),
        origin=origin,
    )


def _secret(variable: str, environment: Mapping[str, str]) -> SettingView:
    return SettingView(
        name=variable.removeprefix(ENVIRONMENT_PREFIX).lower(),
        variable=variable,
        value=None,
        default=None,
        origin=variable if environment.get(variable) else None,
        is_secret=True,
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    # Addresses of databases and of NATS may hold a password.
    text = _LOGIN.sub(f"://{_BLOT}@", str(value))
    return _SECRET_PARAMETER.sub(rf"\1{_BLOT}", text)
