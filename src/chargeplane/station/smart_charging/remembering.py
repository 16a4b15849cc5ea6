"""Charging profiles stay over a reboot and over the end of the program (K01.FR.27)."""

from __future__ import annotations

import msgspec

from chargeplane.domain.charging import ChargingProfile
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Datatype, decode_custom
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.installed import OPERATOR, Installed, Profiles

__all__ = ["install"]

_DRAWER = "charging profiles"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Kept(msgspec.Struct):
    evse_id: int
    profile: ChargingProfile
    as_sent: msgspec.Raw
    source: str = OPERATOR


def install(hub: Hub, profiles: Profiles) -> None:
    """Recall the profiles, and remember each change from now on."""
    kind: type[Datatype] = (
        v16.ChargingProfile if hub.family is Version.V1_6 else v21.ChargingProfileType
    )
    for kept in hub.memory.take_all(_DRAWER, _Kept).values():
        as_sent = msgspec.json.decode(kept.as_sent, type=kind, dec_hook=decode_custom)
        profiles.put(Installed(kept.evse_id, kept.profile, as_sent, kept.source))

    def keep() -> None:
        known = hub.memory.take_all(_DRAWER, msgspec.Raw)
        for key in known.keys() - {str(each.profile.id) for each in profiles}:
            hub.memory.drop(_DRAWER, key)
        for each in profiles:
            payload = msgspec.Raw(_encode(each.as_sent))
            hub.memory.put(
                _DRAWER,
                str(each.profile.id),
                _Kept(each.evse_id, each.profile, payload, each.source),
            )

    profiles.changed = keep
