"""What is remembered of an EVSE, and of the settings that the central system changed."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from chargeplane.domain.tokens import IdToken
from chargeplane.station.device_model.variables import Variable
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.vehicle import Ev

__all__ = [
    "keep_evse",
    "keep_life",
    "keep_station",
    "keep_variable",
    "recall",
    "seen_at",
    "station_later",
]

_EVSES, _SETTINGS, _LIFE = "evses", "settings", "life"


class _KeptEvse(Struct, omit_defaults=True):
    """The vehicle is kept too: it stands there still when the station comes back."""

    register: float
    ev: Ev | None = None
    connector_id: int = 1
    token: IdToken | None = None
    is_operative: bool = True
    operative_later: bool | None = None
    served: bool = False
    exported: float = 0.0


class _Life(Struct):
    starts: int
    """How often a program began with this memory."""
    seen_at: datetime
    """When something was saved last."""


def keep_evse(hub: Hub, evse: Evse) -> None:
    """Remember an EVSE as it is."""
    kept = _KeptEvse(
        evse.register,
        evse.ev,
        evse.connector_id,
        evse.token,
        evse.is_operative,
        evse.operative_later,
        evse.served,
        evse.exported,
    )
    hub.memory.put(_EVSES, str(evse.id), kept)


def keep_station(hub: Hub, later: bool | None = None) -> None:
    """Remember whether the station is in operation, and what is scheduled (B11.FR.02)."""
    hub.memory.put("station", "operative", (hub.is_operative, later))


def station_later(hub: Hub) -> bool | None:
    """What the station shall be when its transactions have ended."""
    kept = hub.memory.take("station", "operative", tuple[bool, bool | None])
    return kept[1] if kept else None


def keep_variable(hub: Hub, variable: Variable) -> None:
    """Remember a value that was set."""
    hub.memory.put(_SETTINGS, str(variable.place), variable.value)


def keep_life(hub: Hub, starts: int) -> None:
    """Remember that the station lives at this time (E17.FR.02)."""
    hub.memory.put(_LIFE, "life", _Life(starts, hub.time()))


def seen_at(hub: Hub) -> tuple[int, datetime | None]:
    """How often a program began before, and when it was seen last."""
    life = hub.memory.take(_LIFE, "life", _Life)
    return (life.starts, life.seen_at) if life else (0, None)


def recall(hub: Hub) -> None:
    """Be as before. What the station has no more, or what fits no more, is passed over."""
    settings = hub.memory.take_all(_SETTINGS, str)
    places = [each.place for each in hub.variables] if settings else []
    for place in places:
        value = settings.get(str(place))
        if value is not None and (variable := hub.variables.at(place)).fits(value):
            variable.value = value
    kept_station = hub.memory.take("station", "operative", tuple[bool, bool | None])
    hub.is_operative = kept_station is None or kept_station[0]
    for key, kept in hub.memory.take_all(_EVSES, _KeptEvse).items():
        evse = hub.evses.get(int(key))
        if evse is not None:
            evse.register, evse.ev, evse.token = kept.register, kept.ev, kept.token
            evse.connector_id = min(kept.connector_id, len(evse.spec.connector_types))
            evse.is_operative, evse.operative_later = kept.is_operative, kept.operative_later
            evse.served, evse.exported = kept.served, kept.exported
    for evse in hub.evses.values():
        hub.live(evse)  # nothing flowed before this program, however long its clock has run
