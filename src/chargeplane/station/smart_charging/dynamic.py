"""Dynamic charging profiles of 2.1: their values are pushed, or pulled at an interval (K28)."""

from __future__ import annotations

from functools import partial
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from chargeplane.domain.charging import ChargingProfile, Kind
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Online
from chargeplane.station.smart_charging.installed import Installed, Profiles
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.profiles_2x import decimal_of

__all__ = ["Dynamic"]

_Status = v21.ChargingProfileStatusEnumType
_NAMES = {"limit": "rate", "discharge_limit": "discharge_rate", "setpoint": "setpoint"}
_OUR_NAMES = {ours: theirs for theirs, ours in _NAMES.items()}


class Dynamic:
    """Keeps the values of dynamic profiles up to date."""

    def __init__(self, hub: Hub, profiles: Profiles, limiting: Limiting) -> None:
        self._hub = hub
        self._profiles = profiles
        self._limiting = limiting
        hub.answers(v21.UpdateDynamicScheduleRequest, self._on_update)
        hub.hears(Online, lambda _: self._arm_all())

    def _arm_all(self) -> None:
        for each in self._profiles:
            self.arm(each)

    def arm(self, installed: Installed) -> None:
        """Pull at the interval that the profile wants, if it does (K28.FR.10)."""
        sent = installed.as_sent
        interval_s = sent.dyn_update_interval if isinstance(sent, v21.ChargingProfileType) else 0
        if interval_s and installed.profile.kind is Kind.DYNAMIC:
            profile_id = installed.profile.id
            self._hub.after(interval_s, ("dynamic", profile_id), partial(self._pull, profile_id))

    def _pull(self, profile_id: int) -> None:
        installed = self._profiles.find(profile_id)
        if installed is not None:
            request = v21.PullDynamicScheduleUpdateRequest(charging_profile_id=profile_id)
            self._hub.ask(request, partial(self._on_pulled, profile_id))
            self.arm(installed)

    def _on_pulled(self, profile_id: int, outcome: Outcome) -> None:
        """K28.FR.08."""
        installed = self._profiles.find(profile_id)
        if (
            installed is not None
            and isinstance(outcome, v21.PullDynamicScheduleUpdateResponse)
            and outcome.status is _Status.ACCEPTED
            and outcome.schedule_update
        ):
            self.update(installed, outcome.schedule_update)

    def _on_update(
        self, request: v21.UpdateDynamicScheduleRequest
    ) -> v21.UpdateDynamicScheduleResponse:
        """K28.FR.06, K28.FR.11."""
        installed = self._profiles.find(request.charging_profile_id)
        if installed is None or installed.profile.kind is not Kind.DYNAMIC:
            info = v21.StatusInfoType(reason_code="InvalidProfile")
            return v21.UpdateDynamicScheduleResponse(status=_Status.REJECTED, status_info=info)
        self._hub.afterwards(partial(self.update, installed, request.schedule_update))
        return v21.UpdateDynamicScheduleResponse(status=_Status.ACCEPTED)

    def update(self, installed: Installed, values: v21.ChargingScheduleUpdateType) -> None:
        """Let a profile have these values from now on (K28.FR.09)."""
        said: dict[str, object] = {
            ours: decimal_of(value)
            for theirs, ours in _NAMES.items()
            if (value := getattr(values, theirs)) is not UNSET
        }
        self._profiles.put(renewed(installed, said, self._hub))
        self._limiting.apply()


def renewed(installed: Installed, said: dict[str, object], hub: Hub) -> Installed:
    """A dynamic profile with other values, in reports too (K28.FR.09)."""
    profile, schedule = installed.profile, installed.profile.schedule
    period = cast(Struct, replace(schedule.periods[0], **said))
    new: ChargingProfile = replace(
        profile,
        schedule=replace(schedule, periods=(period,)),
        updated_at=hub.time().replace(microsecond=0),
    )
    sent = installed.as_sent
    if isinstance(sent, v21.ChargingProfileType):
        wire = {_OUR_NAMES[name]: float(str(value)) for name, value in said.items()}
        wire_schedule = sent.charging_schedule[0]
        wire_period = replace(wire_schedule.charging_schedule_period[0], **wire)
        wire_schedule = replace(wire_schedule, charging_schedule_period=[wire_period])
        sent = replace(sent, charging_schedule=[wire_schedule], dyn_update_time=hub.time())
    return installed._replace(profile=new, as_sent=sent)
