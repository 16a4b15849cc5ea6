"""The routes of preferences."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, get_args

from litestar import get, patch
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import FieldInfo, asdict, fields

from chargeplane.csms.preference.service import Chosen
from chargeplane.csms.preferences import (
    FramesDays,
    FramesMax,
    HeartbeatS,
    Preferences,
    RetryS,
    UnknownTokens,
)
from chargeplane.runtime.rest import Injected, Principal, Routes, requires

__all__ = ["routes"]


class PreferenceView(Struct, frozen=True, kw_only=True):
    """One preference, with all that a form needs to know of it."""

    name: str
    value: int | str
    default: int | str
    minimum: int | None = None
    maximum: int | None = None
    choices: list[str] | None = None
    """Its values, if it is no number."""
    changed_at: datetime | None = None
    """Null: it is at its default."""
    changed_by: str | None = None


class PreferencesView(Struct, frozen=True):
    """All preferences of a tenant."""

    items: list[PreferenceView]


class PreferenceChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to choose; null goes back to the default, what is missing stays."""

    heartbeat_interval_s: HeartbeatS | UnsetType | None = UNSET
    retry_interval_s: RetryS | UnsetType | None = UNSET
    unknown_tokens: UnknownTokens | UnsetType | None = UNSET
    frames_kept_days: FramesDays | UnsetType | None = UNSET
    frames_kept_max: FramesMax | UnsetType | None = UNSET


@get("/preferences", guards=[requires("preferences:read")], summary="List the preferences")
async def list_preferences(
    chosen: Injected[Chosen], principal: Injected[Principal]
) -> PreferencesView:
    """What the tenant may choose for itself, what counts now, and who has chosen it."""
    return _view(chosen, principal)


@patch("/preferences", guards=[requires("preferences:admin")], summary="Change preferences")
async def change_preferences(
    data: JSONBody[PreferenceChanges],
    chosen: Injected[Chosen],
    principal: Injected[Principal],
) -> PreferencesView:
    """Choose, or go back to a default.

    It counts from the next message of a station on, for frames from the next round of tidying. A
    station learns its intervals when it boots.
    """
    values = {name: value for name, value in asdict(data).items() if value is not UNSET}
    if values:
        await chosen.change(principal.tenant_id, principal.name, values)
    return _view(chosen, principal)


def routes(chosen: Chosen) -> Routes:
    """The routes, with who keeps the preferences."""
    return Routes("Preferences", (list_preferences, change_preferences), {"chosen": chosen})


def _view(chosen: Chosen, principal: Principal) -> PreferencesView:
    tenant_id = principal.tenant_id
    now, chosen_here = chosen(tenant_id), chosen.choices(tenant_id)
    items = []
    for each in fields(Preferences):
        choice = chosen_here.get(each.name)
        items.append(
            PreferenceView(
                name=each.name,
                value=getattr(now, each.name),
                default=getattr(chosen.defaults, each.name),
                changed_at=choice and choice.changed_at,
                changed_by=choice and choice.changed_by,
                **_bounds(each),
            )
        )
    return PreferencesView(items)


def _bounds(each: FieldInfo) -> dict[str, Any]:
    if isinstance(each.type, type) and issubclass(each.type, StrEnum):
        return {"choices": [str(value) for value in each.type]}
    bounds = next(meta for meta in get_args(each.type) if isinstance(meta, Meta))
    return {"minimum": bounds.ge, "maximum": bounds.le}
